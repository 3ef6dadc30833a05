/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit.h"

#include "base/fs.h"
#include "base/yaml.h"

static int emit_doc(const json_t *doc, const struct unit_sink *to, struct err *e)
{
	auto_json *unit = NULL;
	int r;

	if (advisory_is_secdb(doc))
		r = advisory_secdb(doc, &unit, e);
	else if (advisory_is_osv(doc))
		r = advisory_osv(doc, &unit, e);
	else
		return FAIL(e, E_NOTFOUND, "neither an OSV document nor Alpine's secdb");
	return r < 0 ? r : unit_emit(to, unit, e);
}

static int parse_json(struct advisory_input *in, const struct unit_sink *to, struct err *e)
{
	auto_release(json_stream_free) struct json_stream *s = NULL;
	struct str text;
	uint64_t count = 0;
	int r = json_stream_new(&s, in->read, in->arg, e);

	while (r >= 0 && (r = json_stream_next(s, &text, e)) > 0) {
		auto_json *doc = NULL;
		const char *id;

		count++;
		r = json_parse(text.p, text.n, "text", &doc, e);
		id = r < 0 ? NULL : json_string_or_null(doc, "id");
		r = r < 0 ? r : emit_doc(doc, to, e);
		if (r < 0)
			return WRAP(e, r, "document %llu (%.80s)", (unsigned long long)count,
				    id ? id : "no id");
	}
	if (r == 0 && !count)
		return FAIL(e, E_FORMAT, "no document in it");
	return r;
}

static int read_all(struct advisory_input *in, struct buf *ret, struct err *e)
{
	char chunk[16 * 1024];
	int64_t n;

	while ((n = in->read(in->arg, chunk, sizeof(chunk), e)) > 0) {
		buf_put(ret, chunk, (size_t)n);
		if (ret->failed)
			break;
	}
	return n < 0 ? (int)n : buf_check(ret, "YAML", e);
}

static int parse_yaml(struct advisory_input *in, const struct unit_sink *to, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_YAML_BYTES);
	auto_json *doc = NULL;
	int r = read_all(in, &text, e);

	r = r < 0 ? r : yaml_parse(buf_str(&text), text.n, "document", &doc, e);
	return r < 0 ? r : emit_doc(doc, to, e);
}

int advisory_parse(struct advisory_input *in, const struct unit_sink *to, struct err *e)
{
	const struct str start = str_trim(in->head);
	int r;

	if (!start.n)
		r = FAIL(e, E_FORMAT, "empty");
	else if (*start.p == '{' || *start.p == '[')
		r = parse_json(in, to, e);
	else
		r = parse_yaml(in, to, e);
	return r < 0 ? WRAP(e, r, "%s", in->name) : 0;
}

static int64_t read_fd(void *arg, char *p, size_t n, struct err *e)
{
	for (;;) {
		ssize_t got = read(*(const int *)arg, p, n);

		if (got >= 0)
			return got;
		if (errno != EINTR)
			return FAIL_SYS(e, "read");
	}
}

static int put_line(void *arg, const json_t *unit, struct err *e)
{
	struct buf *emit = arg;
	int r = json_canonical(unit, emit, e);

	buf_putc(emit, '\n');
	return r < 0 ? r : buf_check(emit, "advisories", e);
}

int advisory_parse_file(int fd, const char *name, struct buf *emit, struct err *e)
{
	const struct unit_sink to = { .put = put_line, .arg = emit };
	char head[4096];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	struct advisory_input in = { .name = name, .read = read_fd, .arg = &fd };

	if (n < 0)
		return FAIL_SYS(e, "read %s", name);
	in.head = (struct str){ head, (size_t)n };
	return advisory_parse(&in, &to, e);
}

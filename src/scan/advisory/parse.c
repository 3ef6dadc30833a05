/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit.h"

#include "base/fs.h"
#include "base/yaml.h"

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

static int emit_unit(const json_t *doc, struct buf *emit, struct err *e)
{
	auto_json *unit = NULL;
	int r;

	if (advisory_is_secdb(doc))
		r = advisory_secdb(doc, &unit, e);
	else if (advisory_is_osv(doc))
		r = advisory_osv(doc, &unit, e);
	else
		return FAIL(e, E_NOTFOUND, "neither an OSV document nor Alpine's secdb");
	r = r < 0 ? r : json_canonical(unit, emit, e);
	buf_putc(emit, '\n');
	return r < 0 ? r : buf_check(emit, "advisories", e);
}

static int parse_json(int fd, struct buf *emit, struct err *e)
{
	auto_release(json_stream_free) struct json_stream *s = NULL;
	struct str text;
	uint64_t count = 0;
	int r = json_stream_new(&s, read_fd, &fd, e);

	while (r >= 0 && (r = json_stream_next(s, &text, e)) > 0) {
		auto_json *doc = NULL;
		const char *id;

		count++;
		r = json_parse(text.p, text.n, "text", &doc, e);
		id = r < 0 ? NULL : json_string_or_null(doc, "id");
		r = r < 0 ? r : emit_unit(doc, emit, e);
		if (r < 0)
			return WRAP(e, r, "document %llu (%.80s)", (unsigned long long)count,
				    id ? id : "no id");
	}
	if (r == 0 && !count)
		return FAIL(e, E_FORMAT, "no document in it");
	return r;
}

static int parse_yaml(int fd, struct buf *emit, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_YAML_BYTES);
	auto_json *doc = NULL;
	int r = fs_read_fd(fd, "YAML", LIMIT_YAML_BYTES, &text, e);

	r = r < 0 ? r : yaml_parse(buf_str(&text), text.n, "document", &doc, e);
	return r < 0 ? r : emit_unit(doc, emit, e);
}

int advisory_parse_file(int fd, const char *name, struct buf *emit, struct err *e)
{
	char head[256];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	struct str start;
	int r;

	if (n < 0)
		return FAIL_SYS(e, "read %s", name);
	start = str_trim((struct str){ head, (size_t)n });
	if (!start.n)
		r = FAIL(e, E_FORMAT, "empty");
	else if (*start.p == '{' || *start.p == '[')
		r = parse_json(fd, emit, e);
	else
		r = parse_yaml(fd, emit, e);
	return r < 0 ? WRAP(e, r, "%s", name) : 0;
}

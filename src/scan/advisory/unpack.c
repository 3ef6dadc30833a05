/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/input.h"
#include "scan/advisory/unit.h"

/* What advisories are packed in: compression, and archives of documents. */

bool advisory_is_name(const char *name)
{
	static const char *const suffixes[] = { ".json", ".jsonl", ".yaml", ".yml",
						".tsv",	 ".csv",   ".list" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (ends_with(name, suffixes[i]))
			return true;
	return false;
}

static int64_t input_some(void *arg, char *p, size_t n, struct err *e)
{
	return input_read(arg, p, n, e);
}

static int64_t tar_some(void *arg, void *p, size_t n, struct err *e)
{
	return tar_read(arg, p, n, e);
}

/* A member of an archive, of which the beginning is looked at before it is read. */
struct member {
	const char *name;
	tar_read_fn read;
	void *from;
	char head[INPUT_HEAD];
	size_t head_n, head_at;
	bool failed; /* to read: not the document's fault */
};

static int64_t member_read(void *arg, char *p, size_t n, struct err *e)
{
	struct member *m = arg;
	int64_t got;

	if (m->head_at < m->head_n) {
		n = n < m->head_n - m->head_at ? n : m->head_n - m->head_at;
		memcpy(p, m->head + m->head_at, n);
		m->head_at += n;
		return (int64_t)n;
	}
	got = m->read(m->from, p, n, e);
	m->failed |= got < 0;
	return got;
}

static int member_peek(struct member *m, struct err *e)
{
	m->head_at = m->head_n = 0;
	m->failed = false;
	while (m->head_n < sizeof(m->head)) {
		int64_t n = m->read(m->from, m->head + m->head_n, sizeof(m->head) - m->head_n, e);

		if (n <= 0) {
			m->failed = n < 0;
			return (int)n;
		}
		m->head_n += (size_t)n;
	}
	return 0;
}

/*
 * Members are shared among the readers, not the documents of one, but for JSON lines: each of those
 * is as much as many members.
 */
static int read_member(struct member *m, const struct unit_sink *to, bool *ret_mine, struct err *e)
{
	const bool shared = ends_with(m->name, ".jsonl");
	struct unit_sink sink = *to;
	struct advisory_input in = { .name = m->name, .read = member_read, .arg = m };
	int r;

	/* What all of them read, the first tells. */
	*ret_mine = shared ? !to->share || to->share->mine == 0 : unit_is_mine(to->share);
	sink.share = shared ? to->share : NULL;
	if (to->tally && *ret_mine)
		to->tally->members++;
	if (!shared && !*ret_mine)
		return 0;
	r = member_peek(m, e);
	in.head = (struct str){ m->head, m->head_n };
	return r < 0 ? WRAP(e, r, "%s", m->name) : advisory_parse(&in, &sink, e);
}

static int parse_member(struct member *m, const struct unit_sink *to, struct err *e)
{
	struct unit_sink untold = *to;
	bool mine;
	int r = read_member(m, to, &mine, e);

	if (r == E_NOTFOUND && !unit_is_lenient(to)) {
		if (to->tally && mine)
			to->tally->skipped++;
		return 0;
	}
	if (r == 0 || mine)
		return unit_pass_over(to, NULL, r, e);

	struct unit_tally none = { .lenient = unit_is_lenient(to) };

	untold.tally = &none;
	return unit_pass_over(&untold, NULL, r, e);
}

static int parse_zip(int fd, struct member *m, const struct unit_sink *to, struct err *e)
{
	auto_release(zip_free) struct zip *z = NULL;
	uint64_t read = 0;
	int r = zip_open(&z, fd, e);

	m->read = zip_read;
	m->from = z;
	while (r >= 0 && (r = zip_next(z, &m->name, e)) > 0)
		if (advisory_is_name(m->name)) {
			read++;
			r = parse_member(m, to, e); /* a damaged one does not hurt the next */
		}
	return r < 0 || read ? r : FAIL(e, E_FORMAT, "no advisories in the archive");
}

static int parse_tar(struct input *in, struct member *m, const struct unit_sink *to, struct err *e)
{
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *entry;
	uint64_t read = 0;
	int r = tar_reader_new(&t, input_read, in, e);

	m->read = tar_some;
	m->from = t;
	while (r >= 0 && (r = tar_next(t, &entry, e)) > 0)
		if (entry->type == TAR_FILE && advisory_is_name(entry->name)) {
			read++;
			m->name = entry->name;
			m->failed = false;
			r = parse_member(m, to, e);
			if (r == 0 && m->failed)
				r = FAIL(e, E_FORMAT, "%s: the archive is damaged", entry->name);
		}
	return r < 0 || read ? r : FAIL(e, E_FORMAT, "no advisories in the archive");
}

static bool is_tar(struct str head)
{
	return head.n >= 512 && memcmp(head.p + 257, "ustar", 5) == 0;
}

int advisory_parse_fd(int fd, const char *name, const struct unit_sink *to, struct err *e)
{
	auto_release(input_free) struct input *packed = NULL;
	auto_free struct member *m = NULL;
	int r = input_open(&packed, fd, e);

	if (r < 0)
		return WRAP(e, r, "%s", name);

	struct advisory_input in = {
		.name = name, .head = input_head(packed), .read = input_some, .arg = packed
	};

	if (!zip_is(in.head) && !is_tar(in.head))
		return advisory_parse(&in, to, e);
	m = calloc(1, sizeof(*m));
	if (!m)
		return FAIL_NOMEM(e);
	r = zip_is(in.head) ? parse_zip(fd, m, to, e) : parse_tar(packed, m, to, e);
	return r < 0 ? WRAP(e, r, "%s", name) : 0;
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

	return advisory_parse_fd(fd, name, &to, e);
}

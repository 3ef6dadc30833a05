/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/input.h"
#include "scan/advisory/unit.h"

/* What advisories are packed in: compression, and archives of documents. */

static int64_t input_some(void *arg, char *p, size_t n, struct err *e)
{
	return input_read(arg, p, n, e);
}

static int64_t zip_some(void *arg, char *p, size_t n, struct err *e)
{
	return zip_read(arg, p, n, e);
}

static int64_t tar_some(void *arg, char *p, size_t n, struct err *e)
{
	return tar_read(arg, p, n, e);
}

/* A member of an archive is JSON: looking at how it begins is not needed. Members are shared among
 * the readers, not the documents of one. */
static int parse_member(const char *name, json_stream_read_fn read, void *arg,
			const struct unit_sink *sink, struct err *e)
{
	const struct unit_sink whole = { .put = sink->put, .arg = sink->arg }, *to = &whole;
	struct advisory_input in = { .name = name, .head = STR("{"), .read = read, .arg = arg };

	return unit_is_mine(sink->share) ? advisory_parse(&in, to, e) : 0;
}

static int parse_zip(int fd, const struct unit_sink *to, struct err *e)
{
	auto_release(zip_free) struct zip *z = NULL;
	const char *name;
	uint64_t read = 0;
	int r = zip_open(&z, fd, e);

	while (r >= 0 && (r = zip_next(z, &name, e)) > 0)
		if (ends_with(name, ".json")) {
			read++;
			r = parse_member(name, zip_some, z, to, e);
		}
	return r < 0 || read ? r : FAIL(e, E_FORMAT, "no .json in the archive");
}

static int parse_tar(struct input *in, const struct unit_sink *to, struct err *e)
{
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *entry;
	uint64_t read = 0;
	int r = tar_reader_new(&t, input_read, in, e);

	while (r >= 0 && (r = tar_next(t, &entry, e)) > 0)
		if (entry->type == TAR_FILE && ends_with(entry->name, ".json")) {
			read++;
			r = parse_member(entry->name, tar_some, t, to, e);
		}
	return r < 0 || read ? r : FAIL(e, E_FORMAT, "no .json in the archive");
}

static bool is_tar(struct str head)
{
	return head.n >= 512 && memcmp(head.p + 257, "ustar", 5) == 0;
}

int advisory_parse_fd(int fd, const char *name, const struct unit_sink *to, struct err *e)
{
	auto_release(input_free) struct input *packed = NULL;
	int r = input_open(&packed, fd, e);

	if (r < 0)
		return WRAP(e, r, "%s", name);

	struct advisory_input in = {
		.name = name, .head = input_head(packed), .read = input_some, .arg = packed
	};

	if (!zip_is(in.head) && !is_tar(in.head))
		return advisory_parse(&in, to, e);
	r = zip_is(in.head) ? parse_zip(fd, to, e) : parse_tar(packed, to, e);
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

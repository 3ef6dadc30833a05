/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

/*
 * The files in which SQLite keeps what is not yet, or no longer, in the database beside them: a
 * write-ahead log (rpm's choice) or a rollback journal. rpm empties the log when it ends; one that
 * holds whole transactions was left by a process that was killed, and the database without them is
 * not what rpm would show. That is said, not guessed at: the two files may even be of two layers.
 */
#define JOURNAL_MAGIC "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
enum { WAL_MAGIC = 0x377f0682, HEADER = 32, FRAME = 24 };

struct sum {
	uint32_t a, b;
	bool big; /* byte order of the words that are summed up */
};

/* "Checksum Algorithm" of SQLite's WAL format; n is a multiple of 8. */
static void add(struct sum *s, const char *p, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		s->a += (s->big ? rpm_be32(p + i) : rpm_le32(p + i)) + s->b;
		s->b += (s->big ? rpm_be32(p + i + 4) : rpm_le32(p + i + 4)) + s->a;
	}
}

static bool holds(const struct sum *s, const char *p)
{
	return rpm_be32(p) == s->a && rpm_be32(p + 4) == s->b;
}

/* How many transactions a log holds: frames of pages, each with the log's own salt and a running
 * checksum, up to the last that ends one. What follows is left of earlier use. */
static size_t transactions(struct str file)
{
	struct sum s = { .big = rpm_be32(file.p) & 1 };
	size_t page = rpm_be32(file.p + 8), n = 0;

	if (page < 512 || page > 65536 || (page & (page - 1)))
		return 0;
	add(&s, file.p, 24);
	if (!holds(&s, file.p + 24))
		return 0;
	for (size_t at = HEADER; at + FRAME + page <= file.n; at += FRAME + page) {
		const char *frame = file.p + at;

		add(&s, frame, 8);
		add(&s, frame + FRAME, page);
		if (memcmp(frame + 8, file.p + 16, 8) != 0 || !holds(&s, frame + 16))
			break;
		n += rpm_be32(frame + 4) != 0;
	}
	return n;
}

int catalog_rpm_wal(struct str file, struct catalog_out *out, struct err *e)
{
	size_t n = 0;

	(void)out;
	if (file.n >= HEADER && (rpm_be32(file.p) | 1) == (WAL_MAGIC | 1))
		n = transactions(file);
	if (n)
		return FAIL(e, E_FORMAT,
			    "%zu transactions that are not in the database: let rpm end "
			    "in that layer, or run rpmdb --rebuilddb",
			    n);
	if (str_starts(file, JOURNAL_MAGIC))
		return FAIL(e, E_FORMAT, "the database was left in the middle of a transaction");
	return 0;
}

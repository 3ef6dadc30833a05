/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/pack.h"

#include <stdio.h>

#include "base/cleanup.h"

void pack_u64(struct buf *b, uint64_t v)
{
	char bytes[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (char)((v & 0x7f) | 0x80);
	bytes[n++] = (char)v;
	buf_put(b, bytes, n);
}

void pack_str(struct buf *b, const char *s)
{
	buf_put(b, s ? s : "", s ? strlen(s) + 1 : 1);
}

void pack_block(struct buf *b, struct str s)
{
	pack_u64(b, s.n);
	buf_put(b, s.p, s.n);
}

static void spoil(struct unpack *u)
{
	u->bad = true;
	u->p = u->end;
}

uint64_t unpack_u64(struct unpack *u, uint64_t max)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && u->p < u->end; shift += 7) {
		const uint64_t c = (unsigned char)*u->p++;
		const uint64_t bits = c & 0x7f;

		if (shift == 63 && bits > 1)
			break;
		v |= bits << shift;
		if (c & 0x80)
			continue;
		if (v <= max)
			return v;
		break;
	}
	spoil(u);
	return 0;
}

const char *unpack_str(struct unpack *u)
{
	const char *s = u->p;
	const char *nul = u->p < u->end ? memchr(u->p, '\0', (size_t)(u->end - u->p)) : NULL;

	if (!nul) {
		spoil(u);
		return "";
	}
	u->p = nul + 1;
	return s;
}

struct str unpack_bytes(struct unpack *u, uint64_t n)
{
	struct str s = { u->p, (size_t)n };

	if (u->bad || n > (uint64_t)(u->end - u->p)) {
		spoil(u);
		return STR("");
	}
	u->p += n;
	return s;
}

struct str unpack_block(struct unpack *u)
{
	return unpack_bytes(u, unpack_u64(u, SIZE_MAX));
}

int unpack_check(const struct unpack *u, const char *what, struct err *e)
{
	return u->bad ? FAIL(e, E_FORMAT, "damaged: %s", what) : 0;
}

/* What goes before a year: other ids, the same year as before, and years from 1990. */
enum {
	OTHER,
	SAME_YEAR,
	YEARS,
	FIRST_YEAR = 1990,
	LAST_YEAR = 2200,
	KINDS_MAX = YEARS + LAST_YEAR - FIRST_YEAR
};

/* A CVE's year and number, if the id can be made of them again. */
static bool split_cve(const char *id, unsigned *year, uint32_t *number)
{
	unsigned y, n;
	char again[32];

	if (!starts_with(id, "CVE-") || strlen(id) > 18 || sscanf(id, "CVE-%4u-%9u", &y, &n) != 2 ||
	    y < FIRST_YEAR || y > LAST_YEAR)
		return false;
	(void)snprintf(again, sizeof(again), "CVE-%u-%04u", y, n);
	*year = y;
	*number = n;
	return strcmp(again, id) == 0;
}

static void pack_id(struct buf *b, const char *id, unsigned *year)
{
	unsigned y;
	uint32_t number;

	if (!split_cve(id, &y, &number)) {
		pack_u64(b, OTHER);
		pack_str(b, id);
		return;
	}
	pack_u64(b, y == *year ? (unsigned)SAME_YEAR : YEARS + y - FIRST_YEAR);
	pack_u64(b, number);
	*year = y;
}

static void unpack_id(struct unpack *u, struct buf *ret, unsigned *year)
{
	unsigned kind = (unsigned)unpack_u64(u, KINDS_MAX);

	if (kind == OTHER) {
		buf_puts(ret, unpack_str(u));
		return;
	}
	if (kind >= YEARS)
		*year = FIRST_YEAR + kind - YEARS;
	buf_printf(ret, "CVE-%u-%04u", *year, unpack_u32(u));
}

int pack_group(struct buf *b, const char *ids, unsigned *year, struct err *e)
{
	struct str rest = str_of(ids), one;
	uint64_t n = 0;

	while (str_cut(&rest, ' ', &one))
		n += one.n != 0;
	pack_u64(b, n);
	rest = str_of(ids);
	while (str_cut(&rest, ' ', &one)) {
		auto_free char *id = str_dup(one);

		if (!id)
			return FAIL_NOMEM(e);
		if (*id)
			pack_id(b, id, year);
	}
	return n ? buf_check(b, "ids", e) : FAIL(e, E_FORMAT, "a vulnerability without id");
}

int id_groups_next(struct id_groups *g, struct buf *buf, const char **ret, struct err *e)
{
	uint64_t n;
	int r;

	if (g->at.p == g->at.end)
		return g->at.bad ? unpack_check(&g->at, "ids", e) : 0;
	n = unpack_u64(&g->at, (uint64_t)(g->at.end - g->at.p));
	buf_reset(buf);
	for (uint64_t i = 0; i < n && !g->at.bad; i++) {
		if (i)
			buf_putc(buf, ' ');
		unpack_id(&g->at, buf, &g->year);
	}
	r = unpack_check(&g->at, "ids", e);
	r = r < 0 ? r : buf_check(buf, "ids", e);
	*ret = buf_str(buf);
	return r < 0 ? r : 1;
}

void id_groups_skip(struct id_groups *g)
{
	uint64_t n = unpack_u64(&g->at, (uint64_t)(g->at.end - g->at.p));

	for (uint64_t i = 0; i < n && !g->at.bad; i++) {
		const unsigned kind = (unsigned)unpack_u64(&g->at, KINDS_MAX);

		if (kind == OTHER)
			(void)unpack_str(&g->at);
		else
			(void)unpack_u32(&g->at);
		if (kind >= YEARS)
			g->year = FIRST_YEAR + kind - YEARS;
	}
}

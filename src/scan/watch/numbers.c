/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/watch/internal.h"

int numbers_add(struct numbers *l, uint32_t v, struct err *e)
{
	if (l->n == l->alloc) {
		size_t alloc = l->alloc ? 2 * l->alloc : 256;
		uint32_t *more = reallocarray(l->v, alloc, sizeof(*more));

		if (!more)
			return FAIL_NOMEM(e);
		l->v = more;
		l->alloc = alloc;
	}
	l->v[l->n++] = v;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void numbers_sort(struct numbers *l)
{
	size_t kept = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), ascending);
	for (size_t i = 0; i < l->n; i++)
		if (!kept || l->v[kept - 1] != l->v[i])
			l->v[kept++] = l->v[i];
	l->n = kept;
}

int numbers_read(struct str bytes, struct numbers *ret, struct err *e)
{
	int r = 0;

	ret->n = 0;
	if (bytes.n % 4)
		return FAIL(e, E_FORMAT, "damaged: a list of numbers");
	for (size_t i = 0; i < bytes.n && r == 0; i += 4) {
		const unsigned char *p = (const unsigned char *)bytes.p + i;
		const uint32_t v =
			p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

		if (v >= LIMIT_NUMBER || (ret->n && ret->v[ret->n - 1] >= v))
			return FAIL(e, E_FORMAT, "damaged: numbers that do not ascend");
		r = numbers_add(ret, v, e);
	}
	return r;
}

int numbers_write(const struct numbers *l, struct buf *ret, struct err *e)
{
	buf_reset(ret);
	for (size_t i = 0; i < l->n; i++) {
		const uint32_t v = l->v[i];
		const unsigned char p[4] = { (unsigned char)v, (unsigned char)(v >> 8),
					     (unsigned char)(v >> 16), (unsigned char)(v >> 24) };

		buf_put(ret, p, sizeof(p));
	}
	return buf_check(ret, "a list of numbers", e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* An input that comes in pieces of step bytes. */
#include <stdint.h>
#include <string.h>

struct pieces {
	const uint8_t *p;
	size_t n, step;
};

static inline size_t pieces_next(struct pieces *s, void *p, size_t n)
{
	n = n < s->step ? n : s->step;
	n = n < s->n ? n : s->n;
	if (n)
		memcpy(p, s->p, n);
	s->p += n;
	s->n -= n;
	return n;
}

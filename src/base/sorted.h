/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Where in the n sorted entries of `size` bytes each the key is, or would be put. compare() tells
 * how an entry stands to the key, as strcmp(3) does. */
static inline size_t sorted_find(const void *v, size_t n, size_t size, const void *key,
				 int (*compare)(const void *entry, const void *key),
				 bool *ret_there)
{
	size_t from = 0, to = n;

	*ret_there = false;
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int c = compare((const char *)v + mid * size, key);

		if (c == 0) {
			*ret_there = true;
			return mid;
		}
		if (c < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

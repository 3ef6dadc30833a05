/* SPDX-License-Identifier: Apache-2.0 */
/* The word that was probably meant. */
#include <string.h>

#include "cli/parse.h"

enum { LIMIT_WORD = 63, FAR = 1000 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edit distance with neighbours swapped as one edit (optimal string alignment). */
static unsigned distance(const char *a, const char *b)
{
	unsigned before[LIMIT_WORD + 1] = { 0 }, last[LIMIT_WORD + 1], row[LIMIT_WORD + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > LIMIT_WORD || nb > LIMIT_WORD)
		return FAR;
	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		memcpy(before, last, sizeof(before));
		memcpy(last, row, sizeof(last));
	}
	return last[nb];
}

const char *cli_nearest(const char *word, const char *const *candidates, size_t n)
{
	const char *best = NULL;
	/* A third of the word may be wrong, but always one letter: "rn" is run, "xyz" nothing. */
	unsigned best_d = 2 + (unsigned)(strnlen(word, LIMIT_WORD) / 3);

	if (best_d > 4)
		best_d = 4;
	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(word, candidates[i]);

		/* "advis" for "advisories": a beginning of three letters counts as near. */
		if (strlen(word) >= 3 && starts_with(candidates[i], word))
			d = 1;
		if (d < best_d && d < strlen(candidates[i])) {
			best = candidates[i];
			best_d = d;
		}
	}
	return best;
}

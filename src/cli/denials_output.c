/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/denials_output.h"

#include <inttypes.h>

enum { LIMIT_TOLD = 20, LIMIT_TEXT = 4096 };

void denial_print(FILE *to, const struct denial *d)
{
	auto_buf what = BUF_INIT(LIMIT_TEXT), why = BUF_INIT(LIMIT_TEXT),
		 remedy = BUF_INIT(LIMIT_TEXT);

	denial_what(d, &what);
	denial_why(d, &why);
	denial_remedy(d, &remedy);
	(void)fprintf(to, "  %s: %s", buf_str(&what), buf_str(&why));
	if (d->count > 1)
		(void)fprintf(to, " (%" PRIu64 " times)", d->count);
	if (remedy.n)
		(void)fprintf(to, "\n      allow: %s\n", buf_str(&remedy));
	else if (d->rule != DENIAL_OTHERS)
		(void)fprintf(to, "\n      nothing allows it\n");
	else
		(void)fprintf(to, "\n");
}

void denials_tell(void *arg, const struct denials *d, int status)
{
	const struct denied *t = arg;
	size_t told = 0, left = 0;

	if (t->c->quiet)
		return;
	for (size_t i = 0; i < d->n; i++) {
		if (status == 0 && !t->all && denial_usual(&d->v[i]))
			continue;
		if (told == LIMIT_TOLD) {
			left++;
			continue;
		}
		if (told++ == 0)
			(void)fprintf(stderr, "plimsoll: the container was refused:\n");
		denial_print(stderr, &d->v[i]);
	}
	if (left)
		(void)fprintf(stderr, "  and %zu more: plimsoll explain CONTAINER\n", left);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/denials_output.h"

#include <inttypes.h>

enum { LIMIT_TOLD = 20, LIMIT_TEXT = 4096 };

/* At once, so that what the container writes does not come between. */
void denial_print(FILE *to, const struct denials *all, const struct denial *d)
{
	auto_buf what = BUF_INIT(LIMIT_TEXT), why = BUF_INIT(LIMIT_TEXT),
		 remedy = BUF_INIT(LIMIT_TEXT), line = BUF_INIT(4 * LIMIT_TEXT);

	denial_what(d, &what);
	denial_why(d, &why);
	denial_remedy(all, d, &remedy);
	buf_printf(&line, "  %s: %s", buf_str(&what), buf_str(&why));
	if (d->count > 1)
		buf_printf(&line, " (%" PRIu64 " times)", d->count);
	if (remedy.n)
		buf_printf(&line, "\n      allow: %s\n", buf_str(&remedy));
	else
		buf_puts(&line, d->rule == DENIAL_OTHERS ? "\n" : "\n      nothing allows it\n");
	(void)fwrite(buf_str(&line), 1, line.n, to);
	(void)fflush(to);
}

void denials_tell(void *arg, const struct denials *d, int status)
{
	const struct denied *t = arg;
	size_t told = 0, left = 0;

	if (t->c->quiet)
		return;
	for (size_t i = t->told; i < d->n; i++) {
		if (status == 0 && !t->all && denial_usual(&d->v[i]))
			continue;
		if (told == LIMIT_TOLD) {
			left++;
			continue;
		}
		if (told++ == 0 && t->told == 0)
			(void)fprintf(stderr, "plimsoll: the container was refused:\n");
		denial_print(stderr, d, &d->v[i]);
	}
	if (left)
		(void)fprintf(stderr, "  and %zu more: plimsoll explain CONTAINER\n", left);
}

void denials_tell_now(void *arg, const struct denials *d)
{
	struct denied *t = arg;

	for (; t->told < d->n; t->told++) {
		if (t->told == 0)
			(void)fprintf(stderr, "plimsoll: the container is refused:\n");
		denial_print(stderr, d, &d->v[t->told]);
	}
}

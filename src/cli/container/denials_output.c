/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/denials_output.h"

#include <inttypes.h>

enum { LIMIT_TOLD = 20, LIMIT_TEXT = 4096 };

static void put_more(const struct denial *d, size_t alike, struct buf *line)
{
	if (d->count > 1 && d->rule != DENIAL_SPACE && d->rule != DENIAL_INODES &&
	    d->rule != DENIAL_FILES)
		buf_printf(line, " (%" PRIu64 " times)", d->count);
	if (alike)
		buf_printf(line, ", and %zu more like it", alike);
}

static void print_alike(FILE *to, const struct denials *all, const struct denial *d, size_t alike)
{
	auto_buf what = BUF_INIT(LIMIT_TEXT), why = BUF_INIT(LIMIT_TEXT),
		 remedy = BUF_INIT(LIMIT_TEXT), line = BUF_INIT(4 * LIMIT_TEXT);

	denial_what(d, &what);
	denial_why(d, &why);
	denial_remedy(all, d, &remedy);
	buf_printf(&line, "  %s: %s", buf_str(&what), buf_str(&why));
	put_more(d, alike, &line);
	if (remedy.n) {
		buf_printf(&line, "\n      allow: %s\n", buf_str(&remedy));
	} else if (d->rule == DENIAL_OTHERS) {
		buf_puts(&line, "\n");
	} else {
		denial_instead(all, d, &remedy);
		buf_printf(&line, "\n      nothing allows it%s%s\n", remedy.n ? "; " : "",
			   buf_str(&remedy));
	}
	/* At once, so that what the container writes does not come between. */
	(void)fwrite(buf_str(&line), 1, line.n, to);
	(void)fflush(to);
}

void denial_print(FILE *to, const struct denials *all, const struct denial *d)
{
	print_alike(to, all, d, 0);
}

/* How many come after it that differ in a name only. */
static size_t count_alike(const struct denials *d, size_t i)
{
	size_t n = 0;

	for (size_t k = i + 1; k < d->n; k++)
		n += denials_like(d, k) == i;
	return n;
}

struct telling {
	size_t begin, told, usual, left;
};

/* Those that programs try as a matter of course, or the others. */
static void tell_some(const struct denials *d, bool usual, struct telling *t)
{
	for (size_t i = t->begin; i < d->n; i++) {
		if (denial_usual(&d->v[i]) != usual || denials_like(d, i) != i)
			continue;
		if (t->told == LIMIT_TOLD) {
			t->left++;
			continue;
		}
		if (t->told++ == 0 && t->begin == 0)
			(void)fprintf(stderr, "plimsoll: the container was refused:\n");
		if (usual && t->usual++ == 0 && t->told > 1)
			(void)fprintf(stderr,
				      "plimsoll: and, which most programs go on without:\n");
		print_alike(stderr, d, &d->v[i], count_alike(d, i));
	}
}

void denials_tell(void *arg, const struct denials *d, int status)
{
	const struct denied *t = arg;
	struct telling telling = { .begin = t->told };

	if (t->c->quiet)
		return;
	tell_some(d, false, &telling);
	if (status != 0 || t->all)
		tell_some(d, true, &telling);
	if (telling.told == 0 && denials_status(status))
		(void)fprintf(stderr, "plimsoll: exit status %d: %s\n", status,
			      denials_status(status));
	if (telling.left)
		(void)fprintf(stderr, "  and %zu more: plimsoll explain CONTAINER\n", telling.left);
}

void denials_tell_now(void *arg, const struct denials *d)
{
	struct denied *t = arg;

	for (; t->told < d->n; t->told++) {
		if (t->told == 0)
			(void)fprintf(stderr, "plimsoll: the container is refused:\n");
		if (denials_like(d, t->told) == t->told)
			denial_print(stderr, d, &d->v[t->told]);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress_tty.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

struct step {
	char *what;
	uint64_t total, done, began_ms;
};

struct progress_tty {
	struct progress base; /* first: the callbacks get a pointer to it */
	FILE *f;
	int columns; /* of the terminal; 0 is a pipe */
	bool color, drawn;
	uint64_t drawn_ms;
	struct step steps[LIMIT_STEPS];
	int depth; /* may be over LIMIT_STEPS: those are only counted */
};

/* A progress is always the first member of ours. */
static struct progress_tty *ours(struct progress *p)
{
	union {
		struct progress *base;
		struct progress_tty *tty;
	} u = { .base = p };

	return u.tty;
}

static void clear_line(struct progress_tty *t)
{
	if (t->drawn)
		(void)fputs("\r\033[K", t->f);
	t->drawn = false;
}

/* At most columns characters, counted as UTF-8 sequences. */
static void put_cut(struct progress_tty *t, const char *s, int columns)
{
	for (; *s; s++) {
		if (((unsigned char)*s & 0xc0) != 0x80 && columns-- <= 0)
			return;
		(void)fputc(*s, t->f);
	}
}

static void human(uint64_t n, char *ret, size_t cap)
{
	static const char *const units[] = { "", "K", "M", "G", "T", "P" };
	double v = (double)n;
	size_t u = 0;

	for (; v >= 1000 && u + 1 < sizeof(units) / sizeof(*units); u++)
		v /= 1000;
	(void)snprintf(ret, cap, u ? "%.1f%s" : "%.0f%s", v, units[u]);
}

static void draw(struct progress_tty *t)
{
	const struct step *s = &t->steps[t->depth - 1];
	uint64_t now = clock_mono_ms();
	double seconds = (double)(now - s->began_ms) / 1000;
	char right[96], done[16], total[16];

	human(s->done, done, sizeof(done));
	human(s->total, total, sizeof(total));
	if (s->total)
		(void)snprintf(right, sizeof(right), "  %s/%s  %3.0f %%  %.1f s", done, total,
			       100.0 * (double)s->done / (double)s->total, seconds);
	else if (s->done)
		(void)snprintf(right, sizeof(right), "  %s  %.1f s", done, seconds);
	else
		(void)snprintf(right, sizeof(right), "  %.1f s", seconds);
	clear_line(t);
	put_cut(t, s->what, t->columns - 1 - (int)str_of(right).n);
	(void)fputs(right, t->f);
	(void)fflush(t->f);
	t->drawn = true;
	t->drawn_ms = now;
}

static bool showing(const struct progress_tty *t)
{
	return t->columns > 0 && t->depth > 0 && t->depth <= LIMIT_STEPS &&
	       t->steps[t->depth - 1].what;
}

static void on_begin(struct progress *p, const char *what, uint64_t total)
{
	struct progress_tty *t = ours(p);

	if (t->depth++ >= LIMIT_STEPS)
		return;

	struct step *s = &t->steps[t->depth - 1];

	*s = (struct step){ .what = str_dup(str_of(what)),
			    .total = total,
			    .began_ms = clock_mono_ms() };
	if (s->what)
		text_sanitize(s->what);
	if (showing(t))
		draw(t);
}

static void on_advance(struct progress *p, uint64_t done)
{
	struct progress_tty *t = ours(p);

	if (t->depth == 0 || t->depth > LIMIT_STEPS)
		return;
	t->steps[t->depth - 1].done = done;
	if (showing(t) && clock_mono_ms() - t->drawn_ms >= PROGRESS_REDRAW_MS)
		draw(t);
}

static void on_end(struct progress *p, const char *note)
{
	struct progress_tty *t = ours(p);
	char text[128];

	if (t->depth == 0 || --t->depth >= LIMIT_STEPS)
		return;

	struct step *s = &t->steps[t->depth];

	if (note)
		(void)snprintf(text, sizeof(text), "%s", note);
	else
		(void)snprintf(text, sizeof(text), "done %.1f s",
			       (double)(clock_mono_ms() - s->began_ms) / 1000);
	text_sanitize(text);
	clear_line(t);
	if (s->what)
		(void)fprintf(t->f, "%s %s%s%s\n", s->what, t->color ? "\033[32m" : "", text,
			      t->color ? "\033[0m" : "");
	(void)fflush(t->f);
	free(s->what);
	*s = (struct step){ 0 };
}

static void on_line(struct progress *p, const char *text)
{
	struct progress_tty *t = ours(p);
	auto_free char *clean = str_dup(str_of(text));

	if (!clean)
		return;
	text_sanitize(clean);
	clear_line(t);
	(void)fprintf(t->f, "%s%s%s\n", t->color ? "\033[2m" : "", clean,
		      t->color ? "\033[0m" : "");
	if (showing(t) && clock_mono_ms() - t->drawn_ms >= PROGRESS_REDRAW_MS)
		draw(t);
	(void)fflush(t->f);
}

int progress_tty_new_on(FILE *f, int columns, bool color, struct progress **ret, struct err *e)
{
	struct progress_tty *t = calloc(1, sizeof(*t));

	if (!t)
		return FAIL_NOMEM(e);
	*t = (struct progress_tty){
		.base = { .begin = on_begin,
			  .advance = on_advance,
			  .end = on_end,
			  .line = on_line },
		.f = f,
		.columns = columns,
		.color = color,
	};
	*ret = &t->base;
	return 0;
}

int progress_tty_new(bool color, struct progress **ret, struct err *e)
{
	struct winsize w = { 0 };
	bool tty = isatty(STDERR_FILENO);

	if (tty && (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 20))
		w.ws_col = 80;
	return progress_tty_new_on(stderr, tty ? w.ws_col : 0, color, ret, e);
}

void progress_tty_free(struct progress *p)
{
	struct progress_tty *t = p ? ours(p) : NULL;

	if (!t)
		return;
	clear_line(t);
	(void)fflush(t->f);
	for (int i = 0; i < LIMIT_STEPS; i++)
		free(t->steps[i].what);
	free(t);
}

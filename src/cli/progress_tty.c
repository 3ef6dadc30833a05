/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress_tty.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

struct step {
	char *what;
	uint64_t total, done, began_ms;
	bool told; /* its title was printed before its output */
};

/* One course of steps. The first is the command's own, the others are beside one another. */
struct stream {
	struct progress base; /* first: the callbacks get a pointer to it */
	struct progress_tty *t;
	char *name; /* NULL: the command's own */
	struct step steps[LIMIT_STEPS];
	int depth; /* may be over LIMIT_STEPS: those are only counted */
};

struct progress_tty {
	struct stream *streams[LIMIT_STREAMS]; /* NULL: free */
	FILE *f;
	int columns;	    /* of the terminal; 0 is a pipe */
	int rows;	    /* drawn now, the cursor at the end of the last */
	bool color, follow; /* the terminal's size, which may change */
	uint64_t drawn_ms;
};

/* A progress is always the first member of ours. */
static struct stream *ours(struct progress *p)
{
	union {
		struct progress *base;
		struct stream *stream;
	} u = { .base = p };

	return u.stream;
}

static void clear_rows(struct progress_tty *t)
{
	for (int i = 0; i < t->rows; i++)
		(void)fputs(i ? "\033[A\r\033[K" : "\r\033[K", t->f);
	t->rows = 0;
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

/* What has been done and how long it took, e.g. "  12.5M/80M   15 %  2.1 s". */
static void counts(const struct step *s, uint64_t since, char *ret, size_t cap)
{
	char done[16], total[16];
	double seconds = (double)(clock_mono_ms() - since) / 1000;

	human(s->done, done, sizeof(done));
	human(s->total, total, sizeof(total));
	if (s->total)
		(void)snprintf(ret, cap, "  %s/%s  %3.0f %%  %.1f s", done, total,
			       100.0 * (double)s->done / (double)s->total, seconds);
	else if (s->done)
		(void)snprintf(ret, cap, "  %s  %.1f s", done, seconds);
	else
		(void)snprintf(ret, cap, "  %.1f s", seconds);
}

static bool showing(const struct stream *st)
{
	return st->t->columns > 0 && st->depth > 0 && st->steps[0].what;
}

/* The outermost step and, behind it, the innermost with its numbers. */
static void draw_row(struct progress_tty *t, const struct stream *st)
{
	int depth = st->depth < LIMIT_STEPS ? st->depth : LIMIT_STEPS;
	const struct step *outer = &st->steps[0], *inner = &st->steps[depth - 1];
	char right[160];
	int room = t->columns - 1;
	int n = inner != outer && inner->what
			? snprintf(right, sizeof(right), "  %.40s", inner->what)
			: 0;

	counts(inner, outer->began_ms, right + n, sizeof(right) - (size_t)n);
	/* In a narrow terminal the numbers matter more than what they are of. */
	if ((int)strlen(right) > room - 20)
		counts(inner, outer->began_ms, right, sizeof(right));
	if ((int)strlen(right) > room)
		right[0] = '\0';
	if (t->rows++)
		(void)fputc('\n', t->f);
	put_cut(t, outer->what, room - (int)strlen(right));
	(void)fputs(right, t->f);
}

static void draw(struct progress_tty *t)
{
	struct winsize w;
	int more = 0, most = LIMIT_ROWS;

	if (t->columns == 0)
		return;
	clear_rows(t);
	if (t->follow && ioctl(fileno(t->f), TIOCGWINSZ, &w) == 0 && w.ws_col >= 20) {
		t->columns = w.ws_col;
		most = w.ws_row > 3 && w.ws_row - 2 < most ? w.ws_row - 2 : most;
	}
	for (int i = 0; i < LIMIT_STREAMS; i++) {
		const struct stream *st = t->streams[i];

		if (!st || !showing(st))
			continue;
		if (t->rows < most)
			draw_row(t, st);
		else
			more++;
	}
	if (more) {
		(void)fprintf(t->f, "\nand %d more", more);
		t->rows++;
	}
	(void)fflush(t->f);
	t->drawn_ms = clock_mono_ms();
}

static void draw_sometimes(struct progress_tty *t)
{
	if (t->columns && clock_mono_ms() - t->drawn_ms >= PROGRESS_REDRAW_MS)
		draw(t);
}

static void on_begin(struct progress *p, const char *what, uint64_t total)
{
	struct stream *st = ours(p);

	if (st->depth++ >= LIMIT_STEPS)
		return;

	struct step *s = &st->steps[st->depth - 1];

	*s = (struct step){ .what = str_dup(str_of(what)),
			    .total = total,
			    .began_ms = clock_mono_ms() };
	if (s->what)
		text_sanitize(s->what);
	/* Beside others much begins that ends at once. */
	if (st->name)
		draw_sometimes(st->t);
	else
		draw(st->t);
}

static void on_advance(struct progress *p, uint64_t done)
{
	struct stream *st = ours(p);

	if (st->depth == 0 || st->depth > LIMIT_STEPS)
		return;
	st->steps[st->depth - 1].done = done;
	draw_sometimes(st->t);
}

static void on_tick(struct progress *p)
{
	draw_sometimes(ours(p)->t);
}

/* What is printed of work beside other work says whose it is; a stage's own steps do so already. */
static void put_name(const struct stream *st)
{
	if (st->name)
		(void)fprintf(st->t->f, "[%s] ", st->name);
}

/* Takes the innermost step off: 1 when there was one that is shown. */
static int pop(struct stream *st, struct step *ret)
{
	if (st->depth == 0 || --st->depth >= LIMIT_STEPS)
		return 0;
	*ret = st->steps[st->depth];
	st->steps[st->depth] = (struct step){ 0 };
	return 1;
}

static void on_end(struct progress *p, const char *note)
{
	struct stream *st = ours(p);
	struct progress_tty *t = st->t;
	struct step s;
	char text[128];

	if (!pop(st, &s))
		return;
	if (note)
		(void)snprintf(text, sizeof(text), "%s", note);
	else
		(void)snprintf(text, sizeof(text), "done %.1f s",
			       (double)(clock_mono_ms() - s.began_ms) / 1000);
	text_sanitize(text);
	clear_rows(t);
	if (s.what && st->depth)
		put_name(st);
	if (s.what)
		(void)fprintf(t->f, "%s %s%s%s\n", s.what, t->color ? "\033[32m" : "", text,
			      t->color ? "\033[0m" : "");
	free(s.what);
	if (st->name)
		draw(t);
	(void)fflush(t->f);
}

static void on_drop(struct progress *p)
{
	struct stream *st = ours(p);
	struct step s;

	if (!pop(st, &s))
		return;
	free(s.what);
	if (st->t->rows)
		draw(st->t);
}

/* In a pipe a step's output stands below its title. */
static void put_title(struct stream *st)
{
	struct step *s = &st->steps[0];

	if (st->t->columns || st->depth == 0 || s->told || !s->what)
		return;
	(void)fprintf(st->t->f, "%s\n", s->what);
	s->told = true;
}

static void on_line(struct progress *p, const char *text)
{
	struct stream *st = ours(p);
	struct progress_tty *t = st->t;
	auto_free char *clean = str_dup(str_of(text));
	bool had = t->rows > 0;

	if (!clean)
		return;
	text_sanitize(clean);
	clear_rows(t);
	put_title(st);
	(void)fputs(t->color ? "\033[2m" : "", t->f);
	put_name(st);
	(void)fprintf(t->f, "%s%s\n", clean, t->color ? "\033[0m" : "");
	if (had || showing(st))
		draw(t);
	(void)fflush(t->f);
}

/* The stream that is *place from then on; NULL when memory is out. */
static struct stream *open_stream(struct progress_tty *t, struct progress base,
				  struct stream **place)
{
	struct stream *st = calloc(1, sizeof(*st));

	if (st)
		*st = (struct stream){ .base = base, .t = t };
	*place = st;
	return st;
}

static void close_stream(struct stream **place)
{
	struct stream *st = *place;

	if (!st)
		return;
	for (int i = 0; i < LIMIT_STEPS; i++)
		free(st->steps[i].what);
	free(st->name);
	free(st);
	*place = NULL;
}

static struct progress *on_open(struct progress *p, const char *name)
{
	struct progress_tty *t = ours(p)->t;

	for (int i = 1; i < LIMIT_STREAMS; i++) {
		struct stream *st;

		if (t->streams[i])
			continue;
		st = open_stream(t, t->streams[0]->base, &t->streams[i]);
		if (!st)
			return NULL;
		st->name = str_dup(str_of(name));
		if (st->name)
			text_sanitize(st->name);
		return &st->base;
	}
	return NULL;
}

static void on_close(struct progress *p)
{
	struct stream *st = ours(p);
	struct progress_tty *t = st->t;

	if (!st->name)
		return;
	clear_rows(t);
	for (int i = 1; i < LIMIT_STREAMS; i++)
		if (t->streams[i] == st)
			close_stream(&t->streams[i]);
	(void)fflush(t->f);
}

int progress_tty_new_on(FILE *f, int columns, bool color, struct progress **ret, struct err *e)
{
	static const struct progress calls = { .begin = on_begin,
					       .advance = on_advance,
					       .end = on_end,
					       .line = on_line,
					       .drop = on_drop,
					       .open = on_open,
					       .close = on_close,
					       .tick = on_tick };
	struct progress_tty *t = calloc(1, sizeof(*t));

	if (!t || !open_stream(t, calls, &t->streams[0])) {
		free(t);
		return FAIL_NOMEM(e);
	}
	t->f = f;
	t->columns = columns;
	t->color = color;
	*ret = &t->streams[0]->base;
	return 0;
}

int progress_tty_new(bool color, struct progress **ret, struct err *e)
{
	struct winsize w = { 0 };
	bool tty = isatty(STDERR_FILENO);
	int r;

	if (tty && (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 20))
		w.ws_col = 80;
	r = progress_tty_new_on(stderr, tty ? w.ws_col : 0, color, ret, e);
	if (r == 0)
		ours(*ret)->t->follow = tty;
	return r;
}

void progress_tty_free(struct progress *p)
{
	struct progress_tty *t = p ? ours(p)->t : NULL;

	if (!t)
		return;
	clear_rows(t);
	(void)fflush(t->f);
	for (int i = 0; i < LIMIT_STREAMS; i++)
		close_stream(&t->streams[i]);
	free(t);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step/output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"

#define MASK "***"

struct step_output {
	struct progress *progress;
	const struct str *masks;
	size_t masks_n;
	char *held; /* what may be the beginning of a mask; owned */
	size_t held_n;
	char line[LIMIT_STEP_LINE];
	size_t n;
	char *tail[STEP_TAIL_LINES]; /* a ring */
	size_t count;
};

int step_output_new(struct progress *progress, const struct str *masks, size_t masks_n,
		    struct step_output **ret, struct err *e)
{
	struct step_output *o = calloc(1, sizeof(*o));
	size_t longest = 0;

	if (!o)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < masks_n; i++)
		longest = masks[i].n > longest ? masks[i].n : longest;
	o->progress = progress;
	o->masks = masks;
	o->masks_n = masks_n;
	if (longest)
		o->held = malloc(longest);
	if (longest && !o->held) {
		free(o);
		return FAIL_NOMEM(e);
	}
	*ret = o;
	return 0;
}

/* ESC [ ... and ESC ] ... of a terminal are left out, so that what they surround can be read. */
static void drop_escapes(char *s)
{
	char *to = s;

	for (const char *p = s; *p;) {
		if (*p != '\033') {
			*to++ = *p++;
			continue;
		}
		p++;
		if (*p == '[') {
			for (p++; *p && (*p < '@' || *p > '~');)
				p++;
			p += *p != '\0';
		} else if (*p == ']') {
			while (*p && *p != '\a' && !(*p == '\033' && p[1] == '\\'))
				p++;
			p += *p == '\033' ? 2 : *p == '\a';
		} else {
			p += *p != '\0';
		}
	}
	*to = '\0';
}

/* Once more, for what only stands together since a terminal's sequences are gone. */
static void mask_line(const struct step_output *o, char *line)
{
	for (size_t i = 0; i < o->masks_n; i++) {
		const struct str *m = &o->masks[i];
		char *at = line;

		while (m->n >= sizeof(MASK) - 1 && (at = memmem(at, strlen(at), m->p, m->n))) {
			memcpy(at, MASK, sizeof(MASK) - 1);
			at += sizeof(MASK) - 1;
			memmove(at, at + m->n - (sizeof(MASK) - 1),
				strlen(at + m->n - (sizeof(MASK) - 1)) + 1);
		}
	}
}

static void end_line(struct step_output *o)
{
	char **slot = &o->tail[o->count % STEP_TAIL_LINES];

	while (o->n && o->line[o->n - 1] == '\r')
		o->n--;
	o->line[o->n] = '\0';
	for (char *nul = o->line; (nul = memchr(nul, '\0', (size_t)(o->line + o->n - nul)));)
		*nul = '?';
	drop_escapes(o->line);
	/* What a terminal would have overwritten: curl, wget and pip draw with carriage returns. */
	for (char *cr; (cr = strchr(o->line, '\r'));)
		memmove(o->line, cr + 1, strlen(cr));
	mask_line(o, o->line);
	text_sanitize(o->line);
	progress_line(o->progress, o->line);
	free(*slot);
	*slot = strdup(o->line);
	o->count++;
	o->n = 0;
}

static void put_byte(struct step_output *o, char c)
{
	if (c == '\n') {
		end_line(o);
		return;
	}
	o->line[o->n++] = c;
	if (o->n == sizeof(o->line) - 1)
		end_line(o);
}

/* How much of a mask stands at held: its whole length, or 0 with *ret_partial when it may yet. */
static size_t match(const struct step_output *o, bool *ret_partial)
{
	size_t best = 0;

	*ret_partial = false;
	for (size_t i = 0; i < o->masks_n; i++) {
		const struct str *m = &o->masks[i];
		size_t n = m->n < o->held_n ? m->n : o->held_n;

		if (n == 0 || memcmp(m->p, o->held, n) != 0)
			continue;
		if (m->n > o->held_n)
			*ret_partial = true;
		else if (m->n > best)
			best = m->n;
	}
	return best;
}

/* Lets go of what can be no mask any more; at the end, of everything. */
static void settle(struct step_output *o, bool end)
{
	while (o->held_n) {
		bool partial;
		size_t n = match(o, &partial);

		/* The longest wins: a shorter one waits while a longer one may still come. */
		if (partial && !end)
			return;
		for (const char *p = MASK; n && *p; p++)
			put_byte(o, *p);
		if (n == 0) {
			put_byte(o, o->held[0]);
			n = 1;
		}
		o->held_n -= n;
		memmove(o->held, o->held + n, o->held_n);
	}
}

void step_output_put(struct step_output *o, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!o->held) {
			put_byte(o, p[i]);
			continue;
		}
		o->held[o->held_n++] = p[i];
		settle(o, false);
	}
}

int step_output_read(struct step_output *o, int fd, void (*stop)(void *arg), void *arg,
		     struct err *e)
{
	char chunk[8192];
	int r = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (r == 0) {
			r = proc_interrupted(e);
			if (r < 0)
				stop(arg);
		}
		if (poll(&p, 1, 200) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return r;
		step_output_put(o, chunk, (size_t)n);
	}
}

void step_output_end(struct step_output *o, struct buf *ret_tail)
{
	settle(o, true);
	if (o->n)
		end_line(o);

	const size_t first = o->count > STEP_TAIL_LINES ? o->count - STEP_TAIL_LINES : 0;

	for (size_t i = first; ret_tail && i < o->count; i++)
		buf_printf(ret_tail, "%s\n", o->tail[i % STEP_TAIL_LINES] ?: "");
}

void step_output_free(struct step_output *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < STEP_TAIL_LINES; i++)
		free(o->tail[i]);
	if (o->held)
		explicit_bzero(o->held, o->held_n);
	free(o->held);
	free(o);
}

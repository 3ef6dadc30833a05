/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * How long work below cli tells of itself. cli implements it (a redrawn line on a terminal, plain
 * lines in a pipe); everybody else only calls. A NULL progress is allowed and silent.
 */
struct progress {
	/* A step begins, e.g. "push sha256:9f2c…". total in bytes or items, 0 if unknown. */
	void (*begin)(struct progress *p, const char *what, uint64_t total);
	/* done so far; called as often as convenient, drawn at most 10 times a second. */
	void (*advance)(struct progress *p, uint64_t done);
	/* The step ended; note (may be NULL) is printed beside it: "exists", "cached", "3.2 s". */
	void (*end)(struct progress *p, const char *note);
	/* One line of output of a running step (a RUN's standard output), without "\n". */
	void (*line)(struct progress *p, const char *text);
	/* The innermost step is taken back as if it had not begun. May be NULL: as end. */
	void (*drop)(struct progress *p);
	/* A progress of its own for work beside other work, e.g. one stage of a build; its name
	 * stands before what it prints. NULL: there is no memory, which only silences it. */
	struct progress *(*open)(struct progress *p, const char *name);
	void (*close)(struct progress *p); /* one that open() gave */
	/* Nothing new, but time has passed. */
	void (*tick)(struct progress *p);
};

static inline void progress_begin(struct progress *p, const char *what, uint64_t total)
{
	if (p)
		p->begin(p, what, total);
}
static inline void progress_advance(struct progress *p, uint64_t done)
{
	if (p)
		p->advance(p, done);
}
static inline void progress_end(struct progress *p, const char *note)
{
	if (p)
		p->end(p, note);
}
static inline void progress_line(struct progress *p, const char *text)
{
	if (p)
		p->line(p, text);
}
static inline void progress_drop(struct progress *p)
{
	if (p && p->drop)
		p->drop(p);
	else if (p)
		p->end(p, NULL);
}
static inline struct progress *progress_open(struct progress *p, const char *name)
{
	return p && p->open ? p->open(p, name) : NULL;
}
static inline void progress_close(struct progress *p)
{
	if (p && p->close)
		p->close(p);
}
static inline void progress_tick(struct progress *p)
{
	if (p && p->tick)
		p->tick(p);
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "cli/cli.h"

/*
 * Progress on standard error. On a terminal every course of steps is one row at the bottom, redrawn
 * at most ten times a second, above which finished steps and output go by. In a pipe a step is one
 * plain line when it ends, and one before its first line of output. Steps may nest, LIMIT_STEPS
 * deep; deeper ones are silent. At most LIMIT_STREAMS courses are beside one another (further ones
 * are silent), of which LIMIT_ROWS have a row.
 */
enum { LIMIT_STEPS = 8, LIMIT_STREAMS = 257, LIMIT_ROWS = 12, PROGRESS_REDRAW_MS = 100 };

int progress_tty_new(bool color, struct progress **ret, struct err *e);
/* The same on any stream, for tests; columns 0 is a pipe. f is borrowed. */
int progress_tty_new_on(FILE *f, int columns, bool color, struct progress **ret, struct err *e);
void progress_tty_free(struct progress *p); /* NULL is fine; clears what was being drawn */

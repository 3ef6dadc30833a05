/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "cli/cli.h"

/*
 * Progress on standard error. On a terminal the innermost running step is one line, redrawn at most
 * ten times a second and replaced by a finished line; in a pipe a step is one plain line when it
 * ends. Steps may nest, LIMIT_STEPS deep; deeper ones are silent.
 */
enum { LIMIT_STEPS = 8, PROGRESS_REDRAW_MS = 100 };

int progress_tty_new(bool color, struct progress **ret, struct err *e);
/* The same on any stream, for tests; columns 0 is a pipe. f is borrowed. */
int progress_tty_new_on(FILE *f, int columns, bool color, struct progress **ret, struct err *e);
void progress_tty_free(struct progress *p); /* NULL is fine; clears what was being drawn */

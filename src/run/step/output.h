/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/cleanup.h"
#include "run/step/step.h"

/*
 * The output of a step: by lines to its progress, the last ones kept. Every byte string of masks
 * becomes "***" before anything sees it, also when it came in several pieces or over several lines.
 * Lines are cut at LIMIT_STEP_LINE and made safe for a terminal.
 */
struct step_output;

int step_output_new(struct progress *progress, const struct str *masks, size_t masks_n,
		    struct step_output **ret, struct err *e);
void step_output_put(struct step_output *o, const char *p, size_t n);
/* Puts what fd gives until every writer is gone. When we are interrupted, stop() is called once, to
 * end them, and in the end E_SIGNAL returned. */
int step_output_read(struct step_output *o, int fd, void (*stop)(void *arg), void *arg,
		     struct err *e);
/* Nothing more comes. The last lines are appended to ret_tail, which may be NULL. */
void step_output_end(struct step_output *o, struct buf *ret_tail);
void step_output_free(struct step_output *o);
DEFINE_RELEASE_VOID(struct step_output, step_output_free)

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "build/work.h"

/*
 * Stages beside one another: each in a forked process, which tells over a pipe what it does and
 * what the stage came to. It has a mount namespace of its own, so its mounts end with it, however
 * it ends. What it started ends when it does: its children have it as the parent whose death ends
 * them.
 */
enum { LIMIT_STAGE_STATE = 64 * 1024 * 1024, LIMIT_WORKER_LINE = 256 * 1024 };

struct worker {
	struct stage_work *s;
	pid_t pid;
	int fd;	       /* its pipe, without blocking */
	struct buf in; /* what came and is no whole message yet */
	bool told;     /* the stage's state or error has come */
	struct err err;
};

/* Starts one that carries on the stage, whose state becomes STAGE_RUNS. */
int worker_start(struct stage_work *s, struct worker **ret, struct err *e);
/* Takes what has come, shows progress. 1 when it ended: s->state says how, w->err why. */
int worker_read(struct worker *w, struct err *e);
/* Waits for its end, not for ever: then it is killed. */
void worker_end(struct worker *w);

/* stage_state.c: what the worker sends of its stage, and the taking of it. Counts are added. */
int stage_state_write(const struct stage_work *s, struct buf *ret, struct err *e);
int stage_state_read(struct stage_work *s, struct str text, struct err *e);

/* schedule.c: builds the stages of the plan's order, at most o->jobs at a time. */
int stages_build(struct work *w, struct err *e);

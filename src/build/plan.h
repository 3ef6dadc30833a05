/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"

/*
 * The stages of a Dockerfile as a graph: what each begins from and copies from, and the order in
 * which those that the target needs are built.
 */
struct stage {
	char *name;	 /* lower case; NULL without "AS" */
	char *base;	 /* "scratch", a stage's name or an image's, after substitution; owned */
	long base_stage; /* index, or -1: scratch or an image */
	bool scratch;
	const struct df_node *from;
	const struct df_node *nodes; /* what follows FROM; borrowed from the Dockerfile */
	size_t nodes_n;
	size_t steps; /* FROM and the instructions that may make a layer, for progress */
	bool needed;
};

struct plan {
	const struct dockerfile *df;
	struct vars platform; /* TARGETPLATFORM and its kin */
	struct vars globals;  /* ARGs before the first FROM */
	struct stage *stages;
	size_t n, target;
	size_t order[LIMIT_STAGES]; /* needed stages, each behind what it needs */
	size_t order_n;
	const struct strv *contexts; /* borrowed */
	struct strv args_used;	     /* build arguments that some ARG before FROM named */
};

struct plan_opts {
	const struct vars *build_args;
	const char *target; /* a stage's name or index; NULL: the last one */
	const char *os, *arch;
	const struct strv *contexts; /* --build-context: go before stages; may be NULL */
};

/* TARGETPLATFORM and its kin, which need no ARG in FROM and one without a value in a stage. */
int plan_platform(const struct dockerfile *df, const struct plan_opts *o, struct vars *ret,
		  struct err *e);

/* df must outlive ret. Errors point into the Dockerfile. */
int plan_make(const struct dockerfile *df, const struct plan_opts *o, struct plan *ret,
	      struct err *e);
void plan_free(struct plan *p);
static inline void plan_release(struct plan *p)
{
	plan_free(p);
}
#define auto_plan __attribute__((cleanup(plan_release))) struct plan

/* The stage that "from=NAME" means, by name in any case or by index; -1: it is an image's name. An
 * index of no stage is an error, which does not say where. */
int plan_find_stage(const struct plan *p, const char *name, long *ret, struct err *e);
/* True for HTTP_PROXY and the others that need no ARG and stay out of history and cache keys. */
bool plan_proxy_arg(const char *name);

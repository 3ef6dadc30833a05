/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/*
 * Options that docker or podman have and that a command of ours has not on purpose: who types one
 * is told why, and what to use instead. What means nothing else than what is so here anyway is
 * taken without a word.
 */
struct refused_opt {
	const char *name;
	bool flag;	  /* takes no value of its own; without one it is "true" */
	const char *fine; /* values that say what is so here; with blanks between; "" is the empty
			     value; NULL: none */
	const char *why;  /* "--NAME: why" */
	const char *instead; /* the hint */
};

extern const struct refused_opt run_refused[]; /* run and create; ends with a NULL name */
extern const struct refused_opt exec_refused[];

const struct refused_opt *refused_find(const struct refused_opt *table, struct str name);
/* 0 for what is fine, E_USAGE otherwise. value: NULL when there was none. */
int refused_check(const struct refused_opt *o, const char *value, struct err *e);

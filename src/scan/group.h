/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/scan.h"

/*
 * Findings by what a person changes to be rid of them: the source package to upgrade, in the layer,
 * that is the line of the Dockerfile, that brought it.
 */
struct finding_group {
	const struct finding **v; /* each vulnerability once, in the report's order; owned array */
	size_t n;
	size_t fixable;	       /* how many of them have a fix */
	const char *fixed;     /* the version that mends all of those; "" when none is known */
	struct strv packages;  /* the names of what is installed of it */
	const char *name;      /* of the source package; borrowed from the report, as the rest */
	const char *installed; /* its version */
	const char *layer;     /* digest of the layer */
	const char *instruction;
	const char *path; /* the binary that has it inside, for language packages; or "" */
};

struct finding_groups {
	struct finding_group *v; /* in the order of their most urgent findings */
	size_t n;
};

/* Borrows from the report. */
int report_groups(const struct report *r, struct finding_groups *ret, struct err *e);
void finding_groups_free(struct finding_groups *g);
#define auto_finding_groups __attribute__((cleanup(finding_groups_free))) struct finding_groups

/* What an instruction of the history says to a person, "RUN apt-get…": without what builders write
 * around it. Appends; not escaped for anything. */
void instruction_text(const char *history, struct buf *ret);

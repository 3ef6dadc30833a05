/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "dockerfile/ignore.h"

/*
 * Build checks: what is lawful in a Dockerfile and most often a slip. The rules have the names and
 * the meaning of BuildKit's (docker's reference, "Build checks"). Which of them count is said by
 * the directive
 *
 *     # check=skip=StageNameCasing,JSONArgsRecommended;error=true;experimental=all
 *
 * or, instead of it, by the build argument BUILDKIT_DOCKERFILE_CHECK.
 */
enum { LIMIT_FINDINGS = 1000 }; /* what comes after them is not looked for */

struct lint_finding {
	const char *rule;   /* "StageNameCasing"; static */
	const char *reason; /* what the rule is about, one line; static */
	int line, column;
	char *message; /* about this place, one line; owned */
	char *text;    /* with place, source line and caret; owned */
};

struct lint {
	struct lint_finding *v; /* by line */
	size_t n;
	bool error;	     /* findings are to fail the build */
	struct strv unknown; /* names in "skip" and "experimental" that no rule has */
};

struct lint_opts {
	const struct vars *build_args;
	const struct vars *platform; /* TARGETPLATFORM and its kin */
	const struct ignore *ignore; /* of the context, or NULL */
	/* Whether an image can have that name. NULL: not looked at. */
	bool (*is_reference)(const char *name);
	/*
	 * Adds the environment of a base image: 1, or 0 when the image is not known here, whose
	 * variables then count as not set. May be NULL.
	 */
	int (*base_env)(void *arg, const char *name, struct vars *ret);
	void *arg;
};

/* Malformed options are E_FORMAT; so is nothing that is found. */
int lint_run(const struct dockerfile *d, const struct lint_opts *o, struct lint *ret,
	     struct err *e);
void lint_free(struct lint *l);
static inline void lint_release(struct lint *l)
{
	lint_free(l);
}
#define auto_lint __attribute__((cleanup(lint_release))) struct lint

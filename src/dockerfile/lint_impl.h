/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files of the build checks; nobody else includes this. */
#include "dockerfile/impl.h"
#include "dockerfile/lint.h"

/* A stage as far as it was read. */
struct lint_stage {
	const char *name;		    /* as written, borrowed; NULL without "AS" */
	struct vars words;		    /* what words may use */
	struct strv args;		    /* ARGs, also those without a value */
	bool shell;			    /* SHELL was said */
	bool workdir;			    /* WORKDIR was said */
	const struct df_node *last[DF_OPS]; /* of each kind in this stage */
};

struct linting {
	const struct dockerfile *d;
	const struct lint_opts *o;
	struct lint *out;
	const struct lint_rule *rule; /* whose findings are being made */
	struct vars globals;	      /* ARGs before FROM, with what the command line gives */
	struct vars defaults;	      /* the same without it */
	struct strv declared;	      /* their names */
	size_t lower, upper;	      /* instructions written so */
	struct lint_stage *stages;
	size_t n; /* stages begun */
};

struct lint_rule {
	const char *name, *reason;
	unsigned ops; /* LINT_OP() of the instructions it looks at */
	bool experimental;
	/* Called for each of them before it takes effect on l. */
	int (*run)(struct linting *l, const struct df_node *n, struct err *e);
};
#define LINT_OP(op) (1U << (op))

/* The stage in hand, or NULL before the first FROM. */
static inline struct lint_stage *lint_stage(const struct linting *l)
{
	return l->n ? &l->stages[l->n - 1] : NULL;
}
/* The latest stage of that name, in any case; -1. The one in hand counts only when `own`. */
long lint_find_stage(const struct linting *l, const char *name, bool own);

/* Notes a finding of l->rule; at and len as with df_fail(). */
int lint_report(struct linting *l, const struct df_node *n, size_t at, size_t len, struct err *e,
		const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* By form alone. */
int lint_stage_name_casing(struct linting *l, const struct df_node *n, struct err *e);
int lint_from_as_casing(struct linting *l, const struct df_node *n, struct err *e);
int lint_empty_continuation(struct linting *l, const struct df_node *n, struct err *e);
int lint_instruction_casing(struct linting *l, const struct df_node *n, struct err *e);
int lint_duplicate_stage(struct linting *l, const struct df_node *n, struct err *e);
int lint_reserved_stage(struct linting *l, const struct df_node *n, struct err *e);
int lint_json_args(struct linting *l, const struct df_node *n, struct err *e);
int lint_maintainer(struct linting *l, const struct df_node *n, struct err *e);
int lint_multiple(struct linting *l, const struct df_node *n, struct err *e);
int lint_legacy_pairs(struct linting *l, const struct df_node *n, struct err *e);
int lint_secrets(struct linting *l, const struct df_node *n, struct err *e);
int lint_description(struct linting *l, const struct df_node *n, struct err *e);
int lint_const_platform(struct linting *l, const struct df_node *n, struct err *e);
int lint_target_platform(struct linting *l, const struct df_node *n, struct err *e);

/* By what words become. */
int lint_from_args(struct linting *l, const struct df_node *n, struct err *e);
int lint_from_defaults(struct linting *l, const struct df_node *n, struct err *e);
int lint_workdir(struct linting *l, const struct df_node *n, struct err *e);
int lint_undefined(struct linting *l, const struct df_node *n, struct err *e);
int lint_expose_casing(struct linting *l, const struct df_node *n, struct err *e);
int lint_expose_format(struct linting *l, const struct df_node *n, struct err *e);
int lint_copy_ignored(struct linting *l, const struct df_node *n, struct err *e);

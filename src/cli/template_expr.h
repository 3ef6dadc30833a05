/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/template.h"

/*
 * What stands between "{{" and "}}": Go's pipelines of fields (.A.B), variables ($x.B), literals,
 * parentheses and functions. A value is JSON; NULL is one that is not there.
 */
enum { LIMIT_VARIABLES = 16, LIMIT_VARIABLE_NAME = 32, LIMIT_ARGUMENTS = 16 };

struct scope {
	const json_t *root, *dot; /* borrowed, as are values of variables' names */
	bool headings;		  /* a field that is not there is its own name */
	struct variable {
		char name[LIMIT_VARIABLE_NAME];
		json_t *value; /* owned, may be NULL */
	} variables[LIMIT_VARIABLES];
	size_t n;
};
/* Adds a variable, or with again changes the one of that name. */
int scope_set(struct scope *s, struct str name, bool again, const json_t *value, struct err *e);
/* Back to how many there were. */
void scope_cut(struct scope *s, size_t n);

/* A pipeline, perhaps with "$x :=" before it, in which case *ret_set says that nothing is to be
 * printed. *ret is owned and may be NULL. */
int expr_eval(struct str text, struct scope *s, json_t **ret, bool *ret_set, struct err *e);

/* Of template_functions.c; arguments are borrowed and may be NULL. *ret_known is false when there
 * is no such function. */
int function_call(struct str name, json_t *const *args, size_t n, json_t **ret, bool *ret_known,
		  struct err *e);
/* An object's keys, sorted. *ret is owned, the keys are borrowed. */
int value_keys(const json_t *v, const char ***ret, size_t *ret_n, struct err *e);
bool value_is_true(const json_t *v); /* as if takes it */
int value_put(const json_t *v, struct buf *ret,
	      struct err *e); /* as Go prints it: [a b], map[k:v] */

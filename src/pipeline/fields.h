/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"

/*
 * An option's value as docker has them: "type=oci,dest=out.tar", fields of NAME=VALUE as
 * build/csv.h splits them (with its limits): type=image,"name=a,b".
 */
struct fields {
	struct strv names;  /* lower case */
	struct strv values; /* of each; "" without "=" */
};

/* Errors are E_USAGE. The same name twice is one. */
int fields_parse(const char *text, struct fields *ret, struct err *e);
void fields_free(struct fields *f);
static inline void fields_release(struct fields *f)
{
	fields_free(f);
}
#define auto_fields __attribute__((cleanup(fields_release))) struct fields

/* NULL when it was not given; borrowed. */
const char *fields_get(const struct fields *f, const char *name);
/* "true", "1" or "" for true; "false" or "0" for false; not given: *ret is left. E_USAGE. */
int fields_bool(const struct fields *f, const char *name, bool *ret, struct err *e);
/* E_USAGE naming the first field that is not among known (ends with NULL). */
int fields_known(const struct fields *f, const char *const *known, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * --filter NAME=VALUE, as docker has it: several of one name are or, except for labels; different
 * names are and. Values are borrowed from the options.
 */
enum { LIMIT_FILTERS = 64 };
struct filters {
	struct filter {
		const char *name; /* of the list that was allowed */
		const char *value;
	} v[LIMIT_FILTERS];
	size_t n;
};
/* allowed ends with NULL. E_USAGE names those that are known. */
int filters_parse(const struct strv *list, const char *const *allowed, struct filters *ret,
		  struct err *e);
bool filters_has(const struct filters *f, const char *name);
/* docker takes a name as a regular expression that may match anywhere. */
bool filter_name(const char *name, const char *pattern);
/* "KEY" or "KEY=VALUE" of an object of strings; NULL has none. */
bool filter_label(const json_t *labels, const char *wanted);

/* Within a function that returns whether all hold: false when there are filters of that name and
 * test is true for none (ANY), or not for each (ALL). value is the filter's. */
#define FILTER_ANY(f, name_, value, test)                                                          \
	do {                                                                                       \
		bool any_ = false;                                                                 \
		for (size_t i_ = 0; i_ < (f)->n && !any_; i_++) {                                  \
			const char *value = (f)->v[i_].value;                                      \
			any_ = strcmp((f)->v[i_].name, name_) == 0 && (test);                      \
		}                                                                                  \
		if (!any_ && filters_has(f, name_))                                                \
			return false;                                                              \
	} while (0)
#define FILTER_ALL(f, name_, value, test)                                                          \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < (f)->n; i_++) {                                           \
			const char *value = (f)->v[i_].value;                                      \
			if (strcmp((f)->v[i_].name, name_) == 0 && !(test))                        \
				return false;                                                      \
		}                                                                                  \
	} while (0)

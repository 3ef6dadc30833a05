/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/unit.h"

/* What the readers of formats build units with. All that is returned by ret is owned by its parent,
 * but for the unit itself. */

/* A string that is part of a key or comparison: "" counts as missing. */
int unit_check_string(const char *s, const char *what, struct err *e);

/* A unit without ids, ecosystems and rows. */
int unit_new(json_t **ret, const char *name, const char *source, int64_t modified,
	     const char *title, struct err *e);

/* Adds to the unit's ecosystems what is not there yet. */
int unit_add_ecosystem(json_t *unit, const char *ecosystem, struct err *e);
/* The same for a list that is not in a unit yet. */
int unit_list_ecosystem(json_t *list, const char *ecosystem, struct err *e);

/* A row of the unit with one vulnerability of its own, unrated, without ranges. */
int unit_add_row(json_t *unit, const char *ecosystem, const char *package, const char *id,
		 json_t **ret, struct err *e);

/* Adds the range from the beginning to fixed; NULL: no end. */
int unit_add_range(json_t *row, const char *fixed, struct err *e);

/* The first line of text, cut to LIMIT_ADVISORY_TITLE on a character. */
struct str unit_title(const char *text);

/* "CVE-2024-1234", "TEMP-0000000-ABCDEF", "GHSA-…": letters, digits, and - _ . : between them. */
bool unit_is_id(const char *s);

/* Calls fn with each line that is not empty; its errors say which line it was. */
typedef int (*unit_line_fn)(struct str line, const struct unit_sink *to, struct err *e);
int unit_each_line(const struct advisory_lines *lines, unit_line_fn fn, const struct unit_sink *to,
		   struct err *e);

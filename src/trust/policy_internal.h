/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/policy.h"

/* What the files of policy.h share. */

/* E_FORMAT for a member that is none of these. */
int policy_only_members(json_t *o, const char *const *names, size_t n, const char *what,
			struct err *e);
/* Fills s, whose strings are borrowed from o; what is owned is freed by policy_free(), also after a
 * failure. */
int policy_parse_statement(json_t *o, struct statement *s, struct err *e);

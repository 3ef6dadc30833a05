/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/* The pure parts of base_filter.c, for tests. */

/* The wanted packages of dpkg's status and what they need, but for what is essential or only of use
 * while installing: name to paragraph, into keep. A wanted one that is not there is E_FORMAT. */
int filter_packages(struct str status, const char *const *wanted, size_t n, json_t *keep,
		    struct err *e);
/* The paths of a list of dpkg's, as an archive with merged /usr has them. */
int filter_take_list(struct str list, json_t *paths, struct err *e);
bool filter_wants(const json_t *paths, const char *name);

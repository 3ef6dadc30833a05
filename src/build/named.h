/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/*
 * --build-context NAME=VALUE, as a list of such strings; NULL is an empty one. A NAME that is an
 * image's means it with and without "docker.io/library/" and ":latest"; case does not count.
 */

/* E_USAGE for what is not NAME=VALUE, or a VALUE of a kind that cannot be. */
int named_check(const struct strv *contexts, struct err *e);
/* NAME's value, the last one given; NULL: it has none. Borrowed. */
const char *named_value(const struct strv *contexts, const char *name);

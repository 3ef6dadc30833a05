/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * File name patterns as Go's filepath.Match has them, which docker's are: * is any run of
 * characters but "/", ? is one of them, [a-z] and [^a-z] are one of a class, \ takes the meaning
 * from what follows. With `deep`, also ** for any number of whole path components.
 */
enum { LIMIT_GLOB = 4096 };

/* 1 when name matches, 0 when not; a malformed pattern is E_FORMAT. */
int glob_match(const char *pattern, const char *name, bool deep, struct err *e);
/* True when the pattern has anything special in it. */
bool glob_special(const char *pattern);

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
/*
 * Of a deep pattern that is well-formed. covers: it matches the path or a folder above it. leads:
 * something beneath the folder `path` may match, as far as its parts before a ** tell.
 */
bool glob_covers(const char *pattern, const char *path);
bool glob_leads(const char *pattern, const char *path);
/* True when the pattern has anything special in it. */
bool glob_special(const char *pattern);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/buf.h"

/*
 * A text for a cell of a table, on one line: digests are cut to 12 digits
 * ("web@sha256:9f2c1b7a0d4e"), runs of white space are one space, and what is longer than max
 * characters ends in "…" (max 0: no end). JSON and --no-trunc give the text as it is.
 */
void cell_short(const char *s, size_t max, struct buf *ret);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/*
 * The comma-separated fields of --mount, --secret and --ssh (RFC 4180, one record): a field that
 * begins with a double quote ends with one, and "" within it is a quote. Elsewhere a quote is an
 * error, and so is a line's end outside of quotes. Spaces count.
 */
enum { LIMIT_CSV = 16384 /* bytes of a record */, LIMIT_CSV_FIELDS = 64 };

/* Appends the fields. An empty text has none. E_FORMAT does not say where. */
int csv_split(const char *text, struct strv *ret, struct err *e);

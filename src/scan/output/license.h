/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"

enum { LIMIT_LICENSE_DEPTH = 32 }; /* brackets within brackets */

/*
 * Whether a text is an SPDX license expression (SPDX 2.3, Annex D) of identifiers on the list.
 * Then its canonical form is appended: identifiers in the list's own case, single spaces. What a
 * package's author wrote otherwise ("GPLv2+ and MIT") is none.
 */
bool license_expression(const char *s, struct buf *ret);

extern const char *const spdx_licenses[], *const spdx_exceptions[]; /* license_ids.c */
extern const size_t spdx_licenses_n, spdx_exceptions_n;

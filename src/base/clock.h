/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* Wall-clock times are unix seconds (int64_t) inside and RFC 3339 UTC, "2026-11-25T17:28:51Z",
 * outside. */
enum { RFC3339_MAX = 32 };

int64_t clock_now(void);
uint64_t clock_mono_ms(void);
void clock_rfc3339(int64_t t, char ret[static RFC3339_MAX]);
/* Accepts fractions and offsets; the result is in whole seconds. Anything else is E_FORMAT. */
int clock_parse_rfc3339(struct str s, int64_t *ret, struct err *e);

/* Seconds of "90", "30s", "15m", "720h" or "90d"; not 0. E_USAGE. */
int clock_parse_duration(const char *text, int64_t *ret, struct err *e);

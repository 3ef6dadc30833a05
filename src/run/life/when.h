/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/*
 * A time as docker takes it: RFC 3339 with or without fraction and zone ("2026-11-27T10:00:00Z",
 * "2026-11-27T10:00", "2026-11-27"; without a zone the local one), seconds since 1970
 * ("1136073600.5"), or how long before now ("10m", "1h30m", "1.5h"; with "-", after). The result is
 * in nanoseconds since 1970. E_USAGE.
 */
int when_parse(const char *text, int64_t now_ns, int64_t *ret, struct err *e);

int64_t when_now(void);

/* RFC 3339 in UTC with nine digits of fraction, as docker prints times. */
enum { WHEN_MAX = 40 };
void when_print(int64_t ns, char ret[static WHEN_MAX]);

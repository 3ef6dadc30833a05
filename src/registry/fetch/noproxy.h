/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "registry/url.h"

/*
 * Whether NO_PROXY's list (may be NULL) has an address: names with all below them, addresses,
 * ADDRESS/BITS, each with or without a port, "*" for all. libcurl knows no ports, which Go's tools
 * do; and who decides here knows later whether a proxy was used.
 */
bool noproxy_has(const char *list, const struct url *u);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"

/*
 * The hook by which a build fetches files of the web: by plimsoll-fetch, whose confinement and
 * whose rules for certificates, redirects and this machine's own services hold
 * (registry/fetch/fetch.h).
 */
enum { FETCH_TRIES = 3, FETCH_SECONDS = 3600 };
#define LIMIT_FETCH_BYTES ((uint64_t)16 * 1024 * 1024 * 1024) /* of one file */

/* As build_hooks.fetch. PLIMSOLL_FETCH_MAX in the environment lowers LIMIT_FETCH_BYTES. */
int fetch_web(void *arg, const struct build_fetch *f, struct build_fetched *ret, struct err *e);

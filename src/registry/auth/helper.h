/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/auth/credential.h"

/*
 * docker's credential helpers: the program docker-credential-NAME of PATH, told on standard input
 * what it is asked for (docker-credential-helpers, "Protocol"). It is the user's own program and
 * runs as he does. What it says is never quoted, for it may hold what it keeps.
 */
enum { LIMIT_HELPER_ANSWER = 64 * 1024, HELPER_SECONDS = 120 /* it may ask the user */ };

/* E_NOTFOUND: it has none for this host. */
int helper_get(const char *name, const char *host, struct credential *ret, struct err *e);
int helper_store(const char *name, const char *host, const struct credential *c, struct err *e);
int helper_erase(const char *name, const char *host, struct err *e);

/* The answer to "get", {"ServerURL","Username","Secret"}; the user "<token>" means an identity
 * token. For tests and fuzzing. */
int helper_parse(const char *p, size_t n, struct credential *ret, struct err *e);

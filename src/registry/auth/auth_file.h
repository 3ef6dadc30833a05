/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "registry/auth/credential.h"

/*
 * Files of credentials: docker's config.json and containers' auth.json, which are one format as far
 * as it is read here (containers-auth.json(5)). Keys that are not known are left alone, those that
 * are must have the right form.
 */
enum { LIMIT_AUTH_FILE = 1024 * 1024, LIMIT_HELPER_NAME = 64 };

/* An object, "{}" for an empty file. what names it. Owned. */
int auth_file_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e);

/* The entry of auths for HOST/NAME, else of its parents up to HOST; name may be NULL. E_NOTFOUND:
 * none, or one without credentials. ret->from is not set. */
int auth_file_find(const json_t *doc, const char *host, const char *name, struct credential *ret,
		   struct err *e);

/* The program that holds the credentials of host: of credHelpers, or (all) credsStore. *ret is
 * borrowed, NULL when there is none. */
int auth_file_helper(const json_t *doc, const char *host, bool all, const char **ret,
		     struct err *e);

/* E_FORMAT: a helper's name that could lead out of the folders of PATH. */
int auth_file_check_helper(const char *name, struct err *e);

/* The key under which logging in to host (or HOST/NAME) writes: docker's own for docker.io. */
const char *auth_file_key(const char *where);

/* Whether a key of auths is of this HOST or HOST/NAME, however it is written. */
bool auth_key_is(const char *key, const char *where);

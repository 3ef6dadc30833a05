/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "registry/auth/credential.h"

/*
 * Credentials kept for later, where credential_find() and docker's and containers' tools look for
 * them. where is HOST or HOST/NAME. Files are changed whole or not at all, under a lock, get mode
 * 0600 and keep all else that is in them; a symbolic link stays one.
 */

/*
 * Into the file that has an entry for where already, else the last that is looked into
 * ($DOCKER_CONFIG/config.json, or $REGISTRY_AUTH_FILE); by its credential helper, if it names one.
 * ret receives where that was, for messages. Verify first: registry_try_login().
 */
int login_write(const char *where, const struct credential *c, struct buf *ret, struct err *e);

/* Out of every file and helper that is looked into; ret lists them. E_NOTFOUND: it is in none. */
int login_erase(const char *where, struct strv *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/*
 * Who we are at a registry. Its members are wiped when it is freed, and stand in no message: from
 * says where they were found, which is all that is ever shown beside the user's name.
 */
enum {
	LIMIT_SECRET =
		4096, /* bytes of a user's name, a password or an access token's file entry */
	LIMIT_CREDENTIAL_FROM = 255,
};

struct credential {
	char *user, *secret; /* for Basic, or to get a token with; both or neither */
	char *identity;	     /* a refresh token; it goes before the two above */
	char *bearer;	     /* an access token, used as it is */
	char from[LIMIT_CREDENTIAL_FROM + 1];
};
void credential_free(struct credential *c);
static inline void credential_release(struct credential *c)
{
	credential_free(c);
}
#define auto_credential __attribute__((cleanup(credential_release))) struct credential

int credential_copy(const struct credential *c, struct credential *ret, struct err *e);

/* Zeroes a string and frees it; NULL is fine. */
void wipe_string(char *s);

/* No control characters, not over LIMIT_SECRET: it goes into a header or a form. what names it. */
int secret_check(struct str s, const char *what, struct err *e);

/*
 * The credential for repository name (NULL: none in particular) of a registry, as containers' and
 * docker's tools find it: $REGISTRY_AUTH_FILE and no other file, when it is set; else
 * $XDG_RUNTIME_DIR/containers/auth.json, $XDG_CONFIG_HOME/containers/auth.json,
 * $DOCKER_CONFIG/config.json (~/.docker/config.json). In each, a helper named for the host
 * (credHelpers), then the longest key of HOST/NAME/… in auths, then the helper for all
 * (credsStore). credential-helpers of registries.conf says otherwise, where it is given: the files
 * ("containers-auth.json") and helpers, in its order. E_NOTFOUND: there is none.
 */
int credential_find(const char *host, const char *name, struct credential *ret, struct err *e);

/* The files above that are looked into, in that order, there or not. */
int credential_files(struct strv *ret, struct err *e);

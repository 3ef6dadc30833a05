/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/auth/auth.h"

/* What a token server answers (distribution's "Token Authentication Specification"). */
struct token {
	char *value;
	char *refresh; /* or NULL */
	uint64_t seconds;
};
void token_free(struct token *t);
static inline void token_release(struct token *t)
{
	token_free(t);
}
#define auto_token __attribute__((cleanup(token_release))) struct token

/* {"token" or "access_token", "expires_in", "refresh_token"}. No bytes of it are in a message. */
int token_parse(const char *p, size_t n, struct token *ret, struct err *e);

/*
 * Asks the token server at realm. c NULL: as nobody. With a refresh token by POST (OAuth2), else by
 * GET with Basic. lax: in the clear, or under any certificate. resp is its answer, with nothing
 * secret left in it; the caller's to free.
 */
int token_get(struct fetch *f, const struct url *realm, bool lax, const char *service,
	      const char *scope, const struct credential *c, struct token *ret,
	      struct fetch_response *resp, struct err *e);

/* "Basic " and base64 of user:secret. Appends. */
int basic_put(const struct credential *c, struct buf *ret, struct err *e);

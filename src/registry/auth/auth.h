/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/auth/challenge.h"
#include "registry/auth/credential.h"
#include "registry/fetch/fetch.h"

/*
 * How one registry is told who we are, learned from its challenges (distribution's "Token
 * Authentication Specification" and "OAuth2 Token Authentication"; RFC 7617 for Basic). Credentials
 * are looked for when a challenge asks for them, not before, and go to the registry itself or to
 * the token server it names, if that is fit: by https, of the registry's own domain (or named in
 * $PLIMSOLL_TOKEN_HOSTS); on this machine only for a registry on this machine. Tokens are kept for
 * their scope and their life, in memory.
 */
enum {
	LIMIT_TOKEN = LIMIT_HEADER_VALUE - 16,
	LIMIT_TOKENS = 16, /* kept at once, of one registry */
	LIMIT_SCOPE = 2048,
	TOKEN_SECONDS = 60,	 /* the life of a token that does not say */
	TOKEN_EARLY_SECONDS = 5, /* a token is renewed so long before its end, or at 9/10 of it */
};

struct auth;

/* host as in references; at is where it is spoken to. insecure: as registries.conf calls it, which
 * holds for a token server of the same origin too. f is borrowed. */
int auth_new(struct auth **ret, const char *host, const struct url *at, bool insecure,
	     struct fetch *f, struct err *e);
void auth_free(struct auth *a); /* NULL is fine */
DEFINE_RELEASE_VOID(struct auth, auth_free)
/* The registry turned out to be spoken to at another address. */
void auth_move(struct auth *a, const struct url *at);
/* Use this one and look for no other; taken over, *c is empty afterwards. */
void auth_use(struct auth *a, struct credential *c);

/* What a request needs: the repository whose credential counts (NULL: any), and the scope of its
 * token ("": none in particular). */
struct auth_need {
	const char *name;
	const char *scope;
};

/* The Authorization header for a request, as far as it is known that one is wanted; leaves ret
 * empty where not. May ask the token server. */
int auth_header(struct auth *a, const struct auth_need *need, struct buf *ret, struct err *e);
/* The registry answered 401. 1: auth_header() will give something else now, so that another try
 * makes sense; 0: there is nothing else to give. tries counts those made of this request. */
int auth_refused(struct auth *a, const struct auth_need *need, const struct fetch_response *resp,
		 unsigned tries, struct err *e);
/* A 401 that stays an answer: what it asks for is known from now on. */
void auth_learn(struct auth *a, const struct fetch_response *resp);
/* What mends a final 401 (or 403), as a hint. */
int auth_hint(const struct auth *a, int r, struct err *e);
/* What the registry asked for, if it did yet. */
enum auth_scheme auth_scheme(const struct auth *a);

/* Takes what is secret out of a text from the other side, in place. */
void auth_scrub(const struct auth *a, char *text);

/* Why no token server at realm may be asked at all, not even as nobody; NULL: it may. */
const char *realm_unreachable(const struct url *at, const struct url *realm);

/* Whether credentials for the registry at `at` may go to a token server at realm (NULL: yes; else
 * why not). allowed: further hosts, spaces between, may be NULL. */
const char *realm_refusal(const struct url *at, const struct url *realm, const char *allowed);

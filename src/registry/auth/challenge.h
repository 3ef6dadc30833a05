/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "registry/http.h"

/*
 * What a registry asks for when it answers 401: WWW-Authenticate (RFC 9110 11.6.1, RFC 6750 3). Of
 * several challenges Bearer goes before Basic, and a scheme that is not spoken here counts only
 * when there is no other. A header that does not follow the grammar, names a parameter twice or
 * holds an over-long one is refused as a whole: what is guessed from it decides where a password
 * goes.
 */
enum {
	LIMIT_CHALLENGES = 8,
	LIMIT_CHALLENGE_PARAMS = 16, /* of one challenge */
	LIMIT_CHALLENGE_VALUE = 1024,
};

enum auth_scheme { AUTH_NONE, AUTH_OTHER, AUTH_BASIC, AUTH_BEARER };

struct challenge {
	enum auth_scheme scheme;
	char name[32]; /* the scheme's, fit for a terminal */
	/* "" where missing. */
	char realm[LIMIT_CHALLENGE_VALUE + 1], service[LIMIT_CHALLENGE_VALUE + 1],
		scope[LIMIT_CHALLENGE_VALUE + 1], error[LIMIT_CHALLENGE_VALUE + 1];
};

/* The best challenge of one header value and of *ret, which the caller begins with zeroes. */
int challenge_parse(const char *value, struct challenge *ret, struct err *e);
/* The best of all WWW-Authenticate headers of a response; AUTH_NONE when there is none. */
int challenge_of(const struct http_headers *h, struct challenge *ret, struct err *e);

/* A scope as RFC 6749 3.3 has it: tokens with single spaces between; "" is none. */
bool scope_is_valid(const char *scope);

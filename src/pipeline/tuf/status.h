/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/tuf/scope.h"

/* What this host trusts, and keeps, without asking anybody. Owned: {"scope","at","keeper",
 * "anyDigest","seen"?,"roles":[{"name","version"?,"expires"?,"threshold","keys","here"}],
 * "targets":{PATH:{"role","sha256"}},"waiting"?}; here: of the keys, how many are on this host. */
int tuf_status(const struct state *state, const char *scope, json_t **ret, struct err *e);

/* Trusts a root, whatever its version, for a scope. The same one again changes any_digest only;
 * E_USAGE when another one is trusted there. */
struct tuf_trust_opts {
	const char *scope, *at; /* at NULL: the usual place */
	bool any_digest;
};
int tuf_trust_root(const struct state *state, const struct tuf_trust_opts *o, struct str root,
		   struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chain_maker.h"

/* One signer for all tests. */
static struct key *key;
static struct chain chain;

static void setup(void)
{
	const struct spec specs[] = { LEAF_SPEC, CA_SPEC("root") };
	struct err e = ERR_INIT;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);

	if (key)
		return;
	maker_chain(specs, 2, &chain, &pem);
	if (key_from_pem((struct str){ pem.p, pem.n }, NULL, &key, &e) < 0)
		abort();
}

__attribute__((destructor)) static void teardown(void)
{
	key_free(key);
	chain_free(&chain);
}

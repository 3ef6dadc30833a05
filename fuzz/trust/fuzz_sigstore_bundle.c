/* SPDX-License-Identifier: Apache-2.0 */
/* A trusted root, a NUL and a bundle: read, and all of it proven that can be. */
#include <assert.h>
#include <stdint.h>

#include "trust/sigstore/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = size ? memchr(text, '\0', size) : NULL;
	const struct str root_json = { text, nul ? (size_t)(nul - text) : 0 };
	const struct str bundle_json = { nul ? nul + 1 : text,
					 nul ? size - root_json.n - 1 : size };
	static const char digest[32];
	auto_trusted_root root = { 0 };
	auto_bundle b = { 0 };
	struct proof_want w = { .sha256 = { digest, sizeof(digest) }, .keyless = true };
	struct err e = ERR_INIT;
	struct proof p;

	if (trusted_root_parse(root_json, &root, &e) == 0)
		w.root = &root;
	if (bundle_parse(bundle_json, &b, &e) < 0) {
		assert(e.msg[0] && !b.entries && b.certs_n == 0);
		return 0;
	}
	assert(b.minor >= 1 && b.minor <= 3 && b.entries_n <= LIMIT_BUNDLE_ENTRIES &&
	       b.by_key == (b.certs_n == 0) && bundle_signature(&b).n > 0);
	if (bundle_prove(&b, &w, &p, &e) == 0)
		assert(p.keyless && (p.logged || !root.tlogs.named) && p.time > 0 &&
		       p.identity.name[0] && p.identity.issuer[0]);
	return 0;
}

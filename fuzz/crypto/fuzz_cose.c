/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes in COSE form: whatever comes in, it is refused with a reason, or its signature holds.
 */
#include <assert.h>
#include <stdint.h>

#include "crypto/cose_internal.h"
#include "crypto/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The headers alone, which an input without a good signature gets to as well. */
static void read_headers(struct str bytes)
{
	auto_chain chain = { .n = 0 };
	struct cose_headers h = { .content_type = "application/vnd.cncf.notary.payload.v1+json",
				  .chain = &chain };
	struct cbor c = { bytes };
	struct err e = ERR_INIT;
	auto_envelope v = { .timestamp = BUF_INIT(LIMIT_TIMESTAMP) };

	if (cose_read_protected(bytes, &h, &e) == 0)
		assert(h.crit_scheme && (h.claims.expiry == 0 || h.crit_expiry));
	h.seen_n = 0;
	if (cose_read_unprotected(&c, &h, &v, &e) == 0)
		assert(v.chain.n >= 1 && v.chain.n <= LIMIT_CHAIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct err e = ERR_INIT;
	auto_envelope v = { .payload = BUF_INIT(0) };
	int r = cose_verify(bytes, "application/vnd.cncf.notary.payload.v1+json", &v, &e);

	read_headers(bytes);
	if (r < 0) {
		assert(e.code == r && e.msg[0]);
		assert(v.chain.n == 0 && v.payload.p == NULL);
		return 0;
	}
	assert(v.chain.n >= 1 && v.chain.n <= LIMIT_CHAIN);
	assert(v.claims.expiry == 0 || v.claims.expiry > v.claims.signing_time);
	assert(chain_check(&v.chain, &e) == 0);
	return 0;
}

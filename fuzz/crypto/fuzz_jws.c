/* SPDX-License-Identifier: Apache-2.0 */
/* Signature envelopes: whatever comes in, it is refused with a reason, or its signature holds. */
#include <assert.h>
#include <stdint.h>

#include "crypto/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	auto_envelope j = { .payload = BUF_INIT(0) };
	int r = jws_verify((struct str){ (const char *)data, size },
			   "application/vnd.cncf.notary.payload.v1+json", &j, &e);

	if (r < 0) {
		assert(e.code == r && e.msg[0]);
		assert(j.chain.n == 0 && j.payload.p == NULL);
		return 0;
	}
	assert(j.chain.n >= 1 && j.chain.n <= LIMIT_CHAIN);
	assert(j.claims.expiry == 0 || j.claims.expiry > j.claims.signing_time);
	assert(chain_check(&j.chain, &e) == 0);
	return 0;
}

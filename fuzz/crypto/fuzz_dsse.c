/* SPDX-License-Identifier: Apache-2.0 */
/* DSSE envelopes: what parses keeps the limits, and verifies under no key that has not signed it.
 */
#include <assert.h>
#include <stdint.h>

#include "crypto/dsse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key *k;
	struct err e = ERR_INIT;
	auto_json *j = NULL;
	auto_dsse d = { 0 };
	const struct key *one;

	if (!k)
		assert(key_generate(KEY_EC_P256, &k, &e) == 0);
	one = k;
	if (json_parse((const char *)data, size, "DSSE", &j, &e) < 0 || dsse_parse(j, &d, &e) < 0) {
		assert(e.msg[0] && d.n == 0 && d.payload.p == NULL);
		return 0;
	}
	assert(d.n >= 1 && d.n <= LIMIT_DSSE_SIGNATURES && d.payload_type[0]);
	assert(dsse_verify(&d, &one, 1, 1, NULL, &e) == E_VERIFY);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "trust/sigstore/root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = { (const char *)data, size };
	auto_trusted_root r = { 0 };
	struct err e = ERR_INIT;

	assert(trusted_roots_check(text, &e) == 0 || e.msg[0]);
	if (trusted_root_parse(text, &r, &e) < 0) {
		assert(e.msg[0] && !r.tlogs.v && !r.cas.v);
		return 0;
	}
	for (size_t i = 0; i < r.tlogs.n; i++)
		assert(r.tlogs.v[i].key && r.tlogs.v[i].start <= r.tlogs.v[i].end);
	for (size_t i = 0; i < r.cas.n; i++)
		assert(r.cas.v[i].chain.n <= LIMIT_CHAIN && r.cas.v[i].start <= r.cas.v[i].end);
	return 0;
}

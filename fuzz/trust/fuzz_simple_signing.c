/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "trust/sigstore/simple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct simple p;
	struct err e = ERR_INIT;
	struct digest again;

	if (simple_parse((struct str){ (const char *)data, size }, &p, &e) < 0) {
		assert(e.msg[0]);
		return 0;
	}
	assert(size <= LIMIT_SIMPLE && digest_parse(str_of(p.manifest.s), &again, &e) == 0);
	(void)simple_check(&p, &again, "127.0.0.1:5000/team/web", &e);
	return 0;
}

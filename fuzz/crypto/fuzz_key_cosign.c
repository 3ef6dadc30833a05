/* SPDX-License-Identifier: Apache-2.0 */
/* cosign's key files, as far as they are read before anything is derived. */
#include <assert.h>
#include <stdint.h>

#include "crypto/key_cosign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct key *k = NULL;
	int r = key_from_cosign((struct str){ (const char *)data, size }, NULL, &k, &e);

	/* E_USAGE: it is one, and wants its passphrase. */
	assert((r == E_FORMAT || r == E_USAGE) && e.code == r && e.msg[0] && !k);
	return 0;
}

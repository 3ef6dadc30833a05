/* SPDX-License-Identifier: Apache-2.0 */
/* Time-stamp tokens and the answers that they come in. Nobody is believed here, so none holds; what
 * is taken out of an answer is a token that reads the same. */
#include <assert.h>
#include <stdint.h>

#include "crypto/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str bytes = { (const char *)data, size };
	const struct timestamp_trust nobody = { 0 };
	auto_timestamp stamp = { 0 };
	auto_buf token = BUF_INIT(LIMIT_TIMESTAMP);
	struct err e = ERR_INIT;

	assert(timestamp_verify(bytes, (struct str){ "x", 1 }, &nobody, NULL, &stamp, &e) < 0);
	if (timestamp_response(bytes, &token, &e) == 0)
		assert(timestamp_verify((struct str){ token.p, token.n }, (struct str){ "x", 1 },
					&nobody, NULL, &stamp, &e) < 0);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The protected header alone, which the signature hides from a fuzzer of whole envelopes. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "crypto/jws_internal.h"
#include "crypto/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	auto_json *j = NULL;
	auto_envelope v = { .timestamp = BUF_INIT(LIMIT_TIMESTAMP) };
	struct claims claims;
	const char *alg = NULL;

	if (json_parse((const char *)data, size, "header", &j, &e) < 0)
		return 0;
	if (jws_read_protected(j, "application/vnd.cncf.notary.payload.v1+json", &alg, &claims,
			       &e) == 0) {
		/* Nothing is accepted without these, nor with a critical header beyond them. */
		assert(alg && json_object_get(j, "crit") && json_object_get(j, H_SCHEME));
		assert(json_array_size(json_object_get(j, "crit")) <= 3);
		assert(strcmp(json_string_or_null(j, H_SCHEME),
			      claims.authority ? SCHEME_AUTHORITY : SCHEME_X509) == 0);
	}
	if (json_is_object(j))
		(void)jws_read_unprotected(j, NULL, &v, &e);
	return 0;
}

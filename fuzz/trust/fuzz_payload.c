/* SPDX-License-Identifier: Apache-2.0 */
/* What a signature says it signs: only the very manifest is accepted. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "trust/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct desc manifest = {
		.media_type = MT_OCI_MANIFEST,
		.digest = { "sha256:"
			    "8d1a1b67b426efc94c7bff02ed2579d15f25ee7987902620719cc59cb9794dde" },
		.size = 398,
	};
	char repository[TRUST_REPOSITORY_MAX] = "";
	struct err e = ERR_INIT;

	if (payload_check((struct str){ (const char *)data, size }, &manifest, NULL, repository,
			  &e) == 0)
		assert(size >= 100);
	return 0;
}

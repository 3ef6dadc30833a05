/* SPDX-License-Identifier: Apache-2.0 */
/* A layer under one of cosign's tags: its annotations, a line feed, and its bytes. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "trust/sigstore/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size ? memchr(text, '\n', size) : NULL;
	struct str bytes = end ? (struct str){ end + 1, size - (size_t)(end + 1 - text) }
			       : (struct str){ "", 0 };
	auto_json *notes = NULL;
	auto_bundle envelope = { 0 }, simple = { 0 };
	struct err e = ERR_INIT;

	(void)json_parse(text, end ? (size_t)(end - text) : size, "annotations", &notes, NULL);
	if (envelope_to_bundle(bytes, notes, &envelope, &e) == 0)
		assert(envelope.is_dsse && envelope.dsse.n == 1 &&
		       envelope.by_key == (envelope.certs_n == 0));
	else
		assert(e.msg[0]);
	if (simple_to_bundle(notes, &simple, NULL) == 0)
		assert(!simple.is_dsse && simple.signature.n > 0);
	return 0;
}

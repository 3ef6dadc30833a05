/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names: what is read is written so that it reads the same. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "crypto/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	auto_dn d = { .n = 0 }, again = { .n = 0 };
	auto_buf text = BUF_INIT(4 * LIMIT_DN_TEXT);

	if (dn_parse((struct str){ (const char *)data, size }, &d, &e) < 0)
		return 0;
	dn_text(&d, &text);
	assert(!text.failed);
	if (text.n > LIMIT_DN_TEXT) /* escaping made it longer than is read */
		return 0;
	assert(dn_parse((struct str){ text.p, text.n }, &again, &e) == 0);
	assert(again.n == d.n && dn_subset(&d, &again) && dn_subset(&again, &d));
	for (size_t i = 0; i < d.n; i++)
		assert(strcmp(d.parts[i].value, again.parts[i].value) == 0);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "scan/purl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written in its canonical form, and that reads as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *s = strndup((const char *)data, size);
	auto_buf one = BUF_INIT(SIZE_MAX), two = BUF_INIT(SIZE_MAX);
	auto_purl p = { 0 }, q = { 0 };
	struct err e = ERR_INIT;

	if (!s || purl_parse(s, &p, &e) < 0)
		return 0;
	purl_put(&p, &one);
	if (one.n > LIMIT_PURL) /* three characters for one */
		return 0;
	if (purl_parse(buf_str(&one), &q, &e) < 0)
		__builtin_trap();
	purl_put(&q, &two);
	if (strcmp(buf_str(&one), buf_str(&two)) != 0)
		__builtin_trap();
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A rule of a named network; what is accepted can be enforced. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "run/step/reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sock_filter code[LIMIT_REACH_FILTER];
	static struct reach r;
	auto_free char *s = str_dup((struct str){ (const char *)data, size });
	size_t n;

	if (!s || reach_parse(s, &r, NULL) < 0)
		return 0;
	if (r.v[0].bits > (r.v[0].v6 ? 128U : 32U) ||
	    (r.v[0].name && strpbrk(r.v[0].name, " /:[]%\n")))
		abort();
	reach_filter(&r, code, &n);
	reach_free(&r);
	return 0;
}

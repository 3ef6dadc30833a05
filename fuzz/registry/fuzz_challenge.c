/* SPDX-License-Identifier: Apache-2.0 */
/* WWW-Authenticate of a hostile registry: what is accepted has only what it may have. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "registry/auth/challenge.h"
#include "registry/auth/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const union {
		const uint8_t *in;
		const char *out;
	} p = { .in = data };
	auto_free char *s = str_dup((struct str){ p.out, size });
	auto_buf merged = BUF_INIT(4 * LIMIT_CHALLENGE_VALUE),
		 again = BUF_INIT(4 * LIMIT_CHALLENGE_VALUE);
	struct challenge c = { 0 };

	if (!s || challenge_parse(s, &c, NULL) < 0) {
		if (c.scheme != AUTH_NONE || c.realm[0])
			abort();
		return 0;
	}
	if (c.scheme == AUTH_NONE || !scope_is_valid(c.scope))
		abort();
	/* Merging with itself changes nothing that was merged once. */
	scope_merge(c.scope, c.scope, &merged);
	scope_merge(buf_str(&merged), buf_str(&merged), &again);
	/* What was too long is refused by who asked: one word may be about the same as many. */
	if (buf_check(&again, "scope", NULL) == 0 && strcmp(buf_str(&merged), buf_str(&again)) != 0)
		abort();
	return 0;
}

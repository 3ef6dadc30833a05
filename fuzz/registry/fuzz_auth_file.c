/* SPDX-License-Identifier: Apache-2.0 */
/* Files of credentials, answers of credential helpers and of token servers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/auth/auth_file.h"
#include "registry/auth/helper.h"
#include "registry/auth/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *s)
{
	if (s && secret_check(str_of(s), "secret", NULL) < 0)
		abort();
}

static void check_all(const struct credential *c)
{
	check(c->user);
	check(c->secret);
	check(c->identity);
	check(c->bearer);
	if (!c->user != !c->secret)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const union {
		const uint8_t *in;
		const char *out;
	} p = { .in = data };
	auto_credential a = { 0 }, b = { 0 };
	auto_token t = { 0 };
	auto_json *doc = NULL;
	const char *name;

	if (auth_file_parse(p.out, size, "file", &doc, NULL) == 0) {
		if (auth_file_find(doc, "h:5000", "team/web", &a, NULL) == 0)
			check_all(&a);
		if (auth_file_helper(doc, "h:5000", false, &name, NULL) == 0 && name &&
		    strchr(name, '/'))
			abort();
		(void)auth_file_helper(doc, "h:5000", true, &name, NULL);
	}
	if (helper_parse(p.out, size, &b, NULL) == 0)
		check_all(&b);
	if (token_parse(p.out, size, &t, NULL) == 0 && strpbrk(t.value, " \r\n"))
		abort();
	return 0;
}

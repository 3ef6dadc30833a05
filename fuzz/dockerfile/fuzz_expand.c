/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte picks the escape and the manner; the rest is a word. */
#include <stdint.h>

#include "dockerfile/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_vars env = { 0 };
	auto_strv used = { 0 }, words = { 0 };
	auto_buf out = BUF_INIT(LIMIT_EXPANDED);
	struct err e = ERR_INIT;

	if (size == 0 || size > 4096)
		return 0;
	(void)vars_set(&env, "a", "some value", &e);
	(void)vars_set(&env, "b", "/x/y.tar.gz", &e);
	(void)vars_set(&env, "c", "", &e);

	struct expand x = { .escape = data[0] & 1 ? '`' : '\\',
			    .keep_quotes = data[0] & 2,
			    .sets = { &env },
			    .used = &used };
	struct str word = { (const char *)data + 1, size - 1 };

	if (memchr(word.p, '\0', word.n))
		return 0;
	(void)expand_word(word, &x, &out, &e);
	(void)expand_split(word, &x, &words, &e);
	return 0;
}

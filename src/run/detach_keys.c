/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "run/attach.h"

/* As docker: a letter or sign, or ctrl- and one of a-z @ [ \ ] ^ _. */
static bool parse_key(struct str word, char *ret)
{
	char c;

	if (word.n == 1) {
		*ret = word.p[0];
		return true;
	}
	if (word.n != 6 || !str_starts(word, "ctrl-"))
		return false;
	c = word.p[5];
	if (c >= 'a' && c <= 'z')
		*ret = (char)(c - 'a' + 1);
	else if (c == '@' || (c >= '[' && c <= '_'))
		*ret = (char)(c - '@');
	else
		return false;
	return true;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e)
{
	struct str rest = str_of(text), word;
	struct detach_keys k = { .n = 0 };

	while (rest.n) {
		(void)str_cut(&rest, ',', &word);
		if (k.n == LIMIT_DETACH_KEYS || !parse_key(word, &k.keys[k.n++]))
			return FAIL(e, E_USAGE,
				    "--detach-keys '%.60s': want at most %d keys with commas "
				    "between, each a letter or ctrl- and a letter",
				    text, LIMIT_DETACH_KEYS);
	}
	*ret = k;
	return 0;
}

bool detach_keys_filter(struct detach_keys *k, const char *in, size_t n, char *out, size_t *ret_n)
{
	size_t put = 0;

	for (size_t i = 0; i < n; i++) {
		if (k->n && in[i] == k->keys[k->seen]) {
			if (++k->seen < k->n)
				continue;
			k->seen = 0;
			*ret_n = put;
			return true;
		}
		memcpy(out + put, k->keys, k->seen);
		put += k->seen;
		/* What broke it off may begin it. */
		k->seen = k->n > 1 && k->seen && in[i] == k->keys[0];
		if (!k->seen)
			out[put++] = in[i];
	}
	*ret_n = put;
	return false;
}

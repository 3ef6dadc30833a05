/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "run/attach.h"
#include "tap.h"

/* What comes through of one piece of typing after the other; "!" at the end when it was left. */
static const char *typed(const char *keys, const char *const *pieces, char ret[static 256])
{
	struct detach_keys k = { .n = 0 };
	size_t at = 0;

	if (detach_keys_parse(keys, &k, NULL) < 0)
		return "bad keys";
	for (; *pieces; pieces++) {
		size_t n = 0;
		const bool left = detach_keys_filter(&k, *pieces, strlen(*pieces), ret + at, &n);

		at += n;
		if (left) {
			ret[at++] = '!';
			break;
		}
	}
	ret[at] = '\0';
	return ret;
}
#define TYPED(keys, ...) typed(keys, (const char *const[]){ __VA_ARGS__, NULL }, out)

TEST(sequences)
{
	char out[256];

	CHECK_STR(TYPED("ctrl-p,ctrl-q", "ls\x10\x11more"), "ls!");
	CHECK_STR(TYPED("ctrl-p,ctrl-q", "ls\x10", "\x11more"), "ls!");
	CHECK_STR(TYPED("ctrl-p,ctrl-q", "\x10", "x"), "\x10x");
	CHECK_STR(TYPED("ctrl-p,ctrl-q", "\x10\x10\x11"), "\x10!");
	CHECK_STR(TYPED("a,b,c", "aab", "c"), "a!");
	CHECK_STR(TYPED("a", "xa"), "x!");
	CHECK_STR(TYPED("", "\x10\x11"), "\x10\x11");
	CHECK_STR(TYPED("ctrl-@,ctrl-_", "\x1f"), "\x1f");
}

TEST(bad_keys)
{
	static const char *const bad[] = { "ctrl-",
					   "ctrl-1",
					   "ctrl-pp",
					   "ab",
					   ",",
					   "ctrl-P",
					   "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" };
	struct detach_keys k;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(detach_keys_parse(bad[i], &k, &e) == E_USAGE);
	CHECK(detach_keys_parse("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", &k, &e) == 0 && k.n == 16);
}

TAP_MAIN()

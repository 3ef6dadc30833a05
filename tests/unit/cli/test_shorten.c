/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shorten.h"
#include "tap.h"

TAP_MAIN()

/* The programs that link the command table bring their own. */
struct command;
extern const struct command *const commands[];
const struct command *const commands[] = { NULL };

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void is(const char *text, size_t max, const char *want)
{
	auto_buf b = BUF_INIT(4096);

	cell_short(text, max, &b);
	CHECK_STR(buf_str(&b), want);
}

TEST(digests_are_cut_to_twelve_digits)
{
	is("web@sha256:" DIGITS, 0, "web@sha256:0123456789ab");
	is("sha256:" DIGITS ": hashes to sha256:" DIGITS, 0,
	   "sha256:0123456789ab: hashes to sha256:0123456789ab");
}

TEST(what_is_no_digest_stays)
{
	is("sha256:" DIGITS "0", 0, "sha256:" DIGITS "0");
	is("sha256:0123", 0, "sha256:0123");
	is("sha512:" DIGITS, 0, "sha512:" DIGITS);
	is(DIGITS, 0, DIGITS);
	is("", 0, "");
}

TEST(white_space_is_one_space)
{
	is("  a \t\n b\r\n", 0, "a b");
	is("\n", 0, "");
}

TEST(the_end_is_cut_by_characters_not_bytes)
{
	is("abcd", 4, "abcd");
	is("abcde", 4, "abcd…");
	is("ab   cd", 5, "ab cd");
	is("ab   cde", 5, "ab cd…");
	is("ääää", 4, "ääää");
	is("äääää", 4, "ääää…");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/userns.h"
#include "tap.h"

TAP_MAIN()

TEST(subordinate_ids_by_name_and_number)
{
	struct err e = ERR_INIT;
	struct subids s;
	uint32_t next = 0;

	CHECK(subids_parse(str_of(""), "me", 1001, &s, &next, &e) == 0 && s.n == 0);
	CHECK(next == 100000);
	CHECK(subids_parse(str_of("you:100000:65536\nme:165536:65536\n1001:300000:10\n"), "me",
			   1001, &s, &next, &e) == 0);
	CHECK(s.n == 2 && s.v[0].first == 165536 && s.v[0].n == 65536 && s.v[1].first == 300000 &&
	      s.v[1].n == 10);
	CHECK(next == 300010);
	/* A user without a name has his number only. */
	CHECK(subids_parse(str_of("1001:5:6\n"), NULL, 1001, &s, &next, &e) == 0 && s.n == 1);
	CHECK(next == 100000);
}

TEST(lines_that_are_none_are_passed_over)
{
	static const char *const bad[] = { "me",
					   "me:",
					   "me:1",
					   "me:1:",
					   "me:1:0",
					   "me:x:1",
					   "me:1:-1",
					   "me:1:2:3",
					   "#me:1:2",
					   "me:4294967295:1",
					   "me:4294967294:2",
					   "me:99999999999999999999:1",
					   ":1:2" };
	struct subids s;
	uint32_t next;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(subids_parse(str_of(bad[i]), "me", 1001, &s, &next, NULL) == 0 && s.n == 0);
	CHECK(subids_parse(str_of("me:4294967294:1"), "me", 1001, &s, &next, NULL) == 0 &&
	      s.n == 1 && next == UINT32_MAX);
}

TEST(ranges_at_the_limit_and_past_it)
{
	auto_buf text = BUF_INIT(LIMIT_SUBIDS_FILE);
	struct err e = ERR_INIT;
	struct subids s;
	uint32_t next;

	for (unsigned i = 0; i < LIMIT_SUBID_RANGES; i++)
		buf_printf(&text, "me:%u:1\n", 200000 + i);
	CHECK(subids_parse((struct str){ buf_str(&text), text.n }, "me", 1, &s, &next, &e) == 0 &&
	      s.n == LIMIT_SUBID_RANGES);
	buf_puts(&text, "me:500000:1\n");
	CHECK(subids_parse((struct str){ buf_str(&text), text.n }, "me", 1, &s, &next, &e) ==
	      E_FORMAT);
	/* Somebody else's do not count. */
	CHECK(subids_parse((struct str){ buf_str(&text), text.n }, "you", 1, &s, &next, &e) == 0 &&
	      s.n == 0);
}

TEST(outside_of_any_namespace_of_ours)
{
	CHECK(userns_user() == geteuid());
	CHECK(userns_inside() == (userns_ids() != UINT32_MAX));
}

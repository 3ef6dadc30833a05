/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/restart.h"
#include "tap.h"

TAP_MAIN()

TEST(policies)
{
	static const struct {
		const char *text;
		int r;
		enum restart_when when;
		unsigned max;
	} cases[] = {
		{ "no", 0, RESTART_NO, 0 },
		{ "always", 0, RESTART_ALWAYS, 0 },
		{ "unless-stopped", 0, RESTART_UNLESS_STOPPED, 0 },
		{ "on-failure", 0, RESTART_ON_FAILURE, 0 },
		{ "on-failure:0", 0, RESTART_ON_FAILURE, 0 },
		{ "on-failure:5", 0, RESTART_ON_FAILURE, 5 },
		{ "on-failure:", E_USAGE, 0, 0 },
		{ "on-failure:-1", E_USAGE, 0, 0 },
		{ "on-failure:99999999999", E_USAGE, 0, 0 },
		{ "always:1", E_USAGE, 0, 0 },
		{ "Always", E_USAGE, 0, 0 },
		{ "", E_USAGE, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct restart_policy p = { 0 };

		CHECK(restart_parse(cases[i].text, &p, NULL) == cases[i].r);
		CHECK(p.when == cases[i].when && p.max == cases[i].max);
	}
}

TEST(delays)
{
	unsigned ms = 0;

	for (unsigned want = RESTART_FIRST_MS; want < RESTART_LAST_MS; want *= 2)
		CHECK((ms = restart_delay(ms, 0)) == want);
	CHECK((ms = restart_delay(ms, 9)) == RESTART_LAST_MS);
	CHECK((ms = restart_delay(ms, 9)) == RESTART_LAST_MS);
	CHECK(restart_delay(ms, 10) == RESTART_FIRST_MS);
}

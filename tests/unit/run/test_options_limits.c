/* SPDX-License-Identifier: Apache-2.0 */
#include "run/run.h"
#include "tap.h"

TAP_MAIN()

TEST(ulimits)
{
	static const struct {
		const char *text, *type; /* NULL: refused */
		uint64_t soft, hard;
	} cases[] = {
		{ "nofile=1024", "RLIMIT_NOFILE", 1024, 1024 },
		{ "nofile=1:2", "RLIMIT_NOFILE", 1, 2 },
		{ "fsize=-1", "RLIMIT_FSIZE", UINT64_MAX, UINT64_MAX },
		{ "core=0:-1", "RLIMIT_CORE", 0, UINT64_MAX },
		{ "nofile=2:1", NULL, 0, 0 },
		{ "nofile=-1:1", NULL, 0, 0 },
		{ "nofile=", NULL, 0, 0 },
		{ "nofile", NULL, 0, 0 },
		{ "nofile=1:", NULL, 0, 0 },
		{ "nofile=1:2:3", NULL, 0, 0 },
		{ "NOFILE=1", NULL, 0, 0 },
		{ "=1", NULL, 0, 0 },
		{ "", NULL, 0, 0 },
		{ "cpu=9223372036854775807", "RLIMIT_CPU", INT64_MAX, INT64_MAX },
		{ "cpu=9223372036854775808", NULL, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct spec_rlimit l = { 0 };
		int r = run_parse_ulimit(cases[i].text, &l, NULL);

		CHECK(r == (cases[i].type ? 0 : E_USAGE));
		if (r == 0 && cases[i].type)
			CHECK_STR(l.type, cases[i].type);
		CHECK(l.soft == cases[i].soft && l.hard == cases[i].hard);
	}
}

TEST(hosts)
{
	static const char *const cases[][2] = {
		{ "db:10.0.0.1", "10.0.0.1\tdb\n" },
		{ "db=10.0.0.1", "10.0.0.1\tdb\n" },
		{ "a.b-c:::1", "::1\ta.b-c\n" },
		{ "six=fd00::1", "fd00::1\tsix\n" },
		{ "six:[fd00::1]", "fd00::1\tsix\n" },
		{ "db", NULL },
		{ "db:", NULL },
		{ ":1.2.3.4", NULL },
		{ "db:1.2.3", NULL },
		{ "a b:1.2.3.4", NULL },
		{ "a\nb:1.2.3.4", NULL },
		{ "db:1.2.3.4\nx", NULL },
		{ "db:[1.2.3.4", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_buf line = BUF_INIT(256);
		int r = run_parse_host(cases[i][0], &line, NULL);

		CHECK(r == (cases[i][1] ? 0 : E_USAGE));
		CHECK_STR(buf_str(&line), cases[i][1] ?: "");
	}
}

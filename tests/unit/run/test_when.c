/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/when.h"

#include <stdlib.h>
#include <time.h>

#include "tap.h"

TAP_MAIN()

#define S INT64_C(1000000000)
#define NOW (1800000000 * S)

TEST(times)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} cases[] = {
		{ "0", 0 },
		{ "1136073600", 1136073600 * S },
		{ "1136073600.5", 1136073600 * S + S / 2 },
		{ "1136073600.000000001", 1136073600 * S + 1 },
		{ "10m", NOW - 600 * S },
		{ "-10m", NOW + 600 * S },
		{ "1h30m", NOW - 5400 * S },
		{ "1.5h", NOW - 5400 * S },
		{ "1.25s", NOW - S - S / 4 },
		{ "250ms", NOW - S / 4 },
		{ "0s", NOW },
		{ "2026-11-27T10:00:00Z", 1795773600 * S },
		{ "2026-11-27T10:00:00.000000009Z", 1795773600 * S + 9 },
		{ "2026-11-27T12:00:00+02:00", 1795773600 * S },
		{ "2026-11-27T05:30:00-04:30", 1795773600 * S },
		{ "2026-11-27T10:00", 1795773600 * S },
		{ "2026-11-27T10:00:00", 1795773600 * S },
		{ "2026-11-27", 1795737600 * S },
		{ "", -1 },
		{ "-", -1 },
		{ "10", 10 * S },
		{ "10x", -1 },
		{ "m", -1 },
		{ "1.h", -1 },
		{ ".5h", -1 },
		{ "1h30", -1 },
		{ "--10m", -1 },
		{ "-5", -1 },
		{ "99999999999999999999", -1 },
		{ "9999999h", -1 },
		{ "1136073600.", -1 },
		{ "2026-02-31", -1 },
		{ "2026-13-01", -1 },
		{ "2026-11-27T24:00:00Z", -1 },
		{ "2026-11-27T10:00:00", 1795773600 * S },
		{ "2026-11-27T10:00:00z", -1 },
		{ "2026-11-27T10:00:00+2", -1 },
		{ "2026-11-27 10:00:00", -1 },
		{ "2026-11-27T10", -1 },
		{ "yesterday", -1 },
	};

	(void)setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t got = -1;
		int r = when_parse(cases[i].text, NOW, &got, NULL);

		if (r != (cases[i].want < 0 ? E_USAGE : 0) || got != cases[i].want)
			printf("# '%s': %d %lld\n", cases[i].text, r, (long long)got);
		CHECK(r == (cases[i].want < 0 ? E_USAGE : 0));
		CHECK(got == cases[i].want);
	}
}

TEST(printed)
{
	char text[WHEN_MAX];

	when_print(1795773600 * S + 9, text);
	CHECK_STR(text, "2026-11-27T10:00:00.000000009Z");
}

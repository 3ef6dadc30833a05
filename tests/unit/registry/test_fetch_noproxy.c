/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/noproxy.h"

#include "tap.h"

static bool has(const char *list, const char *url)
{
	struct url u;

	CHECK(url_parse(str_of(url), &u, NULL) == 0);
	return noproxy_has(list, &u);
}

TEST(names)
{
	CHECK(!has(NULL, "https://a.example/"));
	CHECK(!has("", "https://a.example/"));
	CHECK(has("*", "https://a.example/"));
	CHECK(has("b.example, a.example", "https://a.example/"));
	CHECK(has("b.example a.example", "https://a.example/"));
	CHECK(has("EXAMPLE", "https://a.example/"));
	CHECK(has(".example", "https://a.example/"));
	CHECK(has(".a.example", "https://a.example/"));
	CHECK(!has("a.example", "https://ba.example/"));
	CHECK(!has("a.example.org", "https://a.example/"));
	CHECK(!has(".", "https://a.example/"));
	CHECK(!has(",,", "https://a.example/"));
	CHECK(has("*.example", "https://a.example/"));
	CHECK(!has("*.", "https://a.example/"));
	CHECK(!has("a*", "https://a.example/"));
}

TEST(ports)
{
	CHECK(has("a.example:5000", "https://a.example:5000/"));
	CHECK(has("example:5000", "https://a.example:5000/"));
	CHECK(!has("a.example:5001", "https://a.example:5000/"));
	CHECK(has("a.example:443", "https://a.example/"));
	CHECK(!has("a.example:443", "http://a.example/"));
	CHECK(!has("a.example:", "https://a.example/"));
	CHECK(!has("a.example:0", "https://a.example/"));
	CHECK(!has("a.example:x", "https://a.example/"));
	CHECK(has("10.0.0.1:5000", "https://10.0.0.1:5000/"));
	CHECK(!has("10.0.0.1:5001", "https://10.0.0.1:5000/"));
	CHECK(has("[fd00::1]:5000", "https://[fd00::1]:5000/"));
	CHECK(!has("[fd00::1]:5001", "https://[fd00::1]:5000/"));
	CHECK(!has("[fd00::1]x", "https://[fd00::1]:5000/"));
	CHECK(!has("[fd00::1", "https://[fd00::1]:5000/"));
}

TEST(addresses)
{
	CHECK(has("10.0.0.1", "https://10.0.0.1:5000/"));
	CHECK(!has("0.0.1", "https://10.0.0.1/"));
	CHECK(has("10.0.0.0/8", "https://10.9.9.9/"));
	CHECK(!has("10.0.0.0/8", "https://11.9.9.9/"));
	CHECK(has("10.9.8.0/23", "https://10.9.9.9/"));
	CHECK(!has("10.9.8.0/24", "https://10.9.9.9/"));
	CHECK(has("0.0.0.0/0", "https://10.9.9.9/"));
	CHECK(!has("0.0.0.0/0", "https://[fd00::1]/"));
	CHECK(!has("0.0.0.0/0", "https://a.example/"));
	CHECK(!has("10.0.0.0/33", "https://10.9.9.9/"));
	CHECK(!has("10.0.0.0/", "https://10.9.9.9/"));
	CHECK(has("fd00::/8", "https://[fd00::1]:5000/"));
	CHECK(has("fd00::1", "https://[fd00::1]/"));
	CHECK(has("[fd00::1]", "https://[fd00::1]/"));
	CHECK(!has("fe00::/8", "https://[fd00::1]/"));
}

TAP_MAIN()

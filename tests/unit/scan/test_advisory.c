/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit.h"

#include "scan/range.h"
#include "tap.h"

TAP_MAIN()

struct source {
	const char *p;
	size_t n, step;
};

static int64_t read_some(void *arg, char *p, size_t n, struct err *e)
{
	struct source *s = arg;
	size_t take = s->n < n ? s->n : n;

	(void)e;
	take = take < s->step ? take : s->step;
	memcpy(p, s->p, take);
	s->p += take;
	s->n -= take;
	return (int64_t)take;
}

/* How many documents a stream holds; negative when it is broken. Read in pieces of step bytes. */
static int count(const char *p, size_t n, size_t step)
{
	auto_release(json_stream_free) struct json_stream *s = NULL;
	struct source source = { p, n, step };
	struct err e = ERR_INIT;
	struct str doc;
	int r, found = 0;

	if (json_stream_new(&s, read_some, &source, &e) < 0)
		return -1;
	while ((r = json_stream_next(s, &doc, &e)) > 0)
		found++;
	return r < 0 ? r : found;
}

TEST(streams)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "", 0 },
		{ " \n", 0 },
		{ "{}", 1 },
		{ "{\"a\":\"}\\\"{\"}\n{\"b\":{\"c\":{}}}\n", 2 },
		{ "[]", 0 },
		{ "[{},{}]\n", 2 },
		{ " [ { } , {\"a\":[1]} ] ", 2 },
		{ "[{},]", E_FORMAT },
		{ "[{} {}]", E_FORMAT },
		{ "[,{}]", E_FORMAT },
		{ "[{}", E_FORMAT },
		{ "[{}],", E_FORMAT },
		{ "[][]", E_FORMAT },
		{ "{}[{}]", E_FORMAT },
		{ "{", E_FORMAT },
		{ "{\"a\":\"", E_FORMAT },
		{ "1", E_FORMAT },
		{ "{},{}", E_FORMAT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t step = 1; step < 8; step += 3) {
			int got = count(cases[i].text, strlen(cases[i].text), step);

			CHECK(got == cases[i].want);
			if (got != cases[i].want)
				printf("# '%s': %d\n", cases[i].text, got);
		}
}

TEST(stream_document_limit)
{
	const size_t n = LIMIT_ADVISORY_DOC + 1;
	auto_free char *p = malloc(n);

	memset(p, ' ', n);
	p[0] = '{';
	p[LIMIT_ADVISORY_DOC - 1] = '}';
	CHECK(count(p, LIMIT_ADVISORY_DOC, SIZE_MAX) == 1);
	p[LIMIT_ADVISORY_DOC - 1] = ' ';
	p[LIMIT_ADVISORY_DOC] = '}';
	CHECK(count(p, n, SIZE_MAX) == E_FORMAT);
}

/* "affected", or "clean", and the fix, of a version under ranges. Valid until the next call. */
static const char *answer(const char *ecosystem, const char *ranges, const char *version)
{
	static char out[128];
	auto_json *j = NULL;
	struct err e = ERR_INIT;
	struct range_answer a = { false, "" };
	auto_ranges r = { 0 };

	if (json_parse(ranges, strlen(ranges), "ranges", &j, &e) == 0 &&
	    ranges_of_json(j, &r, &e) == 0)
		range_match(version_order_of(str_of(ecosystem)), &r, version, &a);
	(void)snprintf(out, sizeof(out), "%s %s", a.affected ? "affected" : "clean", a.fixed);
	return out;
}

#define DEB(ranges, version) answer("Debian:12", ranges, version)

TEST(ranges)
{
	static const char two[] = "{\"r\":[[\"f\",\"3\",\"i\",\"2\",\"i\",\"0\",\"f\",\"1\"]]}";

	CHECK_STR(DEB(two, "0.5"), "affected 1");
	CHECK_STR(DEB(two, "0"), "affected 1");
	CHECK_STR(DEB(two, "1"), "clean ");
	CHECK_STR(DEB(two, "2"), "affected 3");
	CHECK_STR(DEB(two, "3~rc1"), "affected 3");
	CHECK_STR(DEB(two, "3"), "clean ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"1\",\"l\",\"2\"]]}", "2"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"1\",\"l\",\"2\"]]}", "2.1"), "clean ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"0\"]]}", "99"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"0\",\"f\",\"1\"],[\"i\",\"0\",\"f\",\"2\"]]}", "0.1"),
		  "affected 2");
	CHECK_STR(DEB("{\"r\":[]}", "1"), "clean ");
	CHECK_STR(DEB("{}", "1"), "clean ");
	CHECK_STR(DEB("{\"r\":[[\"f\",\"2\"]]}", "1"), "affected 2");
	CHECK_STR(DEB("{\"v\":[\"1.0-1\",\"2\"]}", "2-0"), "affected ");
	CHECK_STR(DEB("{\"v\":[\"1.0-1\",\"2\"]}", "3"), "clean ");
	CHECK_STR(answer("Alpine:v3.20", "{\"r\":[[\"i\",\"0\",\"f\",\"1.2-r1\"]]}", "1.2_rc1-r5"),
		  "affected 1.2-r1");
}

TEST(what_cannot_be_compared_is_affected)
{
	CHECK_STR(DEB("{\"r\":[[\"i\",\"0\",\"f\",\"1\"]]}", "not a version"), "affected 1");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"0\",\"f\",\"?!\"]]}", "5"), "affected ?!");
}

/* Unless the order is decided before what cannot be compared begins, or it is the same text. */
TEST(what_is_decided_before_it_goes_wrong)
{
	static const char sudo[] = "{\"r\":[[\"i\",\"0\",\"f\",\"1.9.5p2-r0\"]]}";

	CHECK_STR(answer("Alpine:v3.20", sudo, "1.9.15_p5-r0"), "clean ");
	CHECK_STR(answer("Alpine:v3.20", sudo, "1.9.5p2-r0"), "clean ");
	CHECK_STR(answer("Alpine:v3.20", sudo, "1.9.4-r0"), "affected 1.9.5p2-r0");
	CHECK_STR(answer("Alpine:v3.20", sudo, "1.9.5_p2-r0"), "affected 1.9.5p2-r0");
	CHECK_STR(answer("Alpine:v3.20", sudo, "what"), "affected 1.9.5p2-r0");
	CHECK_STR(answer("Alpine:v3.20",
			 "{\"r\":[[\"i\",\"1.2x1\",\"f\",\"1.2x2\",\"f\",\"1.4\"]]}", "1.5-r0"),
		  "affected 1.4");
}

/* A range says nothing of what comes from its limit on, and a limit mends nothing. */
TEST(limited_ranges)
{
	static const char one[] = "{\"r\":[[\"i\",\"1\",\"f\",\"9\",\"u\",\"3\"]]}";

	CHECK_STR(DEB(one, "0.9"), "clean ");
	CHECK_STR(DEB(one, "2"), "affected ");
	CHECK_STR(DEB(one, "3"), "clean ");
	CHECK_STR(DEB(one, "4"), "clean ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"1\",\"f\",\"2\",\"i\",\"4\",\"u\",\"3\"]]}", "5"),
		  "clean ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"1\",\"f\",\"2\",\"u\",\"3\"]]}", "1"), "affected 2");
	CHECK_STR(DEB("{\"r\":[[\"u\",\"3\"]]}", "2"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"4\",\"u\",\"3\"]]}", "2"), "affected ");
}

/* Nothing that contradicts itself makes a package safe. */
TEST(impossible_ranges)
{
	CHECK_STR(DEB("{\"r\":[[\"i\",\"2\",\"f\",\"1\"]]}", "0.5"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"2\",\"f\",\"1\"]]}", "1.5"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"f\",\"1\",\"i\",\"2\"]]}", "3"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"l\",\"1\",\"i\",\"2\"]]}", "1.5"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"1\",\"f\",\"1\"]]}", "1"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"1\",\"f\",\"1\"]]}", "0.9"), "clean ");
	CHECK_STR(DEB("{\"r\":[[]]}", "1"), "affected ");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"0\",\"i\",\"1\",\"f\",\"2\"]]}", "0.5"), "affected 2");
	CHECK_STR(DEB("{\"r\":[[\"i\",\"2\",\"f\",\"1\"],[\"i\",\"0\",\"f\",\"9\"]]}", "3"),
		  "affected ");
}

/* More events than fit without memory of their own. */
TEST(many_events)
{
	auto_buf b = BUF_INIT(4096);

	buf_puts(&b, "{\"r\":[[\"i\",\"0\"");
	for (int i = 1; i < 40; i += 2)
		buf_printf(&b, ",\"f\",\"%d\",\"i\",\"%d\"", i, i + 1);
	buf_puts(&b, "]]}");
	CHECK_STR(DEB(buf_str(&b), "38.5"), "affected 39");
	CHECK_STR(DEB(buf_str(&b), "39.5"), "clean ");
	CHECK_STR(DEB(buf_str(&b), "41"), "affected ");
}

TEST(rows_of_another_form)
{
	static const char *const bad[] = {
		"{\"r\":[[\"i\"]]}",   "{\"r\":[[\"x\",\"1\"]]}",
		"{\"r\":[[\"i\",1]]}", "{\"r\":[{\"i\":\"0\"}]}",
		"{\"v\":[1]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_json *j = NULL;
		auto_ranges r = { 0 };
		struct err e = ERR_INIT;

		CHECK(json_parse(bad[i], strlen(bad[i]), "ranges", &j, &e) == 0);
		CHECK(ranges_of_json(j, &r, &e) == E_FORMAT);
	}
}

/* An object's members as "name=value;", or what went wrong. Valid until the next call. */
static const char *members(const char *text, size_t step)
{
	auto_release(json_stream_free) struct json_stream *s = NULL;
	struct source source = { text, strlen(text), step };
	static char out[256];
	struct err e = ERR_INIT;
	struct str name, value;
	size_t n = 0;
	int r;

	CHECK(json_stream_new(&s, read_some, &source, &e) == 0);
	*out = '\0';
	while ((r = json_stream_member(s, &name, &value, &e)) > 0)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s=%.*s;", (int)name.n, name.p,
				      (int)value.n, value.p);
	return r < 0 ? "broken" : out;
}

TEST(stream_of_members)
{
	static const char *const cases[][2] = {
		{ "{}", "" },
		{ " { } \n", "" },
		{ "{\"a\":1}", "a=1;" },
		{ "{\"a\" : true , \"b\":[1,{\"}\":\"]\"}],\"c\":\"x\\\"y\"}",
		  "a=true;b=[1,{\"}\":\"]\"}];c=\"x\\\"y\";" },
		{ "{\"a\\\"b\":{}}", "a\\\"b={};" },
		{ "", "broken" },
		{ "[]", "broken" },
		{ "{\"a\"", "broken" },
		{ "{\"a\":", "broken" },
		{ "{\"a\":1", "broken" },
		{ "{\"a\":[1", "broken" },
		{ "{\"a\":\"", "broken" },
		{ "{\"a\":1,}", "broken" },
		{ "{,\"a\":1}", "broken" },
		{ "{\"a\":1 \"b\":2}", "broken" },
		{ "{\"a\" 1}", "broken" },
		{ "{\"a\":1}{}", "broken" },
		{ "{\"a\":1},", "broken" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t step = 1; step < 8; step += 3)
			CHECK_STR(members(cases[i][0], step), cases[i][1]);
}

static int osv(const char *text, json_t **ret)
{
	auto_json *doc = NULL;
	struct err e = ERR_INIT;
	int r = json_parse(text, strlen(text), "osv", &doc, &e);

	return r < 0 ? r : advisory_osv(doc, ret, &e);
}

TEST(osv_severity)
{
	static const struct {
		const char *members;
		int severity, score;
	} cases[] = {
		{ "", 0, -1 },
		{ ",\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
		  "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N\"}]",
		  3, 75 },
		{ ",\"severity\":[{\"type\":\"CVSS_V4\",\"score\":\"CVSS:4.0/AV:N\"}],"
		  "\"database_specific\":{\"severity\":\"CRITICAL\"}",
		  4, -1 },
		{ ",\"severity\":[{\"type\":\"Ubuntu\",\"score\":\"medium\"}]", 2, -1 },
		{ ",\"severity\":7,\"database_specific\":[]", 0, -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_buf b = BUF_INIT(4096);
		auto_json *unit = NULL;
		const json_t *row;

		buf_printf(
			&b,
			"{\"id\":\"X-1\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\","
			"\"name\":\"a\"}}]%s}",
			cases[i].members);
		CHECK(osv(buf_str(&b), &unit) == 0);
		row = json_array_get(json_object_get(unit, "rows"), 0);
		CHECK(json_integer_value(json_object_get(row, "s")) == cases[i].severity);
		CHECK(json_integer_value(json_object_get(row, "c")) == cases[i].score);
	}
}

/* An OSV document with n aliases. */
static int with_aliases(size_t n)
{
	auto_buf b = BUF_INIT(1 << 20);
	auto_json *unit = NULL;

	buf_puts(&b, "{\"id\":\"X-0\",\"affected\":[],\"aliases\":[");
	for (size_t i = 1; i <= n; i++)
		buf_printf(&b, "%s\"X-%zu\"", i > 1 ? "," : "", i);
	buf_puts(&b, "]}");
	return osv(buf_str(&b), &unit);
}

static int with_name(size_t n)
{
	auto_buf b = BUF_INIT(1 << 16);
	auto_json *unit = NULL;

	buf_puts(&b,
		 "{\"id\":\"X\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian\",\"name\":\"");
	for (size_t i = 0; i < n; i++)
		buf_putc(&b, 'a');
	buf_puts(&b, "\"}}]}");
	return osv(buf_str(&b), &unit);
}

TEST(osv_limits)
{
	CHECK(with_aliases(LIMIT_ADVISORY_IDS - 1) == 0);
	CHECK(with_aliases(LIMIT_ADVISORY_IDS) == E_FORMAT);
	CHECK(with_name(LIMIT_ADVISORY_STRING) == 0);
	CHECK(with_name(LIMIT_ADVISORY_STRING + 1) == E_FORMAT);
}

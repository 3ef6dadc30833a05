/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <unistd.h>

#include "oci/compress.h"
#include "scan/advisory/unit.h"
#include "scan/range.h"
#include "scan/severity.h"
#include "tap.h"

TAP_MAIN()

static int next_line(void *arg, struct str *ret, struct err *e)
{
	(void)e;
	return str_line(arg, ret);
}

static int put(void *arg, const json_t *unit, struct err *e)
{
	(void)e;
	return json_array_append(arg, (json_t *)(uintptr_t)unit);
}

/* The units of a table, or NULL. */
static json_t *units_of(const char *text, int (*reader)(const struct advisory_lines *,
							const struct unit_sink *, struct err *))
{
	struct str rest = str_of(text);
	const struct advisory_lines lines = { next_line, &rest };
	json_t *units = json_array();
	const struct unit_sink to = { .put = put, .arg = units };
	struct err e = ERR_INIT;

	if (reader(&lines, &to, &e) == 0)
		return units;
	json_decref(units);
	return NULL;
}

static const json_t *row_of(const json_t *unit)
{
	return json_array_get(json_object_get(unit, "rows"), 0);
}

static bool affects(const json_t *row, const char *version)
{
	auto_ranges ranges = { 0 };
	struct range_answer a;
	struct err e = ERR_INIT;

	CHECK(ranges_of_json(row, &ranges, &e) == 0);
	range_match(version_order_of(STR("Linux")), &ranges, version, &a);
	return a.affected;
}

static json_t *kernel(const char *pairs)
{
	auto_buf text = BUF_INIT(4096);
	auto_json *doc = NULL;
	json_t *unit = NULL;
	struct err e = ERR_INIT;

	buf_printf(&text, "{\"id\":\"CVE-2024-1\",\"t\":\"x\",\"cvss\":7.8,\"r\":%s}", pairs);
	CHECK(json_parse(buf_str(&text), text.n, "test", &doc, &e) == 0);
	CHECK(advisory_is_kernel(doc));
	return advisory_kernel(doc, &unit, &e) < 0 ? NULL : unit;
}

/* Which versions pairs of branches call affected. */
TEST(kernel_ranges)
{
	static const struct {
		const char *pairs, *affected, *safe;
	} cases[] = {
		{ "[[\"2.6.19\",\"3.16.66\"],[\"2.6.19\",\"3.18.137\"],[\"2.6.19\",\"5.0\"]]",
		  "2.6.19 2.6.32.70 3.16.65 3.17 3.18.136 3.19 4.20.15 5.0-rc1",
		  "2.6.18 3.16.66 3.16.99 3.18.137 5.0 5.0.1 6.1" },
		/* Brought into two branches, and never mended there. */
		{ "[[\"5.8\",\"5.10.36\"],[\"5.8\",\"5.13\"],[\"4.14.189\",\"0\"],"
		  "[\"5.7.8\",\"0\"]]",
		  "4.14.189 4.14.300 5.7.8 5.7.19 5.8 5.10.35 5.11 5.12.3 5.13-rc7",
		  "4.14.188 4.15 4.19.200 5.7.7 5.10.36 5.13 5.15.1" },
		/* Into a branch, mended in the main line only. */
		{ "[[\"6.1.50\",\"6.6\"],[\"6.5\",\"6.6\"]]", "6.1.50 6.1.99 6.5 6.5.9 6.6-rc1",
		  "6.1.49 6.2 6.4.1 6.6" },
		{ "[[\"2.6.32.70\",\"0\"],[\"4.4\",\"4.4.5\"]]", "2.6.32.70 2.6.32.71 4.4 4.4.4",
		  "2.6.32.69 2.6.33 3.0 4.4.5" },
		{ "[[\"6.1\",\"0\"]]", "6.1 6.1.1 7.0", "6.0 6.1-rc8" },
		{ "[[\"0\",\"4.4.5\"],[\"0\",\"4.5\"]]", "1.0 4.4.4 4.5-rc1", "4.4.5 4.5" },
		/* Once more in one branch. */
		{ "[[\"5.4\",\"5.10.20\"],[\"5.10.30\",\"5.10.40\"]]",
		  "5.4 5.10.19 5.10.30 5.10.39", "5.10.20 5.10.29 5.10.40" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_json *unit = kernel(cases[i].pairs);
		struct str rest = str_of(cases[i].affected), one;

		CHECK(unit);
		while (str_cut(&rest, ' ', &one)) {
			auto_free char *v = str_dup(one);

			if (!affects(row_of(unit), v))
				printf("# case %zu: %s is affected\n", i, v);
			CHECK(affects(row_of(unit), v));
		}
		rest = str_of(cases[i].safe);
		while (str_cut(&rest, ' ', &one)) {
			auto_free char *v = str_dup(one);

			if (affects(row_of(unit), v))
				printf("# case %zu: %s is not\n", i, v);
			CHECK(!affects(row_of(unit), v));
		}
	}
}

TEST(kernel_documents)
{
	static const char *const bad[] = { "[]",
					   "[[\"1\"]]",
					   "[[\"a\",\"b\"]]",
					   "[[\"5.1\",5]]",
					   "[[\"5.1\",\"5.2-x\"]]",
					   "[[\"5.2\",\"5.1\"]]" };
	auto_json *unit = kernel("[[\"5.1\",\"5.2\"]]");

	CHECK(json_integer_value(json_object_get(row_of(unit), "c")) == 78);
	CHECK(json_integer_value(json_object_get(row_of(unit), "s")) == SEVERITY_HIGH);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_json *none = kernel(bad[i]);

		CHECK(!none);
	}
}

TEST(kernel_table)
{
	static const char *const bad[] = {
		"2019-1234\t9.1\tNLNNUHN\t4.3-6.0\ta.c\n",
		"2019-1234\t9.1\tXLNNUHNH\t4.3-6.0\ta.c\n",
		"2019-1234\t9.1\t-\t4.3\ta.c\n",
		"2019-1234\t9.1\t-\n",
		"2019-1234\t-\t-\t4.3-6.0\ta.c\tmore\n",
	};
	auto_json *units = units_of("2019-1234\t9.1\tNLNNUHNH\t4.3-4.14.291,4.3-6.0\ta.c\n"
				    "2020-1234\t-\t-\t4.3-0\t\n",
				    advisory_kernel_table);
	const json_t *row = row_of(json_array_get(units, 0));

	CHECK(json_array_size(units) == 2);
	CHECK(strcmp(json_string_or_null(row, "vec"),
		     "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H") == 0);
	CHECK(json_integer_value(json_object_get(row, "c")) == 91);
	CHECK(affects(row, "4.14.290") && !affects(row, "4.14.291") && affects(row, "4.15"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_json *none = units_of(bad[i], advisory_kernel_table);

		CHECK(!none);
	}
	CHECK(advisory_is_kernel_table(STR("2019-1234\t-\t-\t4.3-6.0\ta.c\n")));
	CHECK(!advisory_is_kernel_table(STR("2019-12\t-\t-\n")));
}

TEST(debian_fixed)
{
	auto_json *units = units_of("a\tCVE-2024-1\t1:2-3+deb12u1\tbookworm-security\n"
				    "a\tCVE-2024-1\t1:2-3+deb12u2\tbookworm-proposed-updates\n"
				    "a\tCVE-2024-2\t4\tunstable\n\n"
				    "b\tCVE-2024-3\t4\tgutsy\n"
				    "b\tCVE-2024-3\t4\tbullseye\n",
				    advisory_debian_fixed);
	auto_json *short_line = units_of("a\tCVE-2024-1\t2\n", advisory_debian_fixed);
	auto_json *no_id = units_of("a\tx\t2\tbookworm\n", advisory_debian_fixed);
	auto_json *no_version = units_of("a\tCVE-2024-1\t\tbookworm\n", advisory_debian_fixed);

	CHECK(json_array_size(units) == 3);
	CHECK(strcmp(json_string_or_null(row_of(json_array_get(units, 0)), "e"), "Debian:12") == 0);
	CHECK(strcmp(json_string_or_null(row_of(json_array_get(units, 2)), "e"), "Debian:11") == 0);
	CHECK(!json_object_get(row_of(json_array_get(units, 0)), "st"));
	CHECK(!short_line && !no_id && !no_version);
	CHECK(advisory_is_debian_fixed(STR("a\tCVE-2024-1\t2\tbookworm\nx")));
	CHECK(!advisory_is_debian_fixed(STR("a\tCVE-2024-1\t2\n")));
	CHECK(!advisory_is_debian_fixed(STR("a\tb\t2\tc\n")));
}

TEST(kernel_versions)
{
	static const char *const order[] = { "",	 "5.10.0-19-amd64", "v6.1", "2.6.19",
					     "2.6.32",	 "2.6.32.70",	    "3.0",  "5.9",
					     "5.10-rc2", "5.10-rc10",	    "5.10", "5.10.1",
					     "5.10.10" };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++) {
			int r = version_linux_compare(str_of(order[i]), str_of(order[k]));

			CHECK((r > 0) - (r < 0) == (i > k) - (i < k));
		}
	CHECK(version_linux_compare(STR("5.0"), STR("5.0.0")) == 0);
	CHECK(version_linux_compare(STR("5.010"), STR("5.10")) == 0);
	CHECK(version_linux_valid(STR("6")) && version_linux_valid(STR("6.1-rc1")));
	CHECK(!version_linux_valid(STR("6.")) && !version_linux_valid(STR("6.1-rc")));
	CHECK(!version_linux_valid(STR("1.2.3.4.5")) && !version_linux_valid(STR("6.1-rc1.2")));
}

static int file_of(const void *p, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	return fd;
}

/* "hello\n" by bzip2; at the limit, one byte past it, and damaged. */
TEST(programs)
{
	static const unsigned char packed[] = {
		0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0xc1, 0xc0, 0x80, 0xe2,
		0x00, 0x00, 0x01, 0x41, 0x00, 0x00, 0x10, 0x02, 0x44, 0xa0, 0x00, 0x30, 0xcd, 0x00,
		0xc3, 0x46, 0x29, 0x97, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0xc1, 0xc0, 0x80, 0xe2
	};
	auto_close int fd = file_of(packed, sizeof(packed));
	auto_close int cut = file_of(packed, sizeof(packed) - 4);
	auto_close int out = file_of("", 0), nowhere = file_of("", 0);
	struct err e = ERR_INIT;
	char got[16];

	CHECK(compression_by_program(COMPRESSION_BZIP2, fd, out, 6, &e) == 0);
	CHECK(pread(out, got, sizeof(got), 0) == 6 && memcmp(got, "hello\n", 6) == 0);
	CHECK(compression_by_program(COMPRESSION_BZIP2, fd, nowhere, 5, &e) == E_FORMAT);
	CHECK(compression_by_program(COMPRESSION_BZIP2, cut, nowhere, 6, &e) == E_FORMAT);
	CHECK(compression_by_program(COMPRESSION_XZ, fd, nowhere, 6, &e) == E_FORMAT);
}

/* A text is read in pieces of one byte to make sure that nothing depends on where it is cut. */
static int64_t bytewise(void *arg, char *p, size_t n, struct err *e)
{
	struct str *s = arg;

	(void)e, (void)n;
	if (!s->n)
		return 0;
	*p = *s->p;
	*s = (struct str){ s->p + 1, s->n - 1 };
	return 1;
}

/* How many units, and how many documents were lost; -1: refused as a whole. */
static int lenient(const char *text, uint64_t *ret_lost)
{
	auto_json *units = json_array();
	struct unit_tally tally = { .lenient = true };
	const struct unit_sink to = { .put = put, .arg = units, .tally = &tally };
	struct str rest = str_of(text);
	struct advisory_input in = { .name = "test", .head = rest, .read = bytewise, .arg = &rest };
	struct err e = ERR_INIT;
	int r = advisory_parse(&in, &to, &e);

	*ret_lost = tally.lost;
	return r < 0 ? -1 : (int)tally.units;
}

#define OSV "{\"id\":\"GO-1\",\"modified\":\"2024-01-01T00:00:00Z\"}"

TEST(lenient_streams)
{
	static const struct {
		const char *text;
		int units;
		uint64_t lost;
	} cases[] = {
		{ OSV "\n" OSV "\n", 2, 0 },
		{ OSV "\n{\"id\":\"x\n" OSV, 2, 1 }, /* cut within a string */
		{ OSV "\n{\"id\":{\n" OSV, 2, 1 },
		{ OSV "\nwords\n" OSV, 2, 1 },
		{ OSV "\n{\"id\":\nwords\n" OSV, 2, 2 },
		{ OSV "\n{\"id\":", 1, 1 },		/* the end is missing */
		{ OSV "\n{\"id\":\"a\"}\n" OSV, 2, 1 }, /* of another kind */
		{ OSV "\n{\"id\":\"a\",\"modified\":\"x\"}\n" OSV, 2, 1 },
		{ "{\n "
		  "\"id\":\"GO-1\",\n\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":\n[\n]\n}",
		  1, 0 }, /* over several lines */
		{ "[" OSV ",{\"id\":\"a\",\"modified\":\"x\"}," OSV "]", 2, 1 },
		{ "[" OSV ",{\"id\":\n" OSV "]", -1, 0 }, /* an array has no lines */
		{ "{\"a\":1}\n" OSV, -1, 0 },		  /* nor is the file of ours */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t lost;
		int units = lenient(cases[i].text, &lost);

		if (units != cases[i].units || (units >= 0 && lost != cases[i].lost))
			printf("# case %zu: %d units, %llu lost\n", i, units,
			       (unsigned long long)lost);
		CHECK(units == cases[i].units && (units < 0 || lost == cases[i].lost));
	}
}

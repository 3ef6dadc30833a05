/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, buffers, strings, encodings, times, tables. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "tap.h"

TAP_MAIN()

TEST(error_wraps_outermost_first)
{
	struct err e = ERR_INIT;

	errno = ENOENT;
	CHECK(FAIL_SYS(&e, "open '%s'", "x") == E_SYSTEM);
	CHECK_STR(e.msg, "open 'x': No such file or directory");
	CHECK(e.sys == ENOENT && e.line > 0 && strstr(e.file, "test_text.c"));
	CHECK(WRAP(&e, E_SYSTEM, "push %d", 1) == E_SYSTEM);
	CHECK_STR(e.msg, "push 1: open 'x': No such file or directory");
}

TEST(error_hint_of_the_inner_layer_stays)
{
	struct err e = ERR_INIT;

	(void)FAIL(&e, E_POLICY, "no");
	CHECK(err_hint(&e, E_POLICY, "first %d", 1) == E_POLICY);
	CHECK(err_hint(&e, E_POLICY, "second") == E_POLICY);
	CHECK_STR(e.hint, "first 1");
	(void)FAIL(&e, E_POLICY, "another");
	CHECK_STR(e.hint, "");
}

TEST(error_too_long_is_cut)
{
	struct err e = ERR_INIT;
	char big[sizeof(e.msg) * 2];

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	(void)FAIL(&e, E_FORMAT, "%s", big);
	CHECK(strlen(e.msg) == sizeof(e.msg) - 1);
	(void)WRAP(&e, E_FORMAT, "outer");
	CHECK(strlen(e.msg) == sizeof(e.msg) - 1 && starts_with(e.msg, "outer: xxx"));
	errno = ENOSPC;
	(void)FAIL_SYS(&e, "%s", big);
	CHECK(strlen(e.msg) == sizeof(e.msg) - 1);
	(void)err_hint(&e, E_FORMAT, "%s", big);
	CHECK(strlen(e.hint) == sizeof(e.hint) - 1);
}

TEST(error_may_be_null)
{
	CHECK(FAIL(NULL, E_FORMAT, "x") == E_FORMAT);
	CHECK(WRAP(NULL, E_FORMAT, "x") == E_FORMAT);
	CHECK(err_hint(NULL, E_FORMAT, "x") == E_FORMAT);
}

TEST(exit_statuses)
{
	static const struct {
		int r, status;
	} cases[] = {
		{ E_OK, 0 },	 { E_USAGE, 2 },    { E_POLICY, 3 },	{ E_VERIFY, 4 },
		{ E_FORMAT, 5 }, { E_NOTFOUND, 5 }, { E_SYSTEM, 6 },	{ E_NOMEM, 6 },
		{ E_REMOTE, 7 }, { E_SIGNAL, 130 }, { E_INTERNAL, 70 }, { -99, 70 },
		{ 5, 0 }, /* a count is a success */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK(err_exit_status(cases[i].r) == cases[i].status);
}

TEST(buf_at_its_cap_and_one_more)
{
	auto_buf b = BUF_INIT(8);
	struct err e = ERR_INIT;

	buf_puts(&b, "12345678");
	CHECK(buf_check(&b, "x", &e) == 0 && b.n == 8);
	CHECK_STR(buf_str(&b), "12345678");
	buf_putc(&b, '9');
	CHECK(buf_check(&b, "the thing", &e) == E_FORMAT);
	CHECK(strstr(e.msg, "the thing"));
	CHECK_STR(buf_str(&b), "12345678");
	buf_puts(&b, ""); /* sticky */
	CHECK(buf_check(&b, "x", &e) == E_FORMAT && !buf_take(&b));
	buf_reset(&b);
	buf_printf(&b, "%s-%d", "abc", 42);
	CHECK(buf_check(&b, "x", &e) == 0);
	CHECK_STR(buf_str(&b), "abc-42");
	buf_reset(&b);
	buf_printf(&b, "%s", "123456789");
	CHECK(buf_check(&b, "x", &e) == E_FORMAT);
}

TEST(buf_empty_and_taken)
{
	auto_buf b = BUF_INIT(100);
	char *s;

	CHECK_STR(buf_str(&b), "");
	s = buf_take(&b);
	CHECK(s && *s == '\0');
	free(s);
	buf_puts(&b, "x");
	s = buf_take(&b);
	CHECK_STR(s, "x");
	free(s);
	CHECK(b.n == 0 && !b.p);
	buf_put(&b, "a\0b", 3);
	CHECK(b.n == 3 && memcmp(b.p, "a\0b", 4) == 0);
}

TEST(str_cut_and_lines)
{
	struct str rest = STR("a,,b,"), f;

	CHECK(str_cut(&rest, ',', &f) && str_eqz(f, "a"));
	CHECK(str_cut(&rest, ',', &f) && f.n == 0);
	CHECK(str_cut(&rest, ',', &f) && str_eqz(f, "b"));
	CHECK(!str_cut(&rest, ',', &f)); /* no empty field after a final separator */
	rest = STR("one\ntwo");
	CHECK(str_line(&rest, &f) && str_eqz(f, "one"));
	CHECK(str_line(&rest, &f) && str_eqz(f, "two"));
	CHECK(!str_line(&rest, &f));
	rest = (struct str){ NULL, 0 };
	CHECK(!str_line(&rest, &f));
}

TEST(str_basics)
{
	CHECK(str_eq((struct str){ NULL, 0 }, STR("")) && !str_eq(STR("a"), STR("b")));
	CHECK(str_starts(STR("abc"), "ab") && !str_starts(STR("a"), "ab"));
	CHECK(str_ends(STR("abc"), "bc") && !str_ends(STR("c"), "bc"));
	CHECK(str_eqz(str_trim(STR(" \t\r\nx y\n ")), "x y") && str_trim(STR(" \n")).n == 0);
	CHECK(starts_with("abc", "") && ends_with("abc", "") && !ends_with("", "x"));

	char *s = str_dup((struct str){ "abc", 2 });

	CHECK_STR(s, "ab");
	free(s);
}

TEST(numbers)
{
	static const char *const bad[] = { "",
					   "01",
					   "00",
					   "+1",
					   "-1",
					   " 1",
					   "1 ",
					   "1x",
					   "0x1",
					   "18446744073709551616",
					   "99999999999999999999999" };
	uint64_t v = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(str_u64(str_of(bad[i]), UINT64_MAX, &v, NULL) == E_FORMAT && v == 7);
	CHECK(str_u64(STR("0"), UINT64_MAX, &v, NULL) == 0 && v == 0);
	CHECK(str_u64(STR("18446744073709551615"), UINT64_MAX, &v, NULL) == 0 && v == UINT64_MAX);
	CHECK(str_u64(STR("100"), 100, &v, NULL) == 0 && v == 100);
	CHECK(str_u64(STR("101"), 100, &v, NULL) == E_FORMAT && v == 100);
}

TEST(utf8)
{
	static const char *const good[] = { "",
					    "a",
					    "\xc3\xa9",
					    "\xe2\x82\xac",
					    "\xf0\x9f\x9a\xa2",
					    "\xf4\x8f\xbf\xbf",
					    "\xed\x9f\xbf",
					    "\xef\xbf\xbf" };
	static const char *const bad[] = {
		"\x80",
		"\xc3",
		"\xc0\xaf",
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80", /* a surrogate */
		"\xf4\x90\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf5\x80\x80\x80",
		"\xff",
		"a\xe2\x82",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(str_utf8(str_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!str_utf8(str_of(bad[i])));
	CHECK(!str_utf8((struct str){ "a\0b", 3 }));
}

TEST(sanitize)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "tab\tand\nline", "tab\tand\nline" },
		{ "\033[2J", "?[2J" },
		{ "a\177b\rc", "a?b?c" },
		{ "caf\xc3\xa9 \xf0\x9f\x9a\xa2", "caf\xc3\xa9 \xf0\x9f\x9a\xa2" },
		{ "\xc2\x9b"
		  "2J",
		  "??2J" }, /* CSI as one C1 control */
		{ "\xff\xfe", "??" },
		{ "cut \xe2\x82", "cut ??" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *s = strdup(cases[i].in);

		text_sanitize(s);
		CHECK_STR(s, cases[i].out);
		CHECK(str_utf8(str_of(s)));
		free(s);
	}
}

TEST(string_lists)
{
	auto_strv l = { 0 };

	CHECK(!strv_has(&l, "a"));
	CHECK(strv_add(&l, "a", NULL) == 0 && strv_addf(&l, NULL, "%d-%s", 1, "b") == 0);
	CHECK(l.n == 2 && l.v[2] == NULL && strv_has(&l, "1-b") && !strv_has(&l, "1"));
}

TEST(hex)
{
	auto_buf b = BUF_INIT(100);
	unsigned char raw[3] = { 9, 9, 9 };

	hex_put(&b, "\x00\xab\xff", 3);
	CHECK_STR(buf_str(&b), "00abff");
	CHECK(hex_decode(STR("00abff"), raw, 3, NULL) == 0 && raw[1] == 0xab && raw[2] == 0xff);
	CHECK(hex_decode(STR("00ABff"), raw, 3, NULL) == E_FORMAT); /* lower case only */
	CHECK(hex_decode(STR("00abf"), raw, 3, NULL) == E_FORMAT);
	CHECK(hex_decode(STR("00abff00"), raw, 3, NULL) == E_FORMAT);
	CHECK(hex_decode(STR("00abfg"), raw, 3, NULL) == E_FORMAT);
	CHECK(hex_decode(STR(""), raw, 0, NULL) == 0);
}

TEST(base64_known_answers)
{
	/* RFC 4648 section 10. */
	static const char *const text[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	static const char *const std[] = { "",	       "Zg==",	   "Zm8=",    "Zm9v",
					   "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	static const char *const url[] = {
		"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"
	};

	for (size_t i = 0; i < 7; i++) {
		auto_buf s = BUF_INIT(100);
		auto_buf u = BUF_INIT(100);
		auto_buf back = BUF_INIT(100);

		b64_put(&s, B64_STD, text[i], i);
		b64_put(&u, B64_URL, text[i], i);
		CHECK_STR(buf_str(&s), std[i]);
		CHECK_STR(buf_str(&u), url[i]);
		CHECK(b64_decode(str_of(std[i]), B64_STD, &back, NULL) == 0);
		CHECK_STR(buf_str(&back), text[i]);
		buf_reset(&back);
		CHECK(b64_decode(str_of(url[i]), B64_URL, &back, NULL) == 0);
		CHECK_STR(buf_str(&back), text[i]);
	}

	auto_buf b = BUF_INIT(100);

	b64_put(&b, B64_STD, "\xfb\xff", 2);
	b64_put(&b, B64_URL, "\xfb\xff", 2);
	CHECK_STR(buf_str(&b), "+/8=-_8");
}

TEST(base64_strict)
{
	static const char *const bad_std[] = { "Zg",   "Zg=",  "Z===",	"Zg==Zg==",
					       "Zh==", "Zm9=", "Zm9v ", "Zm9v\n",
					       "-_8=", "=",    "====",	"Zm=v" };
	static const char *const bad_url[] = { "Zg==", "Z", "Zh", "+/8", "Zm9v=", "Zm9vY" };
	auto_buf b = BUF_INIT(100);

	for (size_t i = 0; i < sizeof(bad_std) / sizeof(*bad_std); i++) {
		CHECK(b64_decode(str_of(bad_std[i]), B64_STD, &b, NULL) == E_FORMAT);
		if (b64_decode(str_of(bad_std[i]), B64_STD, &b, NULL) != E_FORMAT)
			printf("# '%s'\n", bad_std[i]);
	}
	for (size_t i = 0; i < sizeof(bad_url) / sizeof(*bad_url); i++)
		CHECK(b64_decode(str_of(bad_url[i]), B64_URL, &b, NULL) == E_FORMAT);
	auto_buf small = BUF_INIT(2);

	CHECK(b64_decode(STR("Zm8="), B64_STD, &small, NULL) == 0);
	buf_reset(&small);
	CHECK(b64_decode(STR("Zm9v"), B64_STD, &small, NULL) == E_FORMAT); /* over the cap */
}

TEST(times)
{
	static const struct {
		const char *s;
		int64_t t;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-25T17:28:51Z", 1795627731 },
		{ "2026-11-25T18:28:51+01:00", 1795627731 },
		{ "2026-11-25T12:28:51.999999999-05:00", 1795627731 },
		{ "2024-02-29T00:00:00z", 1709164800 },
		{ "2000-02-29 00:00:00Z", 951782400 },
		{ "0001-01-01T00:00:00Z", -62135596800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = {
		"",
		"2026-11-25",
		"2026-11-25T17:28:51",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00+1",
		"2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00Zx",
		" 2026-01-01T00:00:00Z",
		"26-01-01T00:00:00Z",
	};
	char back[RFC3339_MAX];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		int64_t t = 1;

		CHECK(clock_parse_rfc3339(str_of(good[i].s), &t, NULL) == 0 && t == good[i].t);
		if (t != good[i].t)
			printf("# '%s' is %lld\n", good[i].s, (long long)t);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int64_t t = 1;

		CHECK(clock_parse_rfc3339(str_of(bad[i]), &t, NULL) == E_FORMAT && t == 1);
	}
	clock_rfc3339(1795627731, back);
	CHECK_STR(back, "2026-11-25T17:28:51Z");
	clock_rfc3339(INT64_MAX, back); /* cannot be told: no crash, a valid time */
	CHECK(ends_with(back, "Z"));
}

TEST(tables)
{
	static const char *const headings[] = { "NAME", "SIZE", "NOTE" };
	static const char *const rows[][3] = { { "caf\xc3\xa9", "1", "a\033b" },
					       { "longer-name", NULL, "" } };
	auto_release(table_free) struct table *t = NULL;
	auto_buf b = BUF_INIT(4096);

	CHECK(table_new(&t, headings, 3, NULL) == 0);
	CHECK(table_row(t, rows[0], NULL) == 0 && table_row(t, rows[1], NULL) == 0);
	CHECK(table_render(t, &b, NULL) == 0);
	CHECK_STR(buf_str(&b), "NAME         SIZE  NOTE\n"
			       "caf\xc3\xa9         1     a?b\n"
			       "longer-name  -     \n");
}

TEST(words)
{
	CHECK(has_word("cpu memory pids\n", "pids") && has_word("cpu", "cpu"));
	CHECK(!has_word("cpuset memory", "cpu") && !has_word("cpu", "cpuset"));
	CHECK(!has_word("", "cpu") && !has_word("CPU", "cpu") && !has_word("a  b", "c"));
	CHECK(has_word_any_case("CVE-2024-1 ghsa-x", "GHSA-X"));
	CHECK(!has_word_any_case("CVE-2024-10", "cve-2024-1"));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/version.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "tap.h"

TAP_MAIN()

typedef int (*compare_fn)(struct str a, struct str b);

static int sign(int v)
{
	return v < 0 ? -1 : v > 0;
}

/* A row of versions, each less than the next; all pairs are compared, both ways. */
static void check_row(const char *name, compare_fn compare, const char *const *row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int want = i < j ? -1 : i > j,
			    got = compare(str_of(row[i]), str_of(row[j]));

			CHECK(sign(got) == want);
			if (sign(got) != want)
				printf("# %s: %s against %s: %d\n", name, row[i], row[j], got);
		}
}

#define CHECK_ROW(compare, ...)                                                                    \
	check_row(#compare, compare, (const char *const[]){ __VA_ARGS__ },                         \
		  sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))
#define CHECK_SAME(compare, a, b)                                                                  \
	CHECK(compare(STR(a), STR(b)) == 0 && compare(STR(b), STR(a)) == 0)

TEST(dpkg_rows)
{
	CHECK_ROW(version_dpkg_compare, "~~", "~~a", "~", "", "a", "+");
	CHECK_ROW(version_dpkg_compare, "1.0~rc1-1", "1.0~rc1-1+b1", "1.0-1~bpo12+1", "1.0-1",
		  "1.0-1+deb12u1", "1.0-1.1", "1.0-10", "1.0a-1", "1.0+dfsg-1", "1.0.1-1");
	CHECK_ROW(version_dpkg_compare, "9", "10", "1:0", "1:0.1", "2:0~");
	CHECK_ROW(version_dpkg_compare, "3.0.11-1~deb12u2", "3.0.14-1~deb12u1", "3.0.14-1~deb12u2",
		  "3.0.14-1", "3.0.15-1~deb12u1");
	CHECK_ROW(version_dpkg_compare, "7.4.052-1", "7.4.1829-1", "8.2.2434-3+deb11u1",
		  "9.0.1378-2");
	CHECK_ROW(version_dpkg_compare, "1-99999999999999999998", "1-99999999999999999999",
		  "1-100000000000000000000");
}

TEST(dpkg_same)
{
	CHECK_SAME(version_dpkg_compare, "1.0", "1.0-0");
	CHECK_SAME(version_dpkg_compare, "0:1.0-1", "1.0-1");
	CHECK_SAME(version_dpkg_compare, "1.01", "1.1");
	CHECK_SAME(version_dpkg_compare, "1.0.", "1.0.0");
	CHECK_SAME(version_dpkg_compare, "00:1", "1");
}

TEST(dpkg_valid)
{
	CHECK(version_dpkg_valid(STR("2:1.0~rc1+dfsg-1.1+b2")));
	CHECK(version_dpkg_valid(STR("1:1:2-3")));
	CHECK(version_dpkg_valid(STR("0")));
	CHECK(!version_dpkg_valid(STR("")));
	CHECK(!version_dpkg_valid(STR("a1")));
	CHECK(!version_dpkg_valid(STR("1.0-")));
	CHECK(!version_dpkg_valid(STR("1:2:a b")));
	CHECK(!version_dpkg_valid(STR("1:")));
	CHECK(!version_dpkg_valid(STR("x:1")));
	CHECK(!version_dpkg_valid(STR("1_2")));
	CHECK(!version_dpkg_valid(STR("2147483648:1")));
	CHECK(version_dpkg_valid(STR("2147483647:1")));
}

TEST(apk_rows)
{
	CHECK_ROW(version_apk_compare, "1.0_alpha", "1.0_alpha2", "1.0_alpha10", "1.0_beta",
		  "1.0_pre", "1.0_rc1", "1.0", "1.0-r0", "1.0-r1", "1.0-r10", "1.0~1f", "1.0_cvs",
		  "1.0_svn", "1.0_git20240101", "1.0_hg", "1.0_p1-r0", "1.0_p2", "1.0a", "1.0b",
		  "1.0.0", "1.0.1", "1.1");
	CHECK_ROW(version_apk_compare, "1.0", "1.00", "1.01", "1.010", "1.02", "1.1", "1.9",
		  "1.10");
	CHECK_ROW(version_apk_compare, "1.36.1-r29", "1.36.1-r30", "1.37.0-r0", "3", "20");
	CHECK_ROW(version_apk_compare, "1.0_rc1_p1", "1.0");
	CHECK_ROW(version_apk_compare, "99999999999999999998", "99999999999999999999",
		  "100000000000000000000");
}

TEST(apk_same)
{
	CHECK_SAME(version_apk_compare, "1.0_rc1", "1.0_rc01");
	CHECK_SAME(version_apk_compare, "01.2", "1.2");
	CHECK_SAME(version_apk_compare, "1.2-r01", "1.2-r1");
}

TEST(apk_valid)
{
	CHECK(version_apk_valid(STR("1.2.3b_rc1_p2~0af-r12")));
	CHECK(version_apk_valid(STR("0")));
	CHECK(!version_apk_valid(STR("")));
	CHECK(!version_apk_valid(STR("v1")));
	CHECK(!version_apk_valid(STR("1.")));
	CHECK(!version_apk_valid(STR("1.2ab")));
	CHECK(!version_apk_valid(STR("1.2_foo")));
	CHECK(!version_apk_valid(STR("1.2~")));
	CHECK(!version_apk_valid(STR("1.2~xyz")));
	CHECK(!version_apk_valid(STR("1.2-1")));
	CHECK(!version_apk_valid(STR("1.2-r")));
	CHECK(!version_apk_valid(STR("1.2-r1.2")));
	CHECK(!version_apk_valid(STR("1.2-r1_p1")));
}

/* What apk itself would refuse, but can order before it comes to what is wrong. */
TEST(apk_decided)
{
	CHECK(version_apk_decided(STR("1.9.5p2-r0"), STR("1.9.15_p5-r0")));
	CHECK(version_apk_compare(STR("1.9.5p2-r0"), STR("1.9.15_p5-r0")) < 0);
	CHECK(version_apk_decided(STR("2021-03-27-r5"), STR("2020.1-r0")));
	CHECK(version_apk_decided(STR("4.8.0.-r1"), STR("4.8.1-r0")));
	CHECK(version_apk_decided(STR("1.2_rc2-x"), STR("1.2_rc1-r0")));
	CHECK(!version_apk_decided(STR("1.9.5p2-r0"), STR("1.9.5_p2-r0")));
	CHECK(!version_apk_decided(STR("1.9.5p2-r0"), STR("1.9.5q-r0")));
	CHECK(!version_apk_decided(STR("1.2.31-0"), STR("1.2.31-r0")));
	CHECK(!version_apk_decided(STR("1.2.31-0"), STR("1.2.31.1-r0")));
	CHECK(!version_apk_decided(STR("x"), STR("1")));
	CHECK(!version_apk_decided(STR(""), STR("")));
}

TEST(rpm_rows)
{
	CHECK_ROW(version_rpm_compare, "1.0~~", "1.0~", "1.0~rc1", "1.0", "1.0^", "1.0^git1~2",
		  "1.0^git1", "1.0^git2", "1.0a", "1.0.1", "1.1");
	CHECK_ROW(version_rpm_compare, "3.0.7-24.el9", "3.0.7-24.el9_3", "3.0.7-25.el9",
		  "3.0.7-25.el9_3", "1:1.0-1", "1:1.0.2k-1", "2:0-1");
	CHECK_ROW(version_rpm_compare, "a", "b", "1", "1.a", "1.b", "1.1", "10");
	CHECK_ROW(version_rpm_compare, "1.0", "1.0-", "1.0-1", "1.0-1.module_el8.3.0+2023+d2377ea3",
		  "1.0-1.module_el8.10.0+1");
	CHECK_ROW(version_rpm_compare, "1-99999999999999999998", "1-99999999999999999999",
		  "1-100000000000000000000");
}

TEST(rpm_same)
{
	CHECK_SAME(version_rpm_compare, "1.0", "1..0");
	CHECK_SAME(version_rpm_compare, "1.0", "1_0");
	CHECK_SAME(version_rpm_compare, "1.0", "1.00");
	CHECK_SAME(version_rpm_compare, "0:1.0-1", "1.0-1");
	CHECK_SAME(version_rpm_compare, "1.0+", "1.0");
	CHECK_SAME(version_rpm_compare, "\xff", "");
}

TEST(rpm_valid)
{
	CHECK(version_rpm_valid(STR("1:1.2.3~rc1^20240101git-4.module_el8.3.0+2023+d2377ea3")));
	CHECK(version_rpm_valid(STR("r12")));
	CHECK(version_rpm_valid(STR("4294967295:1-1")));
	CHECK(!version_rpm_valid(STR("4294967296:1-1")));
	CHECK(!version_rpm_valid(STR("")));
	CHECK(!version_rpm_valid(STR(":1")));
	CHECK(!version_rpm_valid(STR("1:")));
	CHECK(!version_rpm_valid(STR("1-")));
	CHECK(!version_rpm_valid(STR("-1")));
	CHECK(!version_rpm_valid(STR("1-2-3")));
	CHECK(!version_rpm_valid(STR("1:2:3-1")));
	CHECK(!version_rpm_valid(STR("1 2")));
	CHECK(!version_rpm_valid(STR("1\0")));
	CHECK(!version_rpm_valid(STR("\xc3\xa9")));
}

TEST(pacman_rows)
{
	CHECK_ROW(version_pacman_compare, "not a version", "1.0a-1", "1.0alpha-1", "1.0b-1",
		  "1.0beta-1", "1.0p-1", "1.0pre-1", "1.0rc-1", "1.0-1", "1.0-2", "1.0-10",
		  "1.0.a-1", "1.0.1-1", "1.1-1", "1:0-1");
	CHECK_ROW(version_pacman_compare, "1.2.r10.gabc-1", "1.2.r10.gabd-1", "1.2.r9999.ga-1");
}

TEST(pacman_same)
{
	CHECK_SAME(version_pacman_compare, "1.0-1", "0:1.00-01");
	CHECK_SAME(version_pacman_compare, "1_0-1", "1.0-1");
}

TEST(pacman_valid)
{
	CHECK(version_pacman_valid(STR("1:1.2.3_rc1+r3+gabc-1.1")));
	CHECK(!version_pacman_valid(STR("1.0")));
	CHECK(!version_pacman_valid(STR("1..0-1")));
	CHECK(!version_pacman_valid(STR("1.-1")));
	CHECK(!version_pacman_valid(STR(".1-1")));
	CHECK(!version_pacman_valid(STR(":1-1")));
	CHECK(!version_pacman_valid(STR("1-")));
	CHECK(!version_pacman_valid(STR("")));
}

TEST(go_rows)
{
	CHECK_ROW(version_go_compare, "", "(devel)", "1.0.", "v0.0.0-20190101000000-abcdef123456",
		  "v0.0.0-20240101000000-000000000000", "v0.0.0", "v0.1.0", "1.0.0-0", "1.0.0-1",
		  "v1.0.0-10", "1.0.0--", "1.0.0-alpha", "1.0.0-alpha.1", "v1.0.0-alpha.beta",
		  "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
		  "1.0.0-rc.1.0.20240101000000-abcdef123456", "v1", "v1.0.1-0.20240101000000-abc",
		  "1.0.1", "1.19.8", "1.20.0-rc.1", "1.20", "1.20.1", "v2.0.0+incompatible",
		  "9999999999999999999999.0.0", "10000000000000000000000.0.0");
}

TEST(go_same)
{
	CHECK_SAME(version_go_compare, "v1.2.3", "1.2.3");
	CHECK_SAME(version_go_compare, "1.20", "1.20.0");
	CHECK_SAME(version_go_compare, "v1", "1.0.0");
	CHECK_SAME(version_go_compare, "v2.0.0+incompatible", "2.0.0");
	CHECK_SAME(version_go_compare, "v1.0.0-rc.1+a.b", "v1.0.0-rc.1+c");
}

TEST(go_valid)
{
	CHECK(version_go_valid(STR("v1.2.3-rc.1.x-y+meta.01")));
	CHECK(version_go_valid(STR("1.2")));
	CHECK(!version_go_valid(STR("")));
	CHECK(!version_go_valid(STR("v")));
	CHECK(!version_go_valid(STR("vv1")));
	CHECK(!version_go_valid(STR("(devel)")));
	CHECK(!version_go_valid(STR("go1.2.3")));
	CHECK(!version_go_valid(STR("1.02")));
	CHECK(!version_go_valid(STR("1.2-rc")));
	CHECK(!version_go_valid(STR("1.2.3.4")));
	CHECK(!version_go_valid(STR("1.2.3-")));
	CHECK(!version_go_valid(STR("1.2.3-01")));
	CHECK(!version_go_valid(STR("1.2.3-a..b")));
	CHECK(!version_go_valid(STR("1.2.3+")));
	CHECK(!version_go_valid(STR("1.2.3-a+b+c")));
	CHECK(!version_go_valid(STR("1.2.3-\xc3\xa9")));
}

TEST(length_limit)
{
	char v[LIMIT_VERSION + 2];

	memset(v, '1', sizeof(v));
	CHECK(version_dpkg_valid((struct str){ v, LIMIT_VERSION }));
	CHECK(!version_dpkg_valid((struct str){ v, LIMIT_VERSION + 1 }));
	CHECK(version_rpm_valid((struct str){ v, LIMIT_VERSION }));
	CHECK(!version_rpm_valid((struct str){ v, LIMIT_VERSION + 1 }));
	CHECK(version_go_valid((struct str){ v, LIMIT_VERSION }));
	CHECK(!version_go_valid((struct str){ v, LIMIT_VERSION + 1 }));
	v[1] = '-';
	CHECK(version_pacman_valid((struct str){ v, LIMIT_VERSION }));
	CHECK(!version_pacman_valid((struct str){ v, LIMIT_VERSION + 1 }));
	v[1] = '1';
	CHECK(version_apk_valid((struct str){ v, LIMIT_VERSION }));
	CHECK(!version_apk_valid((struct str){ v, LIMIT_VERSION + 1 }));
}

TEST(orders_of_ecosystems)
{
	CHECK_STR(version_order_of(STR("Debian:12"))->name, "dpkg");
	CHECK_STR(version_order_of(STR("Ubuntu:24.04:LTS"))->name, "dpkg");
	CHECK_STR(version_order_of(STR("Alpine:v3.20"))->name, "apk");
	CHECK_STR(version_order_of(STR("Wolfi"))->name, "apk");
	CHECK_STR(version_order_of(STR("MinimOS"))->name, "apk");
	CHECK_STR(version_order_of(STR("BellSoft Hardened Containers:25"))->name, "apk");
	CHECK_STR(version_order_of(STR("Echo"))->name, "dpkg");
	CHECK_STR(version_order_of(STR("AlmaLinux:9"))->name, "rpm");
	CHECK_STR(version_order_of(STR("openSUSE:Leap 15.6"))->name, "rpm");
	CHECK_STR(version_order_of(STR("Red Hat:enterprise_linux:9::baseos"))->name, "rpm");
	CHECK_STR(version_order_of(STR("Arch Linux"))->name, "pacman");
	CHECK_STR(version_order_of(STR("Go"))->name, "go");
	CHECK(!version_order_of(STR("PyPI")));
	CHECK(!version_order_of(STR("")));
}

/* Against the real tools: random versions, from a fixed seed, made of what versions are made of. */
enum { PAIRS = 500 };

static uint32_t seed = 20261125;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void put_number(struct buf *b)
{
	static const char *const numbers[] = { "0",  "1",  "2",	 "9",	    "10",
					       "11", "00", "01", "20240101" };

	buf_puts(b, numbers[pick(9)]);
}

static void put_dpkg(struct buf *b)
{
	static const char *const marks[] = { "~", "+",	 ".",	    "a", "b",
					     "Z", "~rc", "+deb12u", "-", "~~" };

	if (pick(5) == 0)
		buf_printf(b, "%u:", pick(3));
	put_number(b);
	for (uint32_t i = pick(4); i > 0; i--) {
		buf_puts(b, marks[pick(10)]);
		put_number(b);
	}
	if (pick(2))
		buf_printf(b, "-%u%s", pick(12), pick(3) ? "" : "+b1");
}

/* The apk at hand is of version 2, which knows neither "~hash" nor more than one leading zero: the
 * rows above stand for those. */
static void put_apk(struct buf *b)
{
	static const char *const names[] = { "alpha", "beta", "pre", "rc", "cvs",
					     "svn",   "git",  "hg",  "p",  "x" };

	put_number(b);
	for (uint32_t i = pick(3); i > 0; i--) {
		buf_putc(b, '.');
		buf_printf(b, pick(5) ? "%u" : "0%u", 1 + pick(9));
	}
	if (pick(4) == 0)
		buf_putc(b, (char)('a' + pick(3)));
	for (uint32_t i = pick(3) ? 0 : 1 + pick(2); i > 0; i--) {
		buf_printf(b, "_%s", names[pick(pick(8) ? 9 : 10)]);
		if (pick(2))
			put_number(b);
	}
	if (pick(2))
		buf_printf(b, "-r%u", pick(12));
}

static void put_rpm(struct buf *b)
{
	static const char *const marks[] = { ".",  "~",	 "^",	 "_",	"+",   ".module_el8.",
					     "a",  "rc", ".el9", ".fc", "..",  "~rc",
					     "~~", "^^", "~^",	 "^~",	"git", "." };

	if (pick(5) == 0)
		buf_printf(b, "%u:", pick(3));
	put_number(b);
	for (uint32_t i = pick(5); i > 0; i--) {
		buf_puts(b, marks[pick(18)]);
		if (pick(4))
			put_number(b);
	}
	if (pick(4))
		buf_printf(b, "-%u%s%u", pick(12), marks[pick(18)], pick(12));
}

static void put_pacman(struct buf *b)
{
	static const char *const marks[] = {
		".", "_", "+", "a", "rc", ".r", ".g", "+r", ".", "_rc"
	};

	if (pick(5) == 0)
		buf_printf(b, "%u:", pick(3));
	put_number(b);
	for (uint32_t i = pick(4); i > 0; i--) {
		buf_puts(b, marks[pick(10)]);
		put_number(b);
	}
	buf_printf(b, pick(6) ? "-%u" : "-%u.1", pick(12));
}

static void put_go(struct buf *b)
{
	static const char *const words[] = {
		"0", "1", "10",	 "rc",	 "alpha", "01", "20240101000000-abcdef123456",
		"-", "Z", "x-1", "beta", "9"
	};
	uint32_t parts = pick(12);

	buf_printf(b, "v%u.%u", pick(3), pick(12));
	if (parts == 0)
		return;
	buf_printf(b, pick(30) ? ".%u" : ".0%u", pick(12));
	for (uint32_t i = 0, n = parts > 5 ? 0 : 1 + pick(3); i < n; i++)
		buf_printf(b, "%s%s", i ? "." : "-", words[pick(12)]);
	if (pick(5) == 0)
		buf_puts(b, pick(2) ? "+incompatible" : "+b.01");
}

/* The tool reads pairs from its standard input and answers with a line of "<", "=" or ">" each. */
static void check_tool(const char *const *argv, compare_fn compare, bool (*valid)(struct str v),
		       void (*put)(struct buf *b))
{
	auto_buf pairs = BUF_INIT(1 << 20), answers = BUF_INIT(1 << 20);
	auto_fclose FILE *in = tmpfile();
	struct err e = ERR_INIT;
	int compared = 0;

	for (int i = 0; i < PAIRS; i++) {
		put(&pairs);
		buf_putc(&pairs, ' ');
		put(&pairs);
		buf_putc(&pairs, '\n');
	}
	CHECK(in && fwrite(pairs.p, 1, pairs.n, in) == pairs.n && fflush(in) == 0);
	CHECK(in && lseek(fileno(in), 0, SEEK_SET) == 0);
	if (!in || proc_run(argv, fileno(in), &answers, &e) < 0) {
		printf("# %s\n", e.msg);
		CHECK(false && "the tool ran");
		return;
	}

	struct str rest = { pairs.p, pairs.n }, answer = { answers.p, answers.n }, line, a, b, got;

	while (str_line(&rest, &line)) {
		CHECK(str_cut(&line, ' ', &a) && str_cut(&line, ' ', &b) &&
		      str_line(&answer, &got));
		if (str_eqz(got, "!"))
			CHECK(!valid(a) || !valid(b));
		if (!valid(a) || !valid(b))
			continue;

		int r = compare(a, b);

		compared++;
		if (!str_eqz(got, r < 0 ? "<" : r > 0 ? ">" : "=")) {
			printf("# %.*s %.*s %.*s: we say %d\n", (int)a.n, a.p, (int)got.n, got.p,
			       (int)b.n, b.p, r);
			CHECK(false && "agrees with the tool");
		}
	}
	CHECK(compared > PAIRS / 2);
	printf("# %d pairs compared\n", compared);
}

TEST(dpkg_agrees_with_dpkg)
{
	static const char *const argv[] = {
		"sh", "-c",
		"while read -r a b; do if dpkg --compare-versions \"$a\" lt \"$b\"; then echo '<';"
		" elif dpkg --compare-versions \"$a\" eq \"$b\"; then echo '='; else echo '>'; fi;"
		" done",
		NULL
	};

	if (access("/usr/bin/dpkg", X_OK) < 0) {
		printf("# skipped: needs dpkg\n");
		return;
	}
	check_tool(argv, version_dpkg_compare, version_dpkg_valid, put_dpkg);
}

TEST(rpm_agrees_with_rpm)
{
	static const char *const argv[] = {
		"rpm", "--eval",
		"%{lua: for l in io.lines() do local a, b = l:match('([^ ]+) ([^ ]+)');"
		" local r = rpm.vercmp(a, b); print(r < 0 and '<' or r > 0 and '>' or '=') "
		"print('\\n') end}",
		NULL
	};

	if (access("/usr/bin/rpm", X_OK) < 0)
		TAP_SKIP("needs rpm");
	check_tool(argv, version_rpm_compare, version_rpm_valid, put_rpm);
}

TEST(pacman_agrees_with_vercmp)
{
	static const char *const argv[] = {
		"sh", "-c",
		"while read -r a b; do case $(vercmp \"$a\" \"$b\") in -*) echo '<';; 0) echo '=';;"
		" *) echo '>';; esac; done",
		NULL
	};

	if (access("/usr/bin/vercmp", X_OK) < 0)
		TAP_SKIP("needs vercmp of pacman-package-manager");
	check_tool(argv, version_pacman_compare, version_pacman_valid, put_pacman);
}

/* Go's own order, which comes with its source: built with a few lines around it. */
TEST(go_agrees_with_go)
{
	static const char *const argv[] = {
		"sh", "-c",
		"d=$(mktemp -d) && trap 'rm -rf \"$d\"' EXIT && cat >\"$d/main.go\" <<'END' &&\n"
		"package main\n"
		"import \"syscall\"\n"
		"func main() {\n"
		"	var field, a string\n"
		"	var out []byte\n"
		"	chunk := make([]byte, 65536)\n"
		"	for n, _ := syscall.Read(0, chunk); n > 0; n, _ = syscall.Read(0, chunk) "
		"{\n"
		"		for _, c := range chunk[:n] {\n"
		"			if c == ' ' { a, field = field, \"\"; continue }\n"
		"			if c != '\\n' { field += string(rune(c)); continue }\n"
		"			r := \"<=>\"[Compare(a, field) + 1]\n"
		"			if !IsValid(a) || !IsValid(field) { r = '!' }\n"
		"			out = append(out, r, '\\n')\n"
		"			field = \"\"\n"
		"		}\n"
		"	}\n"
		"	syscall.Write(1, out)\n"
		"}\n"
		"END\n"
		"sed 's/^package semver/package main/' "
		"\"$(go env GOROOT)\"/src/cmd/vendor/golang.org/x/mod/semver/semver.go "
		">\"$d/semver.go\" && cd \"$d\" && "
		"GO111MODULE=off CGO_ENABLED=0 go build -p 1 -o pairs main.go semver.go && ./pairs",
		NULL
	};

	if (access("/usr/bin/go", X_OK) < 0)
		TAP_SKIP("needs golang-go");
	check_tool(argv, version_go_compare, version_go_valid, put_go);
}

/* apk from Alpine's root filesystem, run in it. PLIMSOLL_SHARED names where the archive is. */
TEST(apk_agrees_with_apk)
{
	static const char *const argv[] = {
		"sh", "-c",
		"d=$(mktemp -d) && trap 'rm -rf \"$d\"' EXIT && "
		"tar -xzf \"$PLIMSOLL_SHARED\"/data/images/alpine-minirootfs-3.20.3-x86_64.tar.gz "
		"-C \"$d\" ./lib ./sbin ./usr/lib ./bin ./etc && "
		"chroot \"$d\" /bin/sh -c 'while read -r a b; do apk version -t $a $b; done'",
		NULL
	};
	const char *shared = getenv("PLIMSOLL_SHARED");
	auto_buf path = BUF_INIT(4096);

	buf_printf(&path, "%s/data/images/alpine-minirootfs-3.20.3-x86_64.tar.gz",
		   shared ? shared : "");
	if (geteuid() != 0 || access(buf_str(&path), R_OK) < 0) {
		printf("# skipped: needs root and PLIMSOLL_SHARED\n");
		return;
	}
	check_tool(argv, version_apk_compare, version_apk_valid, put_apk);
}

TEST(no_ecosystem_has_no_order)
{
	CHECK(!version_order_of((struct str){ NULL, 0 }) && !version_order_of(STR("")));
	CHECK(!version_order_of(STR(":12")) && version_order_of(STR("Debian")));
}

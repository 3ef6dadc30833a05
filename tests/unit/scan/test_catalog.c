/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/catalog.h"
#include "scan/ecosystem.h"

#include "tap.h"

TAP_MAIN()

/* What a catalog makes of a text: packages as "name version arch source source_version", or
 * "error: " and why. Valid until the next call. */
static const char *read_with(catalog_parse_fn parse, const char *p, size_t n)
{
	static char out[4096];
	auto_json *packages = json_array();
	struct catalog_out found = { .packages = packages };
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	/* An exact allocation, so that the sanitizer sees a byte read past the end. */
	auto_free char *exact = malloc(n ? n : 1);
	size_t i;
	json_t *pkg;

	memcpy(exact, p, n);
	if (parse((struct str){ exact, n }, &found, &e) < 0) {
		buf_printf(&b, "error: %s", e.msg);
	} else {
		json_array_foreach(packages, i, pkg) buf_printf(
			&b, "%s%s %s %s %s %s", i ? "\n" : "", json_string_or_null(pkg, "name"),
			json_string_or_null(pkg, "version"), json_string_or_null(pkg, "arch"),
			json_string_or_null(pkg, "source"),
			json_string_or_null(pkg, "source_version"));
	}
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

static const char *dpkg(const char *s)
{
	return read_with(catalog_dpkg_status, s, strlen(s));
}

static const char *apk(const char *s)
{
	return read_with(catalog_apk_installed, s, strlen(s));
}

#define INSTALLED "Status: install ok installed\n"

TEST(dpkg_reads_stanzas)
{
	CHECK_STR(dpkg("Package: libssl3\n" INSTALLED "Architecture: amd64\nSource: openssl\n"
		       "Version: 3.0.11-1~deb12u2\nDescription: x\n more\n .\n more\n\n"
		       "Package: adduser\n" INSTALLED "Architecture: all\nVersion: 3.134\n"),
		  "libssl3 3.0.11-1~deb12u2 amd64 openssl 3.0.11-1~deb12u2\n"
		  "adduser 3.134 all adduser 3.134");
	CHECK_STR(dpkg("Package: libgcc-s1\n" INSTALLED "Source: gcc-12 (12.2.0-14)\n"
		       "Architecture: amd64\nVersion: 12.2.0-14+b1\n\n\n\n"),
		  "libgcc-s1 12.2.0-14+b1 amd64 gcc-12 12.2.0-14");
	CHECK_STR(dpkg(""), "");
	CHECK_STR(dpkg("\n \n"), "");
	CHECK_STR(dpkg("package: a\r\nSTATUS: install ok installed\r\nversion:1\r\n"), "a 1  a 1");
}

TEST(dpkg_counts_what_is_on_the_disk)
{
	CHECK_STR(dpkg("Package: a\nStatus: deinstall ok config-files\nVersion: 1\n"), "");
	CHECK_STR(dpkg("Package: a\nStatus: purge ok not-installed\n"), "");
	CHECK_STR(dpkg("Package: a\nStatus: hold ok installed\nVersion: 1\n"), "a 1  a 1");
	CHECK_STR(dpkg("Package: a\nStatus: install ok half-configured\nVersion: 1\n"), "a 1  a 1");
	CHECK_STR(dpkg("Package: a\nStatus: deinstall reinstreq unpacked\nVersion: 1\n"),
		  "a 1  a 1");
}

TEST(dpkg_takes_what_others_wrote_without_a_status)
{
	CHECK_STR(dpkg("Package: a\nVersion: 1\n"), "a 1  a 1");
	CHECK_STR(dpkg("Package: only-known-of\n\nPackage: a\nVersion: 1\n"), "a 1  a 1");
}

/* How many packages are found in a text that is refused. */
static size_t rest_of(catalog_parse_fn parse, const char *text)
{
	auto_json *packages = json_array();
	struct catalog_out out = { .packages = packages };

	CHECK(parse(str_of(text), &out, NULL) == E_FORMAT);
	return json_array_size(packages);
}

TEST(one_broken_entry_does_not_hide_the_others)
{
	CHECK(rest_of(catalog_dpkg_status,
		      "Package: a\n" INSTALLED "\nnonsense\n\nPackage: b\n" INSTALLED
		      "Version: 1\n") == 1);
	/* What continues nothing, and what follows a broken line in the stanza. */
	CHECK(rest_of(catalog_dpkg_status,
		      " x\nPackage: a\n" INSTALLED "Description: a\nnot indented\nVersion: 1\n\n"
		      "Package: b\n" INSTALLED "Version: 1\n") == 2);
	CHECK(rest_of(catalog_dpkg_status_d, "Package: a\n\nPackage: b\nVersion: 1\n") == 1);
	CHECK(rest_of(catalog_apk_installed, "P:a\n\nP:b\nV:1\nbroken\n\nR:x\nP:c\nV:1\n") == 2);
	/* The first of it is said. */
	CHECK_STR(dpkg("a\n\nb\n"), "error: line 1: not a field");
}

/* "id version_id codename ecosystem" of a release file. */
static const char *released(const char *path, const char *text)
{
	static char out[256];
	auto_buf ecosystem = BUF_INIT(128);
	auto_json *os = NULL;
	const char *id, *version, *codename;

	if (release_file_parse(path, str_of(text), &os, NULL) < 0)
		return "error";
	os_ecosystem(os, &ecosystem);
	id = json_string_or_null(os, "id");
	version = json_string_or_null(os, "version_id");
	codename = json_string_or_null(os, "codename");
	(void)snprintf(out, sizeof(out), "%s %s %s %s", id ? id : "", version ? version : "",
		       codename ? codename : "", buf_str(&ecosystem));
	return out;
}

TEST(releases_without_os_release)
{
	CHECK_STR(released("etc/redhat-release", "CentOS release 6.10 (Final)\n"),
		  "centos 6.10  Red Hat:enterprise_linux:6");
	CHECK_STR(released("etc/redhat-release",
			   "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n"),
		  "rhel 5.11  Red Hat:enterprise_linux:5");
	CHECK_STR(released("etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n"),
		  "centos 7.9.2009  Red Hat:enterprise_linux:7");
	CHECK_STR(released("etc/fedora-release", "Fedora release 20 (Heisenbug)\n"),
		  "fedora 20  Fedora:20");
	CHECK_STR(released("etc/oracle-release", "Oracle Linux Server release 6.10\n"),
		  "ol 6.10  Oracle Linux:6");
	CHECK_STR(released("etc/system-release", "Amazon Linux AMI release 2013.09"),
		  "amzn 2013.09  Amazon Linux:2013.09");
	CHECK_STR(released("etc/alpine-release", "3.18.4\n"), "alpine 3.18.4  Alpine:v3.18");
	CHECK_STR(released("etc/debian_version", "9.13\n"), "debian 9.13  Debian:9");
	CHECK_STR(released("etc/debian_version", "trixie/sid\n"), "debian  trixie Debian:13");
	CHECK_STR(released("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n"),
		  "ubuntu 14.04  Ubuntu:14.04");
	CHECK_STR(released("etc/lsb-release", "DISTRIB_ID=LinuxMint\nDISTRIB_RELEASE=21\n"), "   ");
	CHECK_STR(released("etc/redhat-release", "Something release 1\n"), "   ");
	CHECK_STR(released("etc/redhat-release", "CentOS\n"), "   ");
	CHECK_STR(released("etc/redhat-release", ""), "   ");
	CHECK_STR(released("etc/redhat-release", "CentOS release \xff 6"), "   ");
	/* As long as a file may be, and one longer. */
	for (size_t n = LIMIT_RELEASE_FILE; n <= LIMIT_RELEASE_FILE + 1; n++) {
		char text[LIMIT_RELEASE_FILE + 2];

		memset(text, '\n', sizeof(text));
		text[n] = '\0';
		memcpy(text, "3.18.4", 6);
		CHECK_STR(released("etc/alpine-release", text),
			  n == LIMIT_RELEASE_FILE ? "alpine 3.18.4  Alpine:v3.18" : "   ");
	}
}

TEST(dpkg_refuses_what_dpkg_would)
{
	CHECK_STR(dpkg("nonsense\n"), "error: line 1: not a field");
	CHECK_STR(dpkg(" continued\n"), "error: line 1: continues nothing");
	CHECK_STR(dpkg(": x\n"), "error: line 1: not a field");
	CHECK_STR(dpkg("Package: a\nPackage: b\n"), "error: line 2: Package twice in one stanza");
	CHECK_STR(dpkg("Version: 1\n" INSTALLED "\n"), "error: line 3: a stanza without Package");
	CHECK_STR(dpkg("Package: a\n" INSTALLED), "error: line 2: a stanza without Version");
	CHECK_STR(dpkg("Package: a\nStatus: installed\nVersion: 1\n"),
		  "error: line 3: 'Status: installed' is not three words");
	CHECK_STR(dpkg("Package: a\n" INSTALLED "Version: 1\nSource: b (\n"),
		  "error: line 4: 'Source: b (' has no closing bracket");
	CHECK_STR(read_with(catalog_dpkg_status, "Package: a\0b\n" INSTALLED "Version: 1\n", 53),
		  "error: line 3: a package's name is not UTF-8");
	CHECK_STR(dpkg("Package: \xff\n" INSTALLED "Version: 1\n"),
		  "error: line 3: a package's name is not UTF-8");
}

TEST(dpkg_status_d)
{
	static const char text[] = "Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n";

	CHECK_STR(read_with(catalog_dpkg_status_d, text, sizeof(text) - 1),
		  "tzdata 2024a-0+deb12u1 all tzdata 2024a-0+deb12u1");
	CHECK(catalog_of("var/lib/dpkg/status.d/tzdata")->parse == catalog_dpkg_status_d);
	CHECK(catalog_of("var/lib/dpkg/status.d/tzdata.md5sums")->parse == catalog_dpkg_md5sums);
	CHECK(!catalog_of("var/lib/dpkg/status.d/sub/tzdata"));
	CHECK(!catalog_of("var/lib/dpkg/status.d/"));
	CHECK(catalog_of("var/lib/dpkg/status")->parse == catalog_dpkg_status);
	CHECK(!catalog_of("var/lib/dpkg/status-old"));
}

TEST(apk_reads_entries)
{
	CHECK_STR(
		apk("C:Q1abc=\nP:libcrypto3\nV:3.3.2-r0\nA:x86_64\no:openssl\nF:lib\nR:a\n\n"
		    "P:musl\nV:1.2.5-r0\nA:x86_64\n"),
		"libcrypto3 3.3.2-r0 x86_64 openssl 3.3.2-r0\nmusl 1.2.5-r0 x86_64 musl 1.2.5-r0");
	CHECK_STR(apk("P:a\r\nV:1-r0\r\n\r\nP:b\r\nV:2-r0\r\n"), "a 1-r0  a 1-r0\nb 2-r0  b 2-r0");
	CHECK_STR(apk(""), "");
	CHECK_STR(apk("\n\n"), "");
	CHECK(catalog_of("lib/apk/db/installed")->parse == catalog_apk_installed);
	CHECK(catalog_of("usr/lib/apk/db/installed")->parse == catalog_apk_installed);
}

TEST(apk_refuses_what_is_broken)
{
	CHECK_STR(apk("P:a\nnonsense\n"), "error: line 2: not a field");
	CHECK_STR(apk("P\n"), "error: line 1: not a field");
	CHECK_STR(apk("P:a\n\n"), "error: line 2: a package without P: or V:");
	CHECK_STR(apk("V:1\n"), "error: line 1: a package without P: or V:");
	CHECK_STR(apk("P:a\nP:b\nV:1\n"), "error: line 2: P: twice in one package");
}

static int add_many(size_t n, struct err *e)
{
	auto_json *packages = json_array();
	struct catalog_out out = { .packages = packages };
	const struct package p = { .name = STR("a"), .version = STR("1") };
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = catalog_add(&out, &p, e);
	return r;
}

TEST(limits)
{
	char name[LIMIT_PACKAGE_FIELD + 1];
	auto_json *packages = json_array();
	struct catalog_out out = { .packages = packages };
	struct package p = { .name = { name, LIMIT_PACKAGE_FIELD }, .version = STR("1") };
	struct err e = ERR_INIT;

	memset(name, 'x', sizeof(name));
	CHECK(catalog_add(&out, &p, &e) == 0);
	p.name.n++;
	CHECK(catalog_add(&out, &p, &e) == E_FORMAT);
	CHECK(add_many(LIMIT_PACKAGES, &e) == 0);
	CHECK(add_many(LIMIT_PACKAGES + 1, &e) == E_FORMAT);
}

/* The ecosystem that an os-release means. */
static const char *ecosystem(const char *text)
{
	static char out[256];
	auto_json *os = NULL;
	auto_buf b = BUF_INIT(255);
	struct err e = ERR_INIT;

	if (os_release_parse(str_of(text), &os, &e) < 0)
		return "error";
	os_ecosystem(os, &b);
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

TEST(ecosystems)
{
	CHECK_STR(ecosystem("ID=debian\nVERSION_ID=\"12\"\n"), "Debian:12");
	CHECK_STR(ecosystem("ID=debian\nVERSION_CODENAME=trixie\n"), "Debian:13");
	CHECK_STR(ecosystem("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux sid\"\n"), "");
	CHECK_STR(ecosystem("ID='alpine'\nVERSION_ID=3.20.3\n"), "Alpine:v3.20");
	CHECK_STR(ecosystem("ID=alpine\nVERSION_ID=3.21.0_alpha20240923\n"), "Alpine:edge");
	CHECK_STR(ecosystem("ID=alpine\nVERSION_ID=3\n"), "");
	CHECK_STR(ecosystem("ID=ubuntu\nVERSION_ID=\"24.04\"\n"), "Ubuntu:24.04");
	CHECK_STR(ecosystem("ID=wolfi\n"), "Wolfi");
	CHECK_STR(ecosystem("ID=minimos\nVERSION_ID=\"20250101\"\n"), "MinimOS");
	CHECK_STR(ecosystem("ID=echo\nVERSION_ID=\"1\"\n"), "Echo");
	CHECK_STR(ecosystem("ID=alpaquita\nVERSION_ID=\"23\"\n"), "Alpaquita:23");
	CHECK_STR(ecosystem("ID=alpaquita\n"), "");
	CHECK_STR(ecosystem("ID=bellsoft-hardened-containers\nVERSION_ID=25\n"),
		  "BellSoft Hardened Containers:25");
	CHECK_STR(ecosystem("ID=gentoo\nVERSION_ID=40\n"), "");
	CHECK_STR(ecosystem("# ID=debian\nnonsense\n=x\nID=\n"), "");
	CHECK_STR(ecosystem("ID=alpine\nID=debian\nVERSION_ID=9.13"), "Debian:9");
}

TEST(ecosystems_of_rpm_distributions)
{
	CHECK_STR(ecosystem("ID=fedora\nVERSION_ID=40\n"), "Fedora:40");
	CHECK_STR(ecosystem("ID=\"almalinux\"\nVERSION_ID=\"9.4\"\n"), "AlmaLinux:9");
	CHECK_STR(ecosystem("ID=rocky\nVERSION_ID=8.10\n"), "Rocky Linux:8");
	CHECK_STR(ecosystem("ID=rhel\nVERSION_ID=9.4\n"), "Red Hat:enterprise_linux:9");
	CHECK_STR(ecosystem("ID=centos\nVERSION_ID=7\n"), "Red Hat:enterprise_linux:7");
	CHECK_STR(ecosystem("ID=ol\nVERSION_ID=8.9\n"), "Oracle Linux:8");
	CHECK_STR(ecosystem("ID=amzn\nVERSION_ID=2023\n"), "Amazon Linux:2023");
	CHECK_STR(ecosystem("ID=mageia\nVERSION_ID=9\n"), "Mageia:9");
	CHECK_STR(ecosystem("ID=azurelinux\nVERSION_ID=3.0\n"), "Azure Linux:3");
	CHECK_STR(ecosystem("ID=mariner\nVERSION_ID=2.0\n"), "Azure Linux:2");
	CHECK_STR(ecosystem("ID=photon\nVERSION_ID=5.0\n"), "Photon OS:5.0");
	CHECK_STR(ecosystem("ID=opensuse-leap\nVERSION_ID=15.6\n"), "openSUSE:Leap 15.6");
	CHECK_STR(ecosystem("ID=opensuse-tumbleweed\nVERSION_ID=20260101\n"),
		  "openSUSE:Tumbleweed");
	CHECK_STR(ecosystem("ID=sles\nVERSION_ID=15.5\n"
			    "PRETTY_NAME=\"SUSE Linux Enterprise Server 15 SP5\"\n"),
		  "SUSE:Linux Enterprise Server 15 SP5");
	CHECK_STR(ecosystem("ID=openEuler\nVERSION_ID=24.03\n"
			    "PRETTY_NAME=\"openEuler 24.03 (LTS-SP1)\"\n"),
		  "openEuler:24.03-LTS-SP1");
	CHECK_STR(ecosystem("ID=openEuler\nVERSION_ID=25.03\nPRETTY_NAME=\"openEuler 25.03\"\n"),
		  "openEuler:25.03");
	CHECK_STR(ecosystem("ID=arch\n"), "Arch Linux");
	CHECK_STR(ecosystem("ID=almalinux\n"), "");
	CHECK_STR(ecosystem("ID=sles\nVERSION_ID=15.5\n"), "");
}

static bool has_name(const char *ecosystem, const char *name)
{
	auto_strv names = { 0 };
	struct err e = ERR_INIT;

	CHECK(ecosystem_names(ecosystem, &names, &e) == 0);
	return strv_has(&names, name);
}

TEST(names_of_ecosystems)
{
	CHECK(has_name("Debian:12", "Debian:12"));
	CHECK(has_name("Debian:12", "Debian"));
	CHECK(has_name("Ubuntu:24.04", "Ubuntu:24.04:LTS"));
	CHECK(has_name("Red Hat:enterprise_linux:9", "Red Hat:enterprise_linux:9::baseos"));
	CHECK(!has_name("Red Hat:enterprise_linux:9", "Red Hat:enterprise_linux:9.0"));
	CHECK(has_name("Red Hat:enterprise_linux:10", "Red Hat:enterprise_linux:10.0"));
	CHECK(has_name("SUSE:Linux Enterprise Server 15 SP5",
		       "SUSE:Linux Enterprise Module for Basesystem 15 SP5"));
	CHECK(has_name("SUSE:Linux Enterprise Server 15 SP5",
		       "SUSE:Linux Enterprise Server 15 SP5-LTSS"));
	CHECK(ecosystem_naming("Debian:12") == NAMES_SOURCES);
	CHECK(ecosystem_naming("openSUSE:Leap 15.6") == NAMES_SOURCES);
	CHECK(ecosystem_naming("AlmaLinux:9") == NAMES_PACKAGES);
	CHECK(ecosystem_naming("Rocky Linux:9") == NAMES_BOTH);
	CHECK(ecosystem_naming("Wolfi") == NAMES_BOTH);
	CHECK(ecosystem_naming("MinimOS") == NAMES_BOTH);
	CHECK(ecosystem_naming("Alpine:v3.20") == NAMES_SOURCES);
}

TEST(os_release_quoting)
{
	auto_json *os = NULL;
	struct err e = ERR_INIT;

	CHECK(os_release_parse(STR("PRETTY_NAME=\"a \\\"b\\\" \\$c \\x 'd'\"\nID='e\\f'\n"
				   "VERSION_ID=un\\ quoted\nVERSION_CODENAME=\"open\n"),
			       &os, &e) == 0);
	CHECK_STR(json_string_or_null(os, "name"), "a \"b\" $c \\x 'd'");
	CHECK_STR(json_string_or_null(os, "id"), "e\\f");
	CHECK_STR(json_string_or_null(os, "version_id"), "un quoted");
	CHECK(!json_string_or_null(os, "codename"));
}

TEST(os_release_limit)
{
	auto_free char *text = malloc(LIMIT_OS_RELEASE + 1);
	auto_json *os = NULL;
	struct err e = ERR_INIT;

	memset(text, '#', LIMIT_OS_RELEASE + 1);
	CHECK(os_release_parse((struct str){ text, LIMIT_OS_RELEASE }, &os, &e) == 0);
	json_release(&os);
	CHECK(os_release_parse((struct str){ text, LIMIT_OS_RELEASE + 1 }, &os, &e) == E_FORMAT);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/internal.h"
#include "scan/output/license.h"
#include "scan/output/xml.h"
#include "scan/purl.h"
#include "scan/sbom/sbom.h"
#include "tap.h"

TAP_MAIN()

/* A purl in its canonical form, or "error: " and why. Valid until the next call. */
static const char *canonical(const char *s)
{
	static char out[2 * LIMIT_PURL];
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	auto_purl p = { 0 };
	struct err e = ERR_INIT;

	if (purl_parse(s, &p, &e) < 0)
		buf_printf(&b, "error: %s", e.msg);
	else
		purl_put(&p, &b);
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

TEST(purls_have_one_form)
{
	static const char *const same[][2] = {
		{ "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie", NULL },
		{ "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64", NULL },
		{ "pkg:deb/debian/attr@1%3a2.4.47-2%2bb1?arch=amd64",
		  "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64" },
		{ "pkg:rpm/fedora/curl@7.50.3-1.fc25?distro=fedora-25&arch=i386",
		  "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25" },
		{ "pkg:npm/%40angular/animation@12.3.1", NULL },
		{ "pkg:npm/@angular/animation@12.3.1", "pkg:npm/%40angular/animation@12.3.1" },
		{ "pkg:golang/google.golang.org/genproto#googleapis/api", NULL },
		{ "pkg:golang/a.example/b@v1?c=d#/e%2Bf", "pkg:golang/a.example/b@v1?c=d#e%2Bf" },
		{ "PKG://DEB//debian/x@1", "pkg:deb/debian/x@1" },
		{ "pkg:deb/x?a=&b=1&c", "pkg:deb/x?b=1" },
		{ "pkg:alpm/arch/pacman@6.0.1-1?ARCH=x86_64",
		  "pkg:alpm/arch/pacman@6.0.1-1?arch=x86_64" },
		{ "pkg:oci/web@sha256:aa?repository_url=r.example%2Fteam%2Fweb", NULL },
		{ "pkg:deb/x@100%", "pkg:deb/x@100%25" },
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		CHECK_STR(canonical(same[i][0]), same[i][1] ? same[i][1] : same[i][0]);
}

TEST(what_is_no_purl_is_refused)
{
	char big[LIMIT_PURL + 2];
	auto_buf many = BUF_INIT(SIZE_MAX);
	auto_purl p = { 0 };

	CHECK(starts_with(canonical(""), "error:"));
	CHECK(starts_with(canonical("deb/debian/x"), "error:"));
	CHECK(starts_with(canonical("pkg:deb"), "error:"));
	CHECK(starts_with(canonical("pkg:deb/"), "error:"));
	CHECK(starts_with(canonical("pkg:1/x"), "error:"));
	CHECK(starts_with(canonical("pkg:deb/x@%ff"), "error:"));
	CHECK(starts_with(canonical("pkg:deb/x@%00"), "error:"));
	/* At the limit of length, and one past it. */
	memset(big, 'a', sizeof(big));
	memcpy(big, "pkg:deb/", 8);
	big[LIMIT_PURL] = '\0';
	CHECK(purl_parse(big, &p, NULL) == 0);
	purl_free(&p);
	big[LIMIT_PURL] = 'a';
	big[LIMIT_PURL + 1] = '\0';
	CHECK(purl_parse(big, &p, NULL) < 0);
	/* As many qualifiers as there may be, and one more. */
	buf_puts(&many, "pkg:deb/x?a0=1");
	for (int i = 1; i < LIMIT_PURL_QUALIFIERS; i++)
		buf_printf(&many, "&a%d=1", i);
	CHECK(purl_parse(buf_str(&many), &p, NULL) == 0);
	purl_free(&p);
	buf_puts(&many, "&z=1");
	CHECK(purl_parse(buf_str(&many), &p, NULL) < 0);
}

/* The purl of a package of a distribution. */
static const char *purl(const char *os, const char *package)
{
	static char out[LIMIT_PURL];
	auto_json *list = json_object(), *p = NULL, *o = NULL;
	auto_buf b = BUF_INIT(sizeof(out) - 1);

	if (json_parse(os, strlen(os), "os", &o, NULL) < 0 ||
	    json_parse(package, strlen(package), "package", &p, NULL) < 0)
		return "broken test";
	(void)json_object_set(list, "os", o);
	if (purl_of_package(list, p, &b, NULL) < 0)
		return "error";
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

TEST(packages_have_purls_by_their_type)
{
	static const char debian[] = "{\"id\":\"debian\",\"version_id\":\"12\"}";
	static const char rhel[] = "{\"id\":\"rhel\",\"version_id\":\"9.3\"}";

	CHECK_STR(
		purl(debian,
		     "{\"catalog\":\"dpkg\",\"name\":\"libssl3\",\"version\":\"3.0.11-1+b1\","
		     "\"arch\":\"amd64\",\"source\":\"openssl\",\"source_version\":\"3.0.11-1\"}"),
		"pkg:deb/debian/libssl3@3.0.11-1%2Bb1?arch=amd64&distro=debian-12&upstream="
		"openssl%403.0.11-1");
	CHECK_STR(purl(debian, "{\"catalog\":\"dpkg\",\"name\":\"a\",\"version\":\"1:2~rc1\","
			       "\"source\":\"a\","
			       "\"source_version\":\"1:2~rc1\"}"),
		  "pkg:deb/debian/a@1:2~rc1?distro=debian-12");
	CHECK_STR(purl("{\"id\":\"debian\",\"codename\":\"sid\"}",
		       "{\"catalog\":\"dpkg\",\"name\":\"a\",\"version\":\"1\"}"),
		  "pkg:deb/debian/a@1?distro=debian-sid");
	CHECK_STR(purl("{\"id\":\"alpine\",\"version_id\":\"3.20.3\"}",
		       "{\"catalog\":\"apk\",\"name\":\"libcrypto3\",\"version\":\"3.3.2-r0\","
		       "\"arch\":"
		       "\"x86_64\",\"source\":\"openssl\",\"source_version\":\"3.3.2-r0\"}"),
		  "pkg:apk/alpine/libcrypto3@3.3.2-r0?arch=x86_64&distro=alpine-3.20.3&upstream="
		  "openssl");
	CHECK_STR(purl(rhel,
		       "{\"catalog\":\"rpm\",\"name\":\"nodejs\",\"version\":\"1:18.19-1.el9\","
		       "\"arch\":"
		       "\"x86_64\",\"source\":\"nodejs\",\"source_version\":\"1:18.19-1.el9\","
		       "\"module\":"
		       "\"nodejs:18:9\"}"),
		  "pkg:rpm/redhat/nodejs@18.19-1.el9?arch=x86_64&distro=rhel-9.3&epoch=1&rpmmod="
		  "nodejs:18:9&upstream=nodejs-18.19-1.el9.src.rpm");
	CHECK_STR(purl("{\"id\":\"arch\"}",
		       "{\"catalog\":\"pacman\",\"name\":\"pacman\",\"version\":"
		       "\"1:6.0-1\",\"arch\":\"any\"}"),
		  "pkg:alpm/arch/pacman@1:6.0-1?arch=any&distro=arch");
	CHECK_STR(purl(debian,
		       "{\"catalog\":\"go\",\"name\":\"github.com/BurntSushi/toml\",\"version\":"
		       "\"v1.3.2+incompatible\"}"),
		  "pkg:golang/github.com/burntsushi/toml@v1.3.2%2Bincompatible");
	CHECK_STR(purl(debian, "{\"catalog\":\"go\",\"name\":\"stdlib\",\"version\":\"1.22.3\"}"),
		  "pkg:golang/stdlib@1.22.3");
}

static const char *license(const char *s)
{
	static char out[256];
	auto_buf b = BUF_INIT(sizeof(out) - 1);

	if (!license_expression(s, &b))
		return NULL;
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

TEST(licenses_are_expressions_or_none)
{
	auto_buf deep = BUF_INIT(SIZE_MAX);

	CHECK_STR(license("MIT"), "MIT");
	CHECK_STR(license("mit and  apache-2.0") ? "yes" : "no",
		  "no"); /* operators are upper case */
	CHECK_STR(license("mit AND  apache-2.0"), "MIT AND Apache-2.0");
	CHECK_STR(license("(GPL-2.0-only OR BSD-3-Clause) AND Zlib"),
		  "(GPL-2.0-only OR BSD-3-Clause) AND Zlib");
	CHECK_STR(license("GPL-2.0-only WITH Linux-syscall-note"),
		  "GPL-2.0-only WITH Linux-syscall-note");
	CHECK_STR(license("Apache-2.0+"), "Apache-2.0+");
	CHECK(!license(""));
	CHECK(!license("GPLv2+ and MIT"));
	CHECK(!license("MIT AND"));
	CHECK(!license("MIT MIT"));
	CHECK(!license("(MIT"));
	CHECK(!license("MIT WITH MIT"));
	CHECK(!license("LicenseRef-mine"));
	for (int i = 0; i < LIMIT_LICENSE_DEPTH; i++)
		buf_putc(&deep, '(');
	buf_puts(&deep, "MIT");
	for (int i = 0; i < LIMIT_LICENSE_DEPTH; i++)
		buf_putc(&deep, ')');
	CHECK(license(buf_str(&deep)));
	{
		auto_buf deeper = BUF_INIT(SIZE_MAX);

		buf_printf(&deeper, "(%s)", buf_str(&deep));
		CHECK(!license(buf_str(&deeper)));
	}
	/* The lists are in the order that looking up needs. */
	for (size_t i = 1; i < spdx_licenses_n; i++)
		CHECK(strcasecmp(spdx_licenses[i - 1], spdx_licenses[i]) < 0);
	for (size_t i = 1; i < spdx_exceptions_n; i++)
		CHECK(strcasecmp(spdx_exceptions[i - 1], spdx_exceptions[i]) < 0);
}

static const char *xml(const char *s)
{
	static char out[256];
	auto_buf b = BUF_INIT(sizeof(out) - 1);

	xml_put(&b, s);
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

TEST(xml_holds_any_bytes)
{
	CHECK_STR(xml("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
	CHECK_STR(xml("tab\tline\n"), "tab&#9;line&#10;");
	CHECK_STR(xml("\x01\x1b\x7f"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	CHECK_STR(xml("\xc3\xa9\xf0\x9f\x9a\xa2"), "\xc3\xa9\xf0\x9f\x9a\xa2");
	CHECK_STR(xml("\xc3(\xff"), "\xef\xbf\xbd(\xef\xbf\xbd");
	CHECK_STR(xml("\xef\xbf\xbe\xef\xbf\xbf"), "\xef\xbf\xbd\xef\xbf\xbd");
	CHECK_STR(xml("\xf0\x9f"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(advisories_have_pages_and_vectors_methods)
{
	auto_buf b = BUF_INIT(256);

	advisory_url("CVE-2024-1", &b);
	CHECK_STR(buf_str(&b), "https://nvd.nist.gov/vuln/detail/CVE-2024-1");
	buf_reset(&b);
	advisory_url("DEBIAN-CVE-2024-1", &b);
	CHECK_STR(buf_str(&b), "https://security-tracker.debian.org/tracker/CVE-2024-1");
	buf_reset(&b);
	advisory_url("CVE-1\"><b>", &b);
	CHECK_STR(buf_str(&b), "");
	CHECK_STR(advisory_publisher("GHSA-a"), "GitHub");
	CHECK_STR(advisory_publisher("x"), "");
	CHECK_STR(cvss_method("CVSS:3.1/AV:N"), "CVSSv31");
	CHECK_STR(cvss_method("CVSS:3.0/AV:N"), "CVSSv3");
	CHECK_STR(cvss_method("CVSS:4.0/AV:N"), "CVSSv4");
	CHECK_STR(cvss_method("AV:N/AC:L/Au:N/C:P/I:P/A:P"), "CVSSv2");
	CHECK(!cvss_method(""));
}

/* What one component of a CycloneDX SBOM becomes: "catalog name version arch source
 * source_version ecosystem", or what was said of it. */
static const char *component(const char *text)
{
	static char out[1024];
	auto_buf doc = BUF_INIT(SIZE_MAX), b = BUF_INIT(sizeof(out) - 1);
	auto_json *j = NULL;
	struct err e = ERR_INIT;
	const json_t *list, *p;

	buf_printf(&doc,
		   "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[%s]}",
		   text);
	if (sbom_parse((struct str){ buf_str(&doc), doc.n }, &j, &e) < 0) {
		(void)snprintf(out, sizeof(out), "error: %.900s", e.msg);
		return out;
	}
	list = json_object_get(j, "list");
	p = json_array_get(json_object_get(list, "packages"), 0);
	if (p)
		buf_printf(&b, "%s %s %s %s %s %s %s", member(p, "catalog"), member(p, "name"),
			   member(p, "version"), member(p, "arch"), member(p, "source"),
			   member(p, "source_version"), member(list, "ecosystem"));
	else
		(void)json_canonical(json_object_get(list, "unmatched"), &b, NULL);
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

#define LIB(purl) "{\"type\":\"library\",\"name\":\"x\",\"purl\":\"" purl "\"}"

TEST(components_of_others_become_packages)
{
	CHECK_STR(component(LIB("pkg:rpm/redhat/openssl-libs@1.1.1k-9.el8?arch=x86_64&epoch=1&"
				"upstream=openssl-1.1.1k-9.el8.src.rpm&distro=rhel-8.9")),
		  "rpm openssl-libs 1:1.1.1k-9.el8 x86_64 openssl 1:1.1.1k-9.el8 "
		  "Red Hat:enterprise_linux:8");
	CHECK_STR(component(LIB("pkg:apk/alpine/libcrypto3@3.3.2-r0?arch=x86_64&upstream=openssl&"
				"distro=alpine-3.20.3")),
		  "apk libcrypto3 3.3.2-r0 x86_64 openssl 3.3.2-r0 Alpine:v3.20");
	CHECK_STR(component(LIB("pkg:deb/debian/a@2?epoch=0&distro=debian-12.4")),
		  "dpkg a 2  a 2 Debian:12");
	CHECK_STR(
		component(LIB("pkg:deb/debian/a@1:2?epoch=1&upstream=b%401:1.9&distro=debian-12")),
		"dpkg a 1:2  b 1:1.9 Debian:12");
	CHECK_STR(
		component("{\"type\":\"library\",\"name\":\"github.com/BurntSushi/toml\",\"purl\":"
			  "\"pkg:golang/github.com/burntsushi/toml@v1.3.2\"}"),
		"go github.com/BurntSushi/toml v1.3.2  github.com/BurntSushi/toml v1.3.2 ");
	CHECK_STR(component(LIB("pkg:golang/stdlib@1.22.3")), "go stdlib 1.22.3  stdlib 1.22.3 ");
	CHECK_STR(component(LIB("pkg:golang/stdlib@go1.22.3")), "go stdlib 1.22.3  stdlib 1.22.3 ");
	CHECK_STR(component(LIB("pkg:npm/left-pad@1")), "{\"npm\":1}");
	CHECK_STR(component("{\"type\":\"library\",\"name\":\"x\"}"), "{\"unknown\":1}");
	CHECK_STR(component("{\"type\":\"file\",\"name\":\"x\"}"), "");
	CHECK_STR(component("1,[],null,{}"), "");
}

TEST(an_entry_of_ours_that_is_none_is_refused)
{
	CHECK(starts_with(
		component("{\"type\":\"library\",\"name\":\"x\",\"version\":\"1\",\"properties\":["
			  "{\"name\":\"plimsoll:catalog\",\"value\":\"dpkg\"}]}"),
		"error:"));
	CHECK(starts_with(
		component("{\"type\":\"library\",\"name\":\"x\",\"version\":\"1\",\"properties\":["
			  "{\"name\":\"plimsoll:catalog\",\"value\":\"dpkg\"},"
			  "{\"name\":\"plimsoll:arch\",\"value\":\"a\"},"
			  "{\"name\":\"plimsoll:source\",\"value\":\"x\"},"
			  "{\"name\":\"plimsoll:source_version\",\"value\":\"1\"},"
			  "{\"name\":\"plimsoll:layer\",\"value\":\"-1\"}]}"),
		"error:"));
}

/* One of each catalog, in the order that an SBOM has them in, with all members that there are. */
static const char whole_list[] =
	"{\"schema\":\"" SCAN_LIST_SCHEMA "\",\"ecosystem\":\"Red Hat:enterprise_linux:9\","
	"\"os\":{\"id\":\"rhel\",\"name\":\"Red Hat \\\"9\\\"\",\"version_id\":\"9.3\"},"
	"\"layers\":[{\"digest\":\"sha256:aa\",\"instruction\":\"RUN a\\n\\tb <&>\"},"
	"{\"digest\":\"sha256:aa\",\"instruction\":\"\"}],\"packages\":["
	"{\"name\":\"a/\\u00e9 b\",\"version\":\"1:2-3\",\"arch\":\"x86_64\",\"source\":\"s\","
	"\"source_version\":\"1:2-3\",\"catalog\":\"rpm\",\"layer\":1,\"path\":\"var/lib/rpm/x\","
	"\"module\":\"nodejs:18:1:2\",\"license\":\"GPLv2+ and MIT\"},"
	"{\"name\":\"github.com/A/b\",\"version\":\"v1.0.0\",\"arch\":\"amd64\",\"source\":"
	"\"github.com/A/b\",\"source_version\":\"v1.0.0\",\"catalog\":\"go\",\"layer\":0,\"path\":"
	"\"usr/bin/p\\nq\",\"ecosystem\":\"Go\",\"replaces\":\"github.com/C/b "
	"v0.9\",\"owner\":\"p\"},"
	"{\"name\":\"github.com/A/b\",\"version\":\"v1.0.0\",\"arch\":\"amd64\",\"source\":"
	"\"github.com/A/b\",\"source_version\":\"v1.0.0\",\"catalog\":\"go\",\"layer\":0,\"path\":"
	"\"usr/bin/z\",\"ecosystem\":\"Go\"},"
	"{\"name\":\"z\",\"version\":\"1\",\"arch\":\"\",\"source\":\"z\",\"source_version\":\"1\","
	"\"catalog\":\"later\",\"layer\":0,\"path\":\"x\",\"license\":\"MIT\"}],"
	"\"unreadable\":[{\"path\":\"b\",\"layer\":1,\"error\":\"\\\"no\\\"\"}]}";

static bool comes_back(bool spdx)
{
	const struct subject s = { .name = "web:1",
				   .digest = "sha256:"
					     "0123456789012345678901234567890123456789012345678901"
					     "234567890123",
				   .arch = "amd64",
				   .created = "2026-01-02T03:04:05Z" };
	auto_json *list = NULL, *doc = NULL, *back = NULL;
	auto_buf text = BUF_INIT(SIZE_MAX);
	const json_t *subject;

	if (json_parse(whole_list, strlen(whole_list), "list", &list, NULL) < 0 ||
	    (spdx ? output_spdx(&s, list, &doc, NULL)
		  : output_cyclonedx(&s, list, NULL, &doc, NULL)) < 0 ||
	    json_pretty(doc, &text, NULL) < 0 ||
	    sbom_parse((struct str){ buf_str(&text), text.n }, &back, NULL) < 0)
		return false;
	subject = json_object_get(back, "subject");
	CHECK_STR(member(subject, "name"), s.name);
	CHECK_STR(member(subject, "digest"), s.digest);
	CHECK_STR(member(subject, "arch"), s.arch);
	CHECK_STR(member(subject, "created"), s.created);
	return json_equal(json_object_get(back, "list"), list);
}

TEST(our_sboms_give_the_list_that_they_were_made_of)
{
	CHECK(comes_back(true));
	CHECK(comes_back(false));
}

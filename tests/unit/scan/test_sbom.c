/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "scan/sbom/sbom.h"
#include "tap.h"

TAP_MAIN()

/* SBOMs as other tools write them: small ones of the same shapes. */

static const char *member(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

/* What a document becomes: "ECOSYSTEM|catalog name version source source_version own-ecosystem;…|
 * unmatched", or what was said of it. Valid until the next call. */
static const char *packages(const char *text)
{
	static char out[4096];
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	auto_json *j = NULL;
	struct err e = ERR_INIT;
	const json_t *list;
	json_t *p;
	size_t i;

	if (sbom_parse(str_of(text), &j, &e) < 0) {
		(void)snprintf(out, sizeof(out), "error: %s", e.msg);
		return out;
	}
	list = json_object_get(j, "list");
	buf_printf(&b, "%s|", member(list, "ecosystem"));
	json_array_foreach(json_object_get(list, "packages"), i, p)
	{
		buf_printf(&b, "%s%s %s %s", i ? ";" : "", member(p, "catalog"), member(p, "name"),
			   member(p, "version"));
		if (strcmp(member(p, "source"), member(p, "name")) != 0 ||
		    strcmp(member(p, "source_version"), member(p, "version")) != 0)
			buf_printf(&b, " of %s %s", member(p, "source"),
				   member(p, "source_version"));
		if (*member(p, "ecosystem") && strcmp(member(p, "ecosystem"), "Go") != 0)
			buf_printf(&b, " in %s", member(p, "ecosystem"));
	}
	if (json_object_get(list, "unmatched")) {
		buf_putc(&b, '|');
		(void)json_canonical(json_object_get(list, "unmatched"), &b, NULL);
	}
	json_array_foreach(json_object_get(list, "unreadable"), i, p)
		buf_printf(&b, "|%s: %s", member(p, "path"), member(p, "error"));
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

#define CDX(components)                                                                            \
	"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[" components "]}"
#define LIB(purl) "{\"type\":\"library\",\"name\":\"x\",\"purl\":\"" purl "\"}"
#define OS(name, version)                                                                          \
	"{\"type\":\"operating-system\",\"name\":\"" name "\",\"version\":\"" version "\"}"

/* The ecosystem that a purl alone gives. */
static const char *of_purl(const char *purl)
{
	static char out[256];
	auto_buf b = BUF_INIT(SIZE_MAX);
	const char *s;

	buf_printf(&b, CDX("{\"type\":\"library\",\"name\":\"x\",\"purl\":\"%s\"}"), purl);
	s = packages(buf_str(&b));
	(void)snprintf(out, sizeof(out), "%.*s", (int)strcspn(s, "|"), s);
	return out;
}

TEST(purls_tell_the_distribution_in_many_ways)
{
	static const char *const cases[][2] = {
		{ "pkg:deb/debian/a@1?distro=debian-12", "Debian:12" },
		{ "pkg:deb/debian/a@1?distro=debian-12.5", "Debian:12" },
		{ "pkg:deb/debian/a@1?distro=debian-bullseye", "Debian:11" },
		{ "pkg:deb/debian/a@1?distro=jessie", "Debian:8" },
		{ "pkg:deb/debian/a@1?distro=debian-12&distro_name=bookworm", "Debian:12" },
		{ "pkg:deb/debian/a@1?distro_name=bookworm", "Debian:12" },
		{ "pkg:deb/debian/a@1?os_distro=bookworm&os_name=debian&os_version=12",
		  "Debian:12" },
		{ "pkg:deb/ubuntu/a@1?distro=jammy", "Ubuntu:22.04" },
		{ "pkg:deb/ubuntu/a@1?distro=ubuntu-24.04", "Ubuntu:24.04" },
		{ "pkg:apk/alpine/a@1?distro=3.16.0", "Alpine:v3.16" },
		{ "pkg:apk/alpine/a@1?distro=alpine-3.20.3", "Alpine:v3.20" },
		{ "pkg:apk/alpine/a@1?distro=alpine-3.21.0_alpha20240923", "Alpine:edge" },
		{ "pkg:apk/alpine/a@1?distro=alpine-edge", "Alpine:edge" },
		{ "pkg:apk/wolfi/a@1?arch=x86_64", "Wolfi" },
		{ "pkg:apk/chainguard/a@1", "Chainguard" },
		{ "pkg:apk/wolfi/a@1?distro=wolfi-20230201", "Wolfi" },
		{ "pkg:rpm/centos/a@1?distro=centos-7.6.1810", "Red Hat:enterprise_linux:7" },
		{ "pkg:rpm/redhat/a@1?distro=redhat-8.4", "Red Hat:enterprise_linux:8" },
		{ "pkg:rpm/redhat/a@1?distro=rhel-9.4%2Beus", "Red Hat:enterprise_linux:9" },
		{ "pkg:rpm/amazon/a@1?distro=amazon-2+%28Karoo%29", "Amazon Linux:2" },
		{ "pkg:rpm/amazon/a@1?distro=amazon-2%20%28Karoo%29", "Amazon Linux:2" },
		{ "pkg:rpm/fedora/a@1?distro=fedora-40", "Fedora:40" },
		{ "pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.6", "openSUSE:Leap 15.6" },
		{ "pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed-20240901",
		  "openSUSE:Tumbleweed" },
		{ "pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed", "openSUSE:Tumbleweed" },
		{ "pkg:rpm/suse/a@1?distro=sles-15.5", "SUSE:Linux Enterprise Server 15 SP5" },
		{ "pkg:rpm/suse/a@1?distro=suse%20linux%20enterprise%20server-15.5",
		  "SUSE:Linux Enterprise Server 15 SP5" },
		{ "pkg:rpm/oracle/a@1?distro=oracle-8.9", "Oracle Linux:8" },
		{ "pkg:rpm/alma/a@1?distro=alma-9.3", "AlmaLinux:9" },
		{ "pkg:rpm/cbl-mariner/a@1?distro=cbl-mariner-2.0.20240101", "Azure Linux:2" },
		{ "pkg:alpm/arch/a@1?distro=arch-rolling", "Arch Linux" },
		{ "pkg:alpm/arch/a@1?distro=arch", "Arch Linux" },
		{ "pkg:deb/debian/a@1?arch=amd64", "" },
		{ "pkg:deb/a@1", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_STR(of_purl(cases[i][0]), cases[i][1]);
}

TEST(the_system_is_that_of_the_document_before_that_of_purls)
{
	/* Syft has the operating system last. */
	CHECK_STR(packages(CDX(LIB("pkg:apk/alpine/musl@1.2.3-r0?distro=3.16.0") "," OS("alpine",
											"3.16.0"))),
		  "Alpine:v3.16|apk musl 1.2.3-r0");
	CHECK_STR(packages(CDX(LIB("pkg:deb/debian/a@1") "," OS("debian", "12.4"))),
		  "Debian:12|dpkg a 1");
	/* Whose packages cannot be looked up stands back: a kernel, a vendor's system. */
	CHECK_STR(packages(CDX(OS("kernel", "6.6.73") "," OS("debian",
							     "12") "," LIB("pkg:deb/debian/a@1"))),
		  "Debian:12|dpkg a 1");
	CHECK_STR(packages(CDX(LIB("pkg:deb/debian/a@1?arch=all") "," LIB(
			  "pkg:deb/debian/b@1?distro=debian-12"))),
		  "Debian:12|dpkg a 1;dpkg b 1");
	/* The SBOM of a machine (cdxgen). */
	CHECK_STR(packages("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"metadata\":{"
			   "\"component\":" OS("ubuntu", "22.04") "},\"components\":[" LIB(
				   "pkg:deb/ubuntu/a@1") "]}"),
		  "Ubuntu:22.04|dpkg a 1");
}

TEST(packages_of_several_distributions_keep_their_own)
{
	CHECK_STR(
		packages(CDX(
			OS("debian", "12.4") "," LIB("pkg:deb/debian/a@1?distro=debian-12") "," LIB(
				"pkg:deb/debian/b@1?distro=debian-11.9") "," LIB("pkg:apk/alpine/"
										 "c@1?distro="
										 "alpine-3.20.1"))),
		"Debian:12|dpkg a 1;dpkg b 1 in Debian:11;apk c 1 in Alpine:v3.20");
	/* The same one, said with fewer words. */
	CHECK_STR(packages(CDX("{\"type\":\"operating-system\",\"name\":\"openEuler\",\"version\":"
			       "\"24.03\",\"description\":\"openEuler 24.03 (LTS)\"}," LIB(
				       "pkg:rpm/openEuler/a@1?distro=openEuler-24.03"))),
		  "openEuler:24.03-LTS|rpm a 1");
	CHECK_STR(packages(CDX(OS("centos", "7.6.1810") "," OS("alpine", "3.16.0"))),
		  "Red Hat:enterprise_linux:7|");
}

TEST(epochs_are_of_the_purl_or_of_the_version_beside_it)
{
	CHECK_STR(packages(CDX("{\"type\":\"library\",\"name\":\"bind\",\"version\":\"32:9.11-1\","
			       "\"purl\":\"pkg:rpm/centos/bind@9.11-1?distro=centos-8\"}")),
		  "Red Hat:enterprise_linux:8|rpm bind 32:9.11-1");
	CHECK_STR(
		packages(CDX("{\"type\":\"library\",\"name\":\"a\",\"version\":\"1:2-1\",\"purl\":"
			     "\"pkg:rpm/centos/a@3-1?distro=centos-8\"}")),
		"Red Hat:enterprise_linux:8|rpm a 3-1");
	CHECK_STR(packages(CDX(LIB("pkg:rpm/centos/a@0:3-1?distro=centos-8"))),
		  "Red Hat:enterprise_linux:8|rpm a 3-1");
}

TEST(sources_are_of_trivy_cdxgen_or_syft)
{
	CHECK_STR(
		packages(CDX("{\"type\":\"library\",\"name\":\"libs\",\"purl\":\"pkg:rpm/centos/"
			     "libs@1.0.2k-16.el7?epoch=1&distro=centos-7.6.1810\",\"properties\":["
			     "{\"name\":\"aquasecurity:trivy:SrcName\",\"value\":\"openssl\"},"
			     "{\"name\":\"aquasecurity:trivy:SrcVersion\",\"value\":\"1.0.2k\"},"
			     "{\"name\":\"aquasecurity:trivy:SrcRelease\",\"value\":\"16.el7\"},"
			     "{\"name\":\"aquasecurity:trivy:SrcEpoch\",\"value\":\"1\"}]}")),
		"Red Hat:enterprise_linux:7|rpm libs 1:1.0.2k-16.el7 of openssl 1:1.0.2k-16.el7");
	CHECK_STR(packages(CDX("{\"type\":\"library\",\"group\":\"debian\",\"name\":\"libc6\","
			       "\"purl\":\"pkg:deb/debian/libc6@2.36-9?distro=debian-12\","
			       "\"properties\":[{\"name\":\"SrcName\",\"value\":\"glibc\"},"
			       "{\"name\":\"SrcVersion\",\"value\":\"2.36\"},"
			       "{\"name\":\"SrcRelease\",\"value\":\"9\"}]}")),
		  "Debian:12|dpkg libc6 2.36-9 of glibc 2.36-9");
	CHECK_STR(packages(CDX("{\"type\":\"library\",\"name\":\"a\",\"purl\":\"pkg:rpm/fedora/"
			       "a@1-2?distro=fedora-40\",\"properties\":[{\"name\":"
			       "\"syft:metadata:sourceRpm\",\"value\":\"b-1-2.src.rpm\"}]}")),
		  "Fedora:40|rpm a 1-2 of b 1-2");
}

TEST(go_modules_keep_the_names_that_were_written)
{
	CHECK_STR(packages(CDX("{\"type\":\"library\",\"name\":\"github.com/aws/aws-sdk-go-v2/"
			       "service/S3\",\"version\":\"v1.2.0\",\"purl\":\"pkg:golang/"
			       "github.com/aws/aws-sdk-go-v2@v1.2.0#service/s3\"}")),
		  "|go github.com/aws/aws-sdk-go-v2/service/S3 v1.2.0");
	CHECK_STR(packages(CDX("{\"type\":\"library\",\"name\":\"genproto\",\"purl\":"
			       "\"pkg:golang/google.golang.org/genproto@v0.1.0#googleapis/api\"}")),
		  "|go google.golang.org/genproto v0.1.0");
	CHECK_STR(packages(CDX("{\"type\":\"library\",\"group\":\"github.com/BurntSushi\",\"name\":"
			       "\"toml\",\"purl\":\"pkg:golang/github.com/burntsushi/toml@v1\"}")),
		  "|go github.com/BurntSushi/toml v1");
	CHECK_STR(packages(CDX(LIB("pkg:golang/a.example/b") "," LIB("pkg:golang/a.example/"
								     "c@UNKNOWN"))),
		  "|go a.example/b (devel);go a.example/c (devel)");
	/* cyclonedx-gomod has the program itself above its modules. */
	CHECK_STR(
		packages("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"metadata\":{"
			 "\"component\":{\"type\":\"application\",\"name\":\"a.example/main\","
			 "\"purl\":\"pkg:golang/a.example/main@v1.0.0?type=module\",\"components\":"
			 "[" LIB("pkg:golang/a.example/main/x@v0.1.0") "]}}}"),
		"|go a.example/main v1.0.0;go a.example/main/x v0.1.0");
}

#define SPDX(packages)                                                                             \
	"{\"spdxVersion\":\"SPDX-2.2\",\"SPDXID\":\"SPDXRef-DOCUMENT\",\"name\":\"n\","            \
	"\"packages\":[" packages "]}"
#define PURL(purl)                                                                                 \
	"\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\"," \
	"\"referenceLocator\":\"" purl "\"}]"

TEST(spdx_of_trivy_before_it_had_purposes)
{
	CHECK_STR(
		packages(SPDX(
			"{\"SPDXID\":\"SPDXRef-Application-1\",\"name\":\"Node.js\"},"
			"{\"SPDXID\":\"SPDXRef-ContainerImage-1\",\"name\":\"web\"},"
			"{\"SPDXID\":\"SPDXRef-OperatingSystem-1\",\"name\":\"alpine\","
			"\"versionInfo\":\"3.16.0\"},"
			"{\"SPDXID\":\"SPDXRef-Package-1\",\"name\":\"musl-utils\",\"sourceInfo\":"
			"\"built package from: musl 1.2.3-r0\"," PURL(
				"pkg:apk/alpine/musl-utils@1.2.3-r0?distro=3.16.0") "}")),
		"Alpine:v3.16|apk musl-utils 1.2.3-r0 of musl 1.2.3-r0");
}

TEST(the_image_and_its_layers_in_spdx)
{
	static const char doc[] =
		SPDX("{\"SPDXID\":\"SPDXRef-DocumentRoot-Image-web\",\"name\":\"web:1\","
		     "\"versionInfo\":\"sha256:"
		     "0123456789012345678901234567890123456789012345678901234567890123\"},"
		     "{\"SPDXID\":\"SPDXRef-Package-layer\",\"name\":\"sha256:ff\"," PURL(
			     "pkg:oci/web@sha256%3Aff") "},"
							"{\"SPDXID\":\"1\",\"name\":\"a\","
							"\"annotations\":"
							"[{\"comment\":\"LayerDigest: "
							"sha256:bb\"}]," PURL(
								"pkg:deb/debian/"
								"a@1?distro=debian-12") "}");
	auto_json *j = NULL;
	const json_t *subject, *list;

	CHECK(sbom_parse(str_of(doc), &j, NULL) == 0);
	subject = json_object_get(j, "subject");
	list = json_object_get(j, "list");
	CHECK_STR(member(subject, "name"), "web:1");
	CHECK_STR(member(subject, "digest"),
		  "sha256:0123456789012345678901234567890123456789012345678901234567890123");
	CHECK_STR(member(json_array_get(json_object_get(list, "layers"), 0), "digest"),
		  "sha256:bb");
}

TEST(syfts_own_json_of_now_and_of_its_beginnings)
{
	CHECK_STR(
		packages("{\"artifacts\":["
			 "{\"name\":\"libssl3\",\"version\":\"3.0.11-1\",\"type\":\"deb\","
			 "\"licenses\":[{\"value\":\"MIT\",\"spdxExpression\":\"MIT\"}],"
			 "\"locations\":[{\"path\":\"/var/lib/dpkg/status\",\"layerID\":"
			 "\"sha256:aa\"}],\"purl\":\"pkg:deb/debian/libssl3@3.0.11-1?distro="
			 "debian-12&upstream=openssl\",\"metadata\":{\"source\":\"openssl\","
			 "\"sourceVersion\":\"\"}},"
			 "{\"name\":\"x\",\"version\":\"1\",\"type\":\"binary\",\"purl\":\"\"},"
			 "{\"name\":\"y\",\"version\":\"1\",\"type\":\"npm\",\"purl\":"
			 "\"pkg:npm/y@1\"}],\"source\":{\"type\":\"image\",\"name\":\"web\","
			 "\"metadata\":{\"userInput\":\"web:1\"}},\"distro\":{\"prettyName\":"
			 "\"Debian GNU/Linux 12 (bookworm)\",\"name\":\"Debian GNU/Linux\",\"id\":"
			 "\"debian\",\"versionID\":\"12\"}}"),
		"Debian:12|dpkg libssl3 3.0.11-1 of openssl 3.0.11-1|{\"binary\":1,\"npm\":1}");
	CHECK_STR(
		packages(
			"{\"artifacts\":[{\"name\":\"libacl1\",\"version\":\"1:2.2.53-6\","
			"\"type\":\"deb\",\"licenses\":[\"GPL-2+\"],\"purl\":"
			"\"pkg:deb/ubuntu/libacl1@1:2.2.53-6?arch=amd64\",\"metadata\":{\"source\":"
			"\"acl\"}},{\"name\":\"apk\",\"version\":\"2-r0\",\"purl\":"
			"\"pkg:alpine/"
			"apk@2-r0?arch=x86_64\"}],\"source\":{\"target\":{\"userInput\":"
			"\"u\"}},\"distro\":{\"name\":\"ubuntu\",\"version\":\"20.04\"}}"),
		"Ubuntu:20.04|dpkg libacl1 1:2.2.53-6 of acl 1:2.2.53-6;apk apk 2-r0");
	CHECK_STR(packages("{\"artifacts\":[],\"source\":{\"target\":\".\"},\"distro\":{}}"), "|");
	CHECK_STR(packages("{\"artifacts\":[1,{},[]],\"source\":1,\"distro\":[]}"),
		  "||{\"unknown\":3}");
}

static const char tags[] =
	"SPDXVersion: SPDX-2.2\n"
	"DataLicense: CC0-1.0\n"
	"SPDXID: SPDXRef-DOCUMENT\n"
	"DocumentName: web\n"
	"Creator: Tool: trivy-dev\n"
	"Created: 2022-09-13T13:24:58Z\n"
	"DocumentComment: <text>PackageName: not one\n"
	"of two lines</text>\n"
	"\n##### Package: os\n\n"
	"PackageName: centos\n"
	"SPDXID: SPDXRef-OperatingSystem-1\n"
	"PackageVersion: 7.6.1810\n"
	"\n##### Package: openssl-libs\n\n"
	"PackageName: openssl-libs\n"
	"SPDXID: SPDXRef-Package-1\n"
	"PackageVersion: 1.0.2k\n"
	"PackageSourceInfo: <text>built package from: openssl 1:1.0.2k-16.el7</text>\n"
	"PackageChecksum: SHA1: aa\n"
	"PackageLicenseDeclared: OpenSSL\n"
	"ExternalRef: SECURITY cpe23Type cpe:2.3:a:x:x:1:*:*:*:*:*:*:*\n"
	"ExternalRef: PACKAGE-MANAGER purl "
	"pkg:rpm/centos/openssl-libs@1.0.2k-16.el7?epoch=1&distro=centos-7.6.1810\n"
	"PackageAttributionText: LayerDiffID: sha256:aa\n"
	"\nFileName: ./a\nSPDXID: SPDXRef-File-1\n"
	"Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Package-1\n";

TEST(spdx_as_tags_and_values)
{
	auto_buf dos = BUF_INIT(SIZE_MAX);

	CHECK_STR(packages(tags), "Red Hat:enterprise_linux:7|rpm openssl-libs 1:1.0.2k-16.el7 of "
				  "openssl 1:1.0.2k-16.el7");
	/* From a Windows editor: a mark, and lines that end with two characters. */
	buf_puts(&dos, "\xef\xbb\xbf# comment\r\n");
	for (const char *s = tags; *s; s++)
		buf_printf(&dos, "%s%c", *s == '\n' ? "\r" : "", *s);
	CHECK_STR(packages(buf_str(&dos)), "Red Hat:enterprise_linux:7|rpm openssl-libs "
					   "1:1.0.2k-16.el7 of openssl 1:1.0.2k-16.el7");
	CHECK_STR(packages("SPDXVersion: SPDX-2.3"), "|");
	CHECK_STR(packages("SPDXVersion: SPDX-2.3\nPackageName: a\nExternalRef: x\nExternalRef:\n"
			   "PackageChecksum:\nPackageVersion"),
		  "||{\"unknown\":1}");
	CHECK_STR(packages("SPDXVersion: SPDX-3.0\n"), "error: SPDX of another version than 2");
	CHECK_STR(packages("SPDXVersion: SPDX-2.3\nPackageName: <text>a"),
		  "error: SPDX: <text> without </text>");
	CHECK_STR(packages("SPDXVersion: SPDX-2.3\nPackageName: \xff"), "error: SPDX: not UTF-8");
}

#define ONE CDX(LIB("pkg:deb/debian/a@1?distro=debian-12"))
#define STATEMENT(type, predicate)                                                                 \
	"{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"" type               \
	"\",\"predicate\":" predicate "}"

static void envelope(const char *statement, struct buf *ret)
{
	buf_puts(ret, "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"");
	b64_put(ret, B64_STD, statement, strlen(statement));
	buf_puts(ret, "\",\"signatures\":[{\"sig\":\"AAAA\"}]}\n");
}

TEST(sboms_come_out_of_what_they_are_wrapped_in)
{
	static const char want[] = "Debian:12|dpkg a 1";
	auto_buf one = BUF_INIT(SIZE_MAX), lines = BUF_INIT(SIZE_MAX);

	CHECK_STR(packages(STATEMENT("https://cyclonedx.org/bom", ONE)), want);
	CHECK_STR(packages(STATEMENT("https://cyclonedx.org/bom", "{\"Data\":" ONE "}")), want);
	CHECK_STR(packages(STATEMENT("https://spdx.dev/Document",
				     "\"SPDXVersion: SPDX-2.3\\nPackageName: a\\nExternalRef: "
				     "PACKAGE-MANAGER purl pkg:deb/debian/a@1?distro=debian-12\"")),
		  want);
	CHECK_STR(packages("{\"SPDX\":" ONE "}"), want);
	CHECK_STR(packages("{\"linux/amd64\":{\"SPDX\":" ONE "}}"), want);
	CHECK_STR(packages("{\"sbom\":" ONE "}"), want);
	CHECK_STR(packages("\xef\xbb\xbf \n" ONE), want);
	envelope(STATEMENT("https://cyclonedx.org/bom", ONE), &one);
	CHECK_STR(packages(buf_str(&one)), want);
	/* A line an attestation, of which one is an SBOM. */
	envelope(STATEMENT("https://slsa.dev/provenance/v0.2", "{\"builder\":{}}"), &lines);
	buf_printf(&lines, "\n%s", buf_str(&one));
	CHECK_STR(packages(buf_str(&lines)), want);
}

TEST(what_wraps_no_sbom_is_refused)
{
	auto_buf lines = BUF_INIT(SIZE_MAX), deep = BUF_INIT(SIZE_MAX);

	CHECK_STR(packages(STATEMENT("https://slsa.dev/provenance/v1", "{}")),
		  "error: an attestation of type 'https://slsa.dev/provenance/v1', which is no "
		  "SBOM");
	CHECK_STR(packages("{\"linux/amd64\":{\"SPDX\":{}},\"linux/arm64\":{\"SPDX\":{}}}"),
		  "error: an SBOM for each of several platforms (linux/amd64, linux/arm64): write "
		  "the one that is meant to a file of its own");
	CHECK(starts_with(packages("{\"payload\":\"%%\"}"), "error:"));
	CHECK_STR(packages("<bom/>"), "error: XML: of SPDX and CycloneDX, JSON is read");
	envelope(STATEMENT("https://slsa.dev/provenance/v1", "{}"), &lines);
	envelope(STATEMENT("https://slsa.dev/provenance/v1", "{}"), &lines);
	CHECK(starts_with(packages(buf_str(&lines)), "error: none of its lines is an SBOM: an "));
	/* As many wrappings as there may be, and one more. */
	for (int n = 8; n <= 9; n++) {
		buf_reset(&deep);
		for (int i = 0; i < n; i++)
			buf_puts(&deep, "{\"sbom\":");
		buf_puts(&deep, ONE);
		for (int i = 0; i < n; i++)
			buf_putc(&deep, '}');
		CHECK_STR(packages(buf_str(&deep)),
			  n == 8 ? "Debian:12|dpkg a 1" : "error: wrapped more than 8 times");
	}
}

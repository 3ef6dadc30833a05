/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/csaf.h"

#include "scan/severity.h"
#include "tap.h"

TAP_MAIN()

#define PRODUCT(id, helper)                                                                        \
	"{\"category\":\"product_name\",\"name\":\"n\",\"product\":{\"name\":\"" id                \
	"\",\"product_id\":\"" id "\",\"product_identification_helper\":{" helper "}}}"
#define CPE(id, cpe) PRODUCT(id, "\"cpe\":\"" cpe "\"")
#define PURL(id, purl) PRODUCT(id, "\"purl\":\"" purl "\"")
#define PLAIN(id) PRODUCT(id, "")
#define OF(component, parent)                                                                      \
	"{\"category\":\"default_component_of\",\"full_product_name\":{\"name\":\"x\","            \
	"\"product_id\":\"" parent ":" component "\"},\"product_reference\":\"" component          \
	"\",\"relates_to_product_reference\":\"" parent "\"}"

#define DOC(branches, relationships, vulnerability)                                                \
	"{\"document\":{\"csaf_version\":\"2.0\",\"category\":\"csaf_vex\",\"title\":\"A title\"," \
	"\"publisher\":{\"name\":\"Red Hat\"},\"tracking\":{\"id\":\"CVE-2024-1\","                \
	"\"current_release_date\":\"2024-05-01T00:00:00+00:00\"}},\"product_tree\":{\"branches\":" \
	"[{\"category\":\"vendor\",\"name\":\"v\",\"branches\":[" branches "]}],"                  \
	"\"relationships\":[" relationships "]},\"vulnerabilities\":[{\"cve\":\"CVE-2024-1\","     \
	"\"title\":\"A title\"," vulnerability "}]}"

static json_t *read_doc(const char *text, int *ret, struct err *e)
{
	auto_json *doc = NULL;
	json_t *unit = NULL;

	*e = ERR_INIT;
	if (json_parse(text, strlen(text), "test", &doc, e) < 0) {
		printf("# %s\n", e->msg);
		*ret = E_INTERNAL;
		return NULL;
	}
	*ret = advisory_is_csaf(doc) ? advisory_csaf(doc, &unit, e) : E_NOTFOUND;
	return unit;
}

static bool has_row(const json_t *unit, const char *want)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(unit, "rows"), i, row)
	{
		auto_buf text = BUF_INIT(64 * 1024);
		auto_json *shown = json_pack(
			"[sssOO]", json_string_or_null(row, "e"), json_string_or_null(row, "p"),
			json_string_or_null(row, "st") ? json_string_or_null(row, "st") : "",
			json_object_get(row, "r"), json_object_get(row, "ids"));

		if (json_canonical(shown, &text, NULL) == 0 && strcmp(buf_str(&text), want) == 0)
			return true;
	}
	json_array_foreach(json_object_get(unit, "rows"), i, row)
	{
		auto_free char *text = json_dumps(row, JSON_SORT_KEYS);

		printf("# %s\n", text);
	}
	return false;
}

#define RHEL9                                                                                      \
	CPE("AppStream-9.4", "cpe:/a:redhat:enterprise_linux:9::appstream")                        \
	"," CPE("BaseOS-9.4", "cpe:/o:redhat:enterprise_linux:9::baseos") "," CPE(                 \
		"rhel9", "cpe:/o:redhat:enterprise_linux:9") "," CPE("EUS-9.2",                    \
								     "cpe:/"                       \
								     "a:redhat:rhel_eus:9.2::"     \
								     "baseos") "," CPE("jboss",    \
										       "cpe:/"     \
										       "a:redhat:" \
										       "jboss:7")

TEST(red_hat)
{
	struct err e;
	int r;
	auto_json *unit = read_doc(
		DOC(RHEL9 "," PURL(
			    "openssl-1:3.0.7-27.el9.src",
			    "pkg:rpm/"
			    "redhat/"
			    "openssl@3.0.7-"
			    "27.el9?arch="
			    "src&epoch=1") "," PURL("openssl-libs-1:3.0.7-27.el9.x86_64",
						    "pkg:rpm/redhat/"
						    "openssl-libs@3.0.7-27.el9?arch=x86_64&epoch="
						    "1") "," PURL("libstdc++-0:11-1.el9.x86_64",
								  "pkg:rpm/redhat/"
								  "libstdc%2B%2B@11-1.el9?arch="
								  "x86_64") "," PURL("compat-"
										     "openssl11",
										     "pkg:rpm/"
										     "redhat/"
										     "compat-"
										     "openssl11?"
										     "arch=src") "," PLAIN("edk2") "," PLAIN("shim") "," PURL("mingw",
																	      "pkg:oci/mingw@sha256:0"),
		    OF("openssl-1:3.0.7-27.el9.src", "BaseOS-9.4") "," OF(
			    "openssl-libs-1:3.0.7-27.el9.x86_64",
			    "BaseOS-9.4") "," OF("openssl-1:3.0.7-27.el9.src",
						 "EUS-9.2") "," OF("libstdc++-0:11-1.el9.x86_"
								   "64",
								   "BaseOS-9.4") "," OF("compat"
											"-opens"
											"sl11",
											"rhel9") "," OF("edk2",
													"rhel9") "," OF("shim",
															"rhel9") "," OF("mingw",
																	"rhel9") "," OF("edk2",
																			"jboss"),
		    "\"product_status\":{\"fixed\":[\"BaseOS-9.4:openssl-"
		    "1:3.0.7-27.el9.src\","
		    "\"BaseOS-9.4:openssl-libs-1:3.0.7-27.el9.x86_64\","
		    "\"EUS-9.2:openssl-1:3.0.7-27.el9.src\","
		    "\"BaseOS-9.4:libstdc++-0:11-1.el9.x86_64\"],"
		    "\"known_affected\":[\"rhel9:edk2\",\"jboss:edk2\","
		    "\"rhel9:mingw\"],"
		    "\"under_investigation\":[\"rhel9:shim\"],"
		    "\"known_not_affected\":[\"rhel9:compat-openssl11\"]},"
		    "\"remediations\":[{\"category\":\"vendor_fix\","
		    "\"url\":"
		    "\"https://access.redhat.com/errata/"
		    "RHSA-2024:2447\",\"product_ids\":["
		    "\"BaseOS-9.4:openssl-1:3.0.7-27.el9.src\"]},{"
		    "\"category\":\"no_fix_planned\","
		    "\"details\":\"Will not "
		    "fix\",\"product_ids\":[\"rhel9:edk2\"]}],"
		    "\"scores\":[{\"cvss_v3\":{\"vectorString\":"
		    "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/"
		    "A:H\"},\"products\":["
		    "\"BaseOS-9.4:openssl-1:3.0.7-27.el9.src\"]}],"
		    "\"threats\":[{\"category\":"
		    "\"impact\",\"details\":\"Low\"}]"),
		&r, &e);

	CHECK(r == 0);
	if (r < 0)
		printf("# %s\n", e.msg);
	CHECK(json_array_size(json_object_get(unit, "rows")) == 6);
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"openssl\",\"\","
			    "[[\"i\",\"0\",\"f\",\"1:3.0.7-27.el9\"]],"
			    "[[\"CVE-2024-1\",\"RHSA-2024:2447\"]]]"));
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"libstdc++\",\"\","
			    "[[\"i\",\"0\",\"f\",\"11-1.el9\"]],[[\"CVE-2024-1\"]]]"));
	CHECK(has_row(unit, "[\"Red Hat:rhel_eus:9.2\",\"openssl\",\"\","
			    "[[\"i\",\"0\",\"f\",\"1:3.0.7-27.el9\"]],[[\"CVE-2024-1\"]]]"));
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"edk2\",\"wont-fix\","
			    "[[\"i\",\"0\"]],[[\"CVE-2024-1\"]]]"));
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"shim\",\"investigating\","
			    "[[\"i\",\"0\"]],[[\"CVE-2024-1\"]]]"));
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"compat-openssl11\","
			    "\"not-affected\",[],[[\"CVE-2024-1\"]]]"));
	/* The vendor's word is the severity, the score stands beside it. */
	CHECK(json_integer_value(json_object_get(json_array_get(json_object_get(unit, "rows"), 0),
						 "c")) == 75);
	CHECK(json_integer_value(json_object_get(json_array_get(json_object_get(unit, "rows"), 0),
						 "s")) == SEVERITY_LOW);
	CHECK(strcmp(json_string_or_null(unit, "unit"), "csaf/Red Hat/CVE-2024-1") == 0);
	CHECK(json_integer_value(json_object_get(unit, "modified")) == 1714521600);
}

TEST(modules)
{
	struct err e;
	int r;
	auto_json *unit = read_doc(
		DOC(RHEL9 "," PURL("nodejs:18:902:rhel9",
				   "pkg:rpmmod/"
				   "redhat/"
				   "nodejs@18:902:"
				   "rhel9") "," PURL("nodejs-1:18.2-1.module+el9.x86_64",
						     "pkg:rpm/redhat/"
						     "nodejs@18.2-1.module%2Bel9?arch=x86_64&epoch="
						     "1") "," PURL("ruby:3.1/ruby",
								   "pkg:rpmmod/redhat/ruby:3.1/"
								   "ruby") "," PURL("php:8.1/php",
										    "pkg:rpm/"
										    "redhat/"
										    "php?arch=src&"
										    "rpmmod=php:8."
										    "1"),
		    OF("nodejs:18:902:rhel9", "AppStream-9.4") "," OF(
			    "nodejs-1:18.2-1.module+"
			    "el9.x86_64",
			    "AppStream-9.4:nodejs:18:"
			    "902:rhel9") "," OF("ruby:"
						"3.1/"
						"ruby",
						"rhel9") "," OF("php:8.1/php", "rhel9"),
		    "\"product_status\":{\"fixed\":[\"AppStream-9.4:"
		    "nodejs:18:902:rhel9\","
		    "\"AppStream-9.4:nodejs:18:902:rhel9:nodejs-1:18.2-1."
		    "module+el9.x86_64\"],"
		    "\"known_affected\":[\"rhel9:ruby:3.1/"
		    "ruby\",\"rhel9:php:8.1/php\"]}"),
		&r, &e);

	CHECK(r == 0);
	CHECK(json_array_size(json_object_get(unit, "rows")) == 3);
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"nodejs:18/nodejs\",\"\","
			    "[[\"i\",\"0\",\"f\",\"1:18.2-1.module+el9\"]],[[\"CVE-2024-1\"]]]"));
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"ruby:3.1/ruby\",\"\","
			    "[[\"i\",\"0\"]],[[\"CVE-2024-1\"]]]"));
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"php:8.1/php\",\"\","
			    "[[\"i\",\"0\"]],[[\"CVE-2024-1\"]]]"));
}

/* Two streams of updates: both fixes must be passed. What is mended is not also open. */
TEST(several_fixes)
{
	struct err e;
	int r;
	auto_json *unit = read_doc(
		DOC(RHEL9 "," PURL("a-1", "pkg:rpm/redhat/a@1-1.el9_2?arch=src") "," PURL(
			    "a-2", "pkg:rpm/redhat/a@1-2.el9_4?arch=src&epoch=0") "," PLAIN("a"),
		    OF("a-1", "BaseOS-9.4") "," OF("a-2", "BaseOS-9.4") "," OF("a", "rhel9"),
		    "\"product_status\":{\"fixed\":[\"BaseOS-9.4:a-1\",\"BaseOS-9.4:a-2\","
		    "\"BaseOS-9.4:a-1\"],\"known_affected\":[\"rhel9:a\"]}"),
		&r, &e);

	CHECK(r == 0);
	CHECK(json_array_size(json_object_get(unit, "rows")) == 1);
	CHECK(has_row(unit, "[\"Red Hat:enterprise_linux:9\",\"a\",\"\","
			    "[[\"i\",\"0\",\"f\",\"1-1.el9_2\"],[\"i\",\"0\",\"f\",\"1-2.el9_4\"]],"
			    "[[\"CVE-2024-1\"]]]"));
}

/* SUSE's products have names, its packages name-version-release.arch. */
TEST(suse)
{
	struct err e;
	int r;
	auto_json *unit = read_doc(
		DOC(CPE("SUSE Linux Enterprise Server 15 SP5", "cpe:/o:suse:sles:15:sp5") "," CPE(
			    "openSUSE Leap 15.5",
			    "cpe:/o:opensuse:leap:15.5") "," PLAIN("openssl-3-3.0.8-150500.5.17.1."
								   "x86_64") "," PLAIN("openssl-3"),
		    OF("openssl-3-3.0.8-150500.5.17.1.x86_64",
		       "SUSE Linux Enterprise Server 15 SP5") "," OF("openssl-3",
								     "openSUSE Leap 15.5"),
		    "\"product_status\":{\"recommended\":[\"SUSE Linux Enterprise Server 15 SP5:"
		    "openssl-3-3.0.8-150500.5.17.1.x86_64\"],\"known_affected\":["
		    "\"openSUSE Leap 15.5:openssl-3\"]}"),
		&r, &e);

	CHECK(r == 0);
	CHECK(has_row(unit, "[\"SUSE:Linux Enterprise Server 15 SP5\",\"openssl-3\",\"\","
			    "[[\"i\",\"0\",\"f\",\"3.0.8-150500.5.17.1\"]],[[\"CVE-2024-1\"]]]"));
	CHECK(has_row(unit, "[\"openSUSE:Leap 15.5\",\"openssl-3\",\"\",[[\"i\",\"0\"]],"
			    "[[\"CVE-2024-1\"]]]"));
}

/* Whatever a product refers to, it is no package or it is refused; nothing runs in circles. */
TEST(hostile)
{
	static const struct {
		const char *text;
		int want;
		size_t rows;
	} cases[] = {
		{ DOC("", "", "\"product_status\":{\"fixed\":[\"nowhere\"]}"), 0, 0 },
		{ DOC("", OF("a", "a"), "\"product_status\":{\"known_affected\":[\"a:a\"]}"), 0,
		  0 },
		{ DOC(RHEL9, OF("rhel9:x", "rhel9:x"),
		      "\"product_status\":{\"known_affected\":[\"rhel9:x:rhel9:x\"]}"),
		  0, 0 },
		{ DOC(RHEL9 "," PURL("a", "pkg:rpm/redhat/a%00b@1-1"), OF("a", "rhel9"),
		      "\"product_status\":{\"fixed\":[\"rhel9:a\"]}"),
		  0, 0 },
		{ DOC(RHEL9 "," PURL("a", "pkg:rpm/redhat/a%4"), OF("a", "rhel9"),
		      "\"product_status\":{\"known_affected\":[\"rhel9:a\"]}"),
		  0, 0 },
		{ DOC(RHEL9 "," PURL("a", "pkg:"), OF("a", "rhel9"),
		      "\"product_status\":{\"known_affected\":[\"rhel9:a\"]}"),
		  0, 0 },
		{ DOC(RHEL9 "," PLAIN("a"), OF("a", "rhel9"),
		      "\"product_status\":{\"fixed\":[\"rhel9:a\"]}"),
		  0, 0 },
		{ DOC(RHEL9, "", "\"product_status\":{\"fixed\":[7]}"), E_FORMAT, 0 },
		{ DOC(RHEL9, "{}", "\"product_status\":{}"), E_FORMAT, 0 },
		{ DOC(RHEL9 ",{\"product\":{}}", "", "\"product_status\":{}"), E_FORMAT, 0 },
		{ DOC(RHEL9, "", "\"cve\":7"), E_FORMAT, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases) - 1; i++) {
		struct err e;
		int r;
		auto_json *unit = read_doc(cases[i].text, &r, &e);

		CHECK(r == cases[i].want);
		if (r != cases[i].want)
			printf("# case %zu: %d %s\n", i, r, e.msg);
		CHECK(json_array_size(json_object_get(unit, "rows")) == cases[i].rows);
	}
}

TEST(depth)
{
	for (int depth = LIMIT_CSAF_DEPTH; depth <= LIMIT_CSAF_DEPTH + 1; depth++) {
		auto_buf text = BUF_INIT(64 * 1024);
		struct err e;
		int r;

		buf_puts(&text,
			 "{\"document\":{\"csaf_version\":\"2.0\",\"publisher\":{\"name\":\"x\"},"
			 "\"tracking\":{\"id\":\"y\"}},\"product_tree\":{\"branches\":[");
		for (int i = 0; i < depth; i++)
			buf_puts(&text, "{\"branches\":[");
		for (int i = 0; i < depth; i++)
			buf_puts(&text, "]}");
		buf_puts(&text, "]}}");
		auto_json *unit = read_doc(buf_str(&text), &r, &e);

		CHECK(r == (depth > LIMIT_CSAF_DEPTH ? E_FORMAT : 0));
	}
}

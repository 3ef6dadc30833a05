/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/base/filter.h"

#include "tap.h"

TAP_MAIN()

static const char status[] =
	"Package: base-files\nEssential: yes\nStatus: install ok installed\nVersion: 12\n\n"
	"Package: ca-certificates\nStatus: install ok installed\n"
	"Depends: openssl (>= 1.1.1), debconf (>= 0.5) | debconf-2.0\nVersion: 1\n\n"
	"Package: openssl\nStatus: install ok installed\nDepends: libssl3, libc6\nVersion: 3\n\n"
	"Package: debconf\nStatus: install ok installed\nVersion: 1\n\n"
	"Package: bash\nEssential: yes\nStatus: install ok installed\nVersion: 5\n\n"
	"Package: libc6\nStatus: install ok installed\nDepends: libgcc-s1, libgone\nVersion: 2\n\n"
	"Package: libgcc-s1\nStatus: install ok installed\nPre-Depends: bash,libc6:any\nVersion: "
	"12\n\n"
	"Package: libgone\nStatus: deinstall ok config-files\nVersion: 12\n\n"
	"Package: curl\nStatus: install ok installed\nDepends: libcurl4\n (= 7), zlib\nVersion: "
	"7\n\n";

/* The names kept, in order, or "error: " and why. Valid until the next call. */
static const char *kept(const char *first, const char *second)
{
	static char out[1024];
	static const char *const all[] = { "base-files", "ca-certificates", "openssl",	 "debconf",
					   "bash",	 "libc6",	    "libgcc-s1", "libgone",
					   "curl" };
	const char *const wanted[] = { first, second };
	auto_json *keep = json_object();
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(sizeof(out) - 1);

	if (filter_packages(str_of(status), wanted, second ? 2 : 1, keep, &e) < 0)
		buf_printf(&b, "error: %s", e.msg);
	else
		for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
			if (json_object_get(keep, all[i]))
				buf_printf(&b, "%s%s", b.n ? " " : "", all[i]);
	(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

TEST(what_is_needed_stays_and_what_installs_or_is_essential_goes)
{
	CHECK_STR(kept("base-files", NULL), "base-files");
	CHECK_STR(kept("base-files", "ca-certificates"), "base-files ca-certificates");
	CHECK_STR(kept("libc6", NULL), "libc6 libgcc-s1");
	CHECK_STR(kept("openssl", NULL), "openssl libc6 libgcc-s1");
	CHECK_STR(kept("bash", NULL), "bash"); /* asked for by name */
	CHECK_STR(kept("curl", NULL), "curl"); /* what is not installed is nobody's need */
	CHECK_STR(kept("libgone", NULL), "error: package 'libgone' was not installed");
	CHECK_STR(kept("nosuch", NULL), "error: package 'nosuch' was not installed");
}

TEST(paragraphs_are_kept_as_they_are)
{
	auto_json *keep = json_object();
	const char *const wanted[] = { "libgcc-s1" };

	CHECK(filter_packages(str_of(status), wanted, 1, keep, NULL) == 0);
	CHECK_STR(json_string_or_null(keep, "libgcc-s1"),
		  "Package: libgcc-s1\nStatus: install ok installed\nPre-Depends: bash,libc6:any\n"
		  "Version: 12\n");
}

TEST(paths_are_found_in_merged_usr_too)
{
	auto_json *paths = json_object();
	struct str list = STR("/.\n/lib\n/lib/x86_64-linux-gnu/libc.so.6\n/etc/services\n"
			      "relative\n\n/bad\xff\n/usr/share/doc");

	CHECK(filter_take_list(list, paths, NULL) == 0);
	CHECK(filter_wants(paths, "lib/x86_64-linux-gnu/libc.so.6"));
	CHECK(filter_wants(paths, "usr/lib/x86_64-linux-gnu/libc.so.6"));
	CHECK(filter_wants(paths, "etc/services"));
	CHECK(filter_wants(paths, "usr/share/doc"));
	CHECK(!filter_wants(paths, "relative"));
	CHECK(!filter_wants(paths, "usr/bin/sh"));
	CHECK(!filter_wants(paths, "etc/shadow"));
	CHECK(!filter_wants(paths, "var/lib/dpkg/info/libc6.list"));
	/* Made by installing. */
	CHECK(filter_wants(paths, "."));
	CHECK(filter_wants(paths, "bin"));
	CHECK(!filter_wants(paths, "bin/sh"));
	CHECK(filter_wants(paths, "etc/passwd"));
	CHECK(filter_wants(paths, "etc/ssl/certs/ca-certificates.crt"));
	CHECK(filter_wants(paths, "var/lib/dpkg/status"));
}

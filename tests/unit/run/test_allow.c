/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/allow.h"

#include "base/yaml.h"
#include "tap.h"

TAP_MAIN()

static int parse(const char *yaml, struct run_policy *p, struct err *e)
{
	auto_json *j = NULL;
	int r = yaml_parse(yaml, strlen(yaml), "test", &j, e);

	return r < 0 ? r : run_policy_parse(j, p, e);
}

TEST(nothing_is_allowed_without_a_section)
{
	auto_run_policy p = { .json = NULL };
	struct err e = ERR_INIT;

	CHECK(run_policy_parse(NULL, &p, &e) == 0);
	CHECK(!p.without && !p.require && p.on_refusal == REFUSAL_REPORT);
	CHECK(run_allowed(&p, "privileged", "because", &e) == E_POLICY);
	CHECK(strstr(e.msg, "root of the host") && strstr(e.hint, "allow: [privileged]"));
	CHECK(run_allowed(NULL, "cap:NET_ADMIN", "because", &e) == E_POLICY);
	CHECK(strstr(e.hint, "[\"cap:NET_ADMIN\"]") != NULL);
	CHECK(json_array_size(p.granted) == 0);
}

TEST(what_is_named_passes_with_a_reason_and_is_noted)
{
	auto_run_policy p = { .json = NULL };
	struct err e = ERR_INIT;

	CHECK(parse("allow: [privileged, cap:NET_ADMIN, device:/dev/fuse]", &p, &e) == 0);
	CHECK(run_allowed(&p, "privileged", NULL, &e) == E_POLICY);
	CHECK(strstr(e.hint, "--reason") != NULL);
	CHECK(run_allowed(&p, "privileged", "", &e) == E_POLICY);
	CHECK(json_array_size(p.granted) == 0);
	CHECK(run_allowed(&p, "privileged", "rescue", &e) == 0);
	CHECK(run_allowed(&p, "cap:NET_ADMIN", "vpn", &e) == 0);
	CHECK(run_allowed(&p, "cap:NET_RAW", "vpn", &e) == E_POLICY);
	CHECK(run_allowed(&p, "device:/dev/fuse", "sshfs", &e) == 0);
	CHECK(run_allowed(&p, "device:/dev/fuse2", "sshfs", &e) == E_POLICY);
	CHECK(run_allowed(&p, "network-host", "x", &e) == E_POLICY);
	CHECK(json_array_size(p.granted) == 3);
	CHECK_STR(json_string_or_null(json_array_get(p.granted, 1), "what"), "cap:NET_ADMIN");
	CHECK_STR(json_string_or_null(json_array_get(p.granted, 1), "reason"), "vpn");
}

TEST(a_path_is_that_path_and_with_a_star_what_is_below)
{
	auto_run_policy p = { .json = NULL };
	struct err e = ERR_INIT;

	CHECK(parse("allow: ['mount:/var/run', 'mount:/srv/data/*', 'mount:/']", &p, &e) == 0);
	CHECK(run_allowed(&p, "mount:/var/run", "r", &e) == 0);
	CHECK(run_allowed(&p, "mount:/var/run/docker.sock", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "mount:/srv/data/a/b", "r", &e) == 0);
	CHECK(run_allowed(&p, "mount:/srv/data", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "mount:/srv/database", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "mount:/", "r", &e) == 0);
	/* What could be read as another path is no word at all. */
	CHECK(run_allowed(&p, "mount:/srv/data/../../etc", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "mount:/srv/data/", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "mount:/srv/data/*", "r", &e) == 0); /* a folder may be named so */
	CHECK(!run_allow_word("mount:srv") && !run_allow_word("mount:"));
	CHECK(!run_allow_word("device://dev/x") && run_allow_word("device:/dev/x"));
}

TEST(a_profile_of_apparmor_is_that_profile)
{
	auto_run_policy p = { .json = NULL };
	struct err e = ERR_INIT;

	CHECK(parse("allow: ['apparmor:docker-default', 'apparmor:/usr/bin/x']", &p, &e) == 0);
	CHECK(run_allowed(&p, "apparmor:docker-default", NULL, &e) == E_POLICY);
	CHECK(run_allowed(&p, "apparmor:docker-default", "r", &e) == 0);
	CHECK(run_allowed(&p, "apparmor:/usr/bin/x", "r", &e) == 0);
	CHECK(run_allowed(&p, "apparmor:docker", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "apparmor:docker-default2", "r", &e) == E_POLICY);
	CHECK(strstr(e.hint, "[\"apparmor:docker-default2\"]") != NULL);
	/* Namespaces, stacks, patterns, and what is no profile. */
	CHECK(!run_allow_word("apparmor:") && !run_allow_word("apparmor:unconfined"));
	CHECK(!run_allow_word("apparmor:a//&b") && !run_allow_word("apparmor::ns:a"));
	CHECK(!run_allow_word("apparmor:/usr/*") && !run_allow_word("apparmor:a b"));
}

TEST(an_allowance_for_some_images_is_for_no_other)
{
	auto_run_policy p = { .json = NULL };
	struct err e = ERR_INIT;

	CHECK(parse("allow:\n"
		    "  - {what: pid-host, images: [registry.example/ops/*, local/top]}\n"
		    "  - {what: ipc-host, images: [registry.example/ops]}\n"
		    "  - {what: uts-host, images: ['*']}\n",
		    &p, &e) == 0);
	CHECK(run_allowed(&p, "pid-host", "r", &e) == E_POLICY);
	CHECK(strstr(e.msg, "one without a name") != NULL);
	CHECK(run_allowed(&p, "uts-host", "r", &e) == 0);
	(void)snprintf(p.repository, sizeof(p.repository), "registry.example/ops/ps");
	CHECK(run_allowed(&p, "pid-host", "r", &e) == 0);
	CHECK(run_allowed(&p, "ipc-host", "r", &e) == 0);
	(void)snprintf(p.repository, sizeof(p.repository), "registry.example/ops");
	CHECK(run_allowed(&p, "pid-host", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "ipc-host", "r", &e) == 0);
	(void)snprintf(p.repository, sizeof(p.repository), "registry.example/opsy/ps");
	CHECK(run_allowed(&p, "pid-host", "r", &e) == E_POLICY);
	CHECK(run_allowed(&p, "ipc-host", "r", &e) == E_POLICY);
	CHECK(strstr(e.msg, "for other images, not for registry.example/opsy/ps") != NULL);
	(void)snprintf(p.repository, sizeof(p.repository), "local/top");
	CHECK(run_allowed(&p, "pid-host", "r", &e) == 0);
}

TEST(what_was_granted_is_asked_again_at_the_next_start)
{
	auto_run_policy p = { .json = NULL }, later = { .json = NULL };
	struct err e = ERR_INIT;

	CHECK(parse("allow: [pid-host, ipc-host]", &p, &e) == 0);
	CHECK(run_allowed(&p, "pid-host", "r", &e) == 0);
	CHECK(parse("allow: [pid-host]", &later, &e) == 0);
	CHECK(run_allowed_again(&later, p.granted, &e) == 0);
	CHECK(json_equal(later.granted, p.granted));
	run_policy_free(&later);
	CHECK(parse("allow: [ipc-host]", &later, &e) == 0);
	CHECK(run_allowed_again(&later, p.granted, &e) == E_POLICY);
}

TEST(needs_and_refusals)
{
	auto_run_policy p = { .json = NULL };
	struct err e = ERR_INIT;

	CHECK(parse("without: [memory-limit, landlock]\nrequire: [apparmor]\non-refusal: stop\n",
		    &p, &e) == 0);
	CHECK(p.without == (1U << NEED_MEMORY | 1U << NEED_LANDLOCK));
	CHECK(p.require == 1U << NEED_APPARMOR);
	CHECK(p.on_refusal == REFUSAL_STOP && p.unchecked == REFUSAL_REPORT);
	for (unsigned n = 0; n < NEEDS; n++)
		CHECK(need_name((enum need)n) != NULL);
}

TEST(unknown_words_are_errors)
{
	static const struct {
		const char *yaml, *bad;
	} wrong[] = {
		{ "allow: [privilegd]", "privilegd" },
		{ "allow: [cap:net_admin]", "cap:net_admin" },
		{ "allow: [cap:CAP_KILL]", "cap:CAP_KILL" },
		{ "allow: [cap:ALL]", "cap:ALL" },
		{ "allow: [device:fuse]", "device:fuse" },
		{ "allow: ['mount:/a/../b']", "mount:/a/../b" },
		{ "allow: ['mount:/a*']", NULL },
		{ "allow: privileged", "" },
		{ "allow: [{what: privileged, image: [a]}]", "" },
		{ "allow: [{images: [a]}]", "" },
		{ "allow: [{what: privileged, images: []}]", "" },
		{ "allow: [{what: privileged, images: [a//b]}]", "a//b" },
		{ "allow: [{what: privileged, images: ['a/../b']}]", "a/../b" },
		{ "allow: [{what: privileged, images: ['a*']}]", "a*" },
		{ "without: [everything]", "everything" },
		{ "without: landlock", "" },
		{ "without: [apparmor]\nrequire: [apparmor]", "" },
		{ "on-refusal: kill", "kill" },
		{ "unchecked: true", "" },
		{ "alow: []", "alow" },
		{ "[]", "" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_run_policy p = { .json = NULL };
		struct err e = ERR_INIT;

		if (!wrong[i].bad) { /* a star within a name is that character */
			CHECK(parse(wrong[i].yaml, &p, &e) == 0);
			continue;
		}
		if (parse(wrong[i].yaml, &p, &e) != E_USAGE)
			(void)printf("# %s\n", wrong[i].yaml);
		CHECK(e.code == E_USAGE);
		CHECK_STR(p.bad, wrong[i].bad);
	}
}

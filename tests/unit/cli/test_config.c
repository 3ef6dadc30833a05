/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/config.h"
#include "run/options/allow.h"
#include "tap.h"

TAP_MAIN()

const struct command *const commands[] = { NULL };

struct files {
	char dir[64];
	char path[3][128];
	const char *list[3];
};

static void make(struct files *f, const char *const content[3])
{
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/plimsoll-test-XXXXXX");
	if (!mkdtemp(f->dir))
		abort();
	for (int i = 0; i < 3; i++) {
		(void)snprintf(f->path[i], sizeof(f->path[i]), "%s/%d.yaml", f->dir, i);
		f->list[i] = f->path[i];
		if (!content[i])
			continue;

		FILE *out = fopen(f->path[i], "we");

		if (!out || fputs(content[i], out) < 0 || fclose(out) != 0)
			abort();
	}
}

static void drop(struct files *f)
{
	for (int i = 0; i < 3; i++)
		(void)unlink(f->path[i]);
	(void)rmdir(f->dir);
}

static int load(const char *const content[3], bool must_exist, struct cli *c, struct err *e)
{
	struct files f;
	int r;

	make(&f, content);
	r = cli_config_load_files(f.list, 3, must_exist, &c->config, &c->config_text, e);
	drop(&f);
	return r;
}

static void unload(struct cli *c)
{
	json_decref(c->config);
	json_decref(c->config_text);
}
#define auto_cli __attribute__((cleanup(unload))) struct cli

TEST(later_files_win_and_objects_merge)
{
	auto_cli c = { .config = NULL };
	struct err e = ERR_INIT;
	const char *const content[3] = {
		"gate:\n  fail-on: high\n  ignore-unfixed: true\n",
		"gate:\n  fail-on: critical\n",
		"gate:\n",
	};

	CHECK(load(content, true, &c, &e) == 0);
	CHECK_STR(cli_config(&c, "gate.fail-on"), "critical");
	CHECK_STR(cli_config(&c, "gate.ignore-unfixed"), "true");
	CHECK(!cli_config(&c, "gate") && !cli_config(&c, "gate.nothing"));
}

TEST(missing_and_empty_files_are_fine)
{
	auto_cli a = { .config = NULL }, b = { .config = NULL };
	struct err e = ERR_INIT;
	const char *const none[3] = { NULL, "", "# nothing\n" };

	CHECK(load(none, true, &a, &e) == 0 && json_object_size(a.config) == 0);

	const char *const last_missing[3] = { NULL, NULL, NULL };

	CHECK(load(last_missing, true, &b, &e) == E_NOTFOUND);
}

TEST(what_is_unknown_is_named)
{
	static const struct {
		const char *yaml, *want;
	} cases[] = {
		{ "gate:\n  fail-on: high\ngaet: {}\n",
		  "unknown section 'gaet', did you mean 'gate'?" },
		{ "gate:\n  fail_on: high\n",
		  "unknown key 'gate.fail_on', did you mean 'gate.fail-on'?" },
		{ "gate:\n  fail-on: [high]\n", "'gate.fail-on' is not one value" },
		{ "gate: high\n", "'gate' is not a mapping of keys" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_cli c = { .config = NULL };
		struct err e = ERR_INIT;
		const char *const content[3] = { cases[i].yaml, NULL, NULL };

		CHECK(load(content, false, &c, &e) == E_USAGE);
		CHECK(strstr(e.msg, cases[i].want));
	}
}

TEST(nonsense_is_usage)
{
	static const char *const bad[] = { "- a\n", "gate: [\n", "gate: 1\ngate: 2\n", "42\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_cli c = { .config = NULL };
		struct err e = ERR_INIT;
		const char *const content[3] = { bad[i], NULL, NULL };

		CHECK(load(content, false, &c, &e) == E_USAGE);
	}
}

TEST(the_environment_goes_before_files)
{
	auto_cli c = { .config = NULL };
	struct err e = ERR_INIT;
	const char *const content[3] = { "gate:\n  fail-on: high\n", NULL, NULL };

	CHECK(load(content, false, &c, &e) == 0);
	CHECK(setenv("PLIMSOLL_GATE_FAIL_ON", "low", 1) == 0);
	CHECK_STR(cli_config(&c, "gate.fail-on"), "low");
	CHECK(setenv("PLIMSOLL_GATE_FAIL_ON", "", 1) == 0);
	CHECK_STR(cli_config(&c, "gate.fail-on"), "high");
	CHECK(unsetenv("PLIMSOLL_GATE_FAIL_ON") == 0);
}

TEST(a_key_at_the_limit_and_one_more)
{
	auto_cli c = { .config = NULL };
	struct err e = ERR_INIT;
	const char *const content[3] = { NULL, NULL, NULL };
	char key[LIMIT_CONFIG_KEY + 2], env[LIMIT_CONFIG_KEY + 32];

	CHECK(load(content, false, &c, &e) == 0);
	memset(key, 'k', sizeof(key));
	key[LIMIT_CONFIG_KEY] = '\0';
	(void)snprintf(env, sizeof(env), "PLIMSOLL_%s", key);
	for (char *p = env; *p; p++)
		*p = *p == 'k' ? 'K' : *p;
	CHECK(setenv(env, "v", 1) == 0);
	CHECK_STR(cli_config(&c, key), "v");
	(void)unsetenv(env);
	key[LIMIT_CONFIG_KEY] = 'k';
	key[LIMIT_CONFIG_KEY + 1] = '\0';
	CHECK(!cli_config(&c, key));
}

TEST(an_unknown_word_of_run_is_told_with_file_and_line)
{
	auto_cli c = { .config = NULL };
	struct err e = ERR_INIT;
	const char *const content[3] = {
		"gate:\n  fail-on: high\nrun:\n  allow:\n    - privileged\n    - privilegd\n", NULL,
		NULL
	};
	const char *const well[3] = { "run:\n  allow: [pid-host]\n", "run:\n  allow: []\n", NULL };
	struct run_policy *p = NULL;

	CHECK(load(content, false, &c, &e) == E_USAGE);
	CHECK(strstr(e.msg, "0.yaml line 6: run: allow: 'privilegd'") != NULL);
	CHECK(load(well, false, &c, &e) == 0);
	/* As all lists: the later file's takes the place of the earlier's. */
	CHECK(cli_config_run(c.config, &p, &e) == 0 && p->n == 0);
	run_policy_free(p);
	free(p);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "confine/spec.h"
#include "tap.h"

TAP_MAIN()

static json_t *image(const char *text)
{
	json_t *j = NULL;
	struct err e = ERR_INIT;

	CHECK(json_parse(text, strlen(text), "test", &j, &e) == 0);
	return j;
}

#define IMAGE                                                                                      \
	"{\"Entrypoint\":[\"/init\"],\"Cmd\":[\"serve\",\"-v\"],\"Env\":[\"A=1\",\"PATH=/p\"],"    \
	"\"User\":\"web\",\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\"}"

TEST(the_image_says_what_runs)
{
	json_t *j = image(IMAGE);
	const struct command_opts o = { 0 };
	auto_command c = { 0 };
	struct err e = ERR_INIT;

	CHECK(command_resolve(j, &o, &c, &e) == 0);
	CHECK(c.argv.n == 3 && strcmp(c.argv.v[0], "/init") == 0 && !strcmp(c.argv.v[2], "-v"));
	CHECK(c.env.n == 2 && strv_has(&c.env, "A=1") && strv_has(&c.env, "PATH=/p"));
	CHECK_STR(c.user, "web");
	CHECK_STR(c.cwd, "/srv");
	CHECK(c.stop_signal == SIGQUIT);
	json_decref(j);
}

TEST(the_command_line_wins)
{
	json_t *j = image(IMAGE);
	const char *const args[] = { "sh", NULL };
	auto_strv env = { 0 };
	struct err e = ERR_INIT;
	auto_command c = { 0 }, d = { 0 };

	CHECK(strv_add(&env, "A=2", &e) == 0 && strv_add(&env, "PATH", &e) == 0);
	CHECK(strv_add(&env, "B=", &e) == 0);

	const struct command_opts o = { .args = args, .env = &env, .user = "5", .workdir = "/w" };
	const struct command_opts p = { .entrypoint = "/bin/x" };

	CHECK(command_resolve(j, &o, &c, &e) == 0);
	CHECK(c.argv.n == 2 && strcmp(c.argv.v[1], "sh") == 0);
	CHECK(c.env.n == 2 && strv_has(&c.env, "A=2") && strv_has(&c.env, "B="));
	CHECK_STR(c.user, "5");
	/* A new entry point drops the image's arguments, as docker does. */
	CHECK(command_resolve(j, &p, &d, &e) == 0 && d.argv.n == 1);
	json_decref(j);
}

TEST(nothing_to_run_and_bad_images)
{
	const struct command_opts o = { 0 };
	auto_command c = { 0 };
	struct err e = ERR_INIT;
	static const char *const bad[] = {
		"{\"Cmd\":\"x\"}",
		"{\"Cmd\":[1]}",
		"{\"Cmd\":[\"x\"],\"Env\":[\"novalue\"]}",
		"{\"Cmd\":[\"x\"],\"WorkingDir\":\"rel\"}",
		"{\"Cmd\":[\"x\"],\"StopSignal\":\"?\"}",
	};

	CHECK(command_resolve(NULL, &o, &c, &e) == E_USAGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		json_t *j = image(bad[i]);

		CHECK(command_resolve(j, &o, &c, &e) == E_FORMAT);
		json_decref(j);
	}
}

TEST(arguments_at_the_limit_and_one_past_it)
{
	json_t *j = json_object(), *cmd = json_array();
	const struct command_opts o = { 0 };
	auto_command c = { 0 }, d = { 0 };
	struct err e = ERR_INIT;

	for (int i = 0; i < LIMIT_ARGS; i++)
		(void)json_array_append_new(cmd, json_string("a"));
	(void)json_object_set_new(j, "Cmd", cmd);
	CHECK(command_resolve(j, &o, &c, &e) == 0 && c.argv.n == LIMIT_ARGS);
	(void)json_array_append_new(cmd, json_string("a"));
	CHECK(command_resolve(j, &o, &d, &e) == E_FORMAT);
	json_decref(j);
}

TEST(signals_in_every_spelling)
{
	struct err e = ERR_INIT;
	int s = 0;

	CHECK(signal_parse("TERM", &s, &e) == 0 && s == SIGTERM);
	CHECK(signal_parse("sigint", &s, &e) == 0 && s == SIGINT);
	CHECK(signal_parse("9", &s, &e) == 0 && s == SIGKILL);
	CHECK(signal_parse("SIGRTMIN+3", &s, &e) == 0 && s == SIGRTMIN + 3);
	CHECK(signal_parse("0", &s, &e) == E_USAGE);
	CHECK(signal_parse("999", &s, &e) == E_USAGE);
	CHECK(signal_parse("NOPE", &s, &e) == E_USAGE);
}

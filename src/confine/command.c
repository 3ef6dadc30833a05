/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "confine/spec.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void command_free(struct command_line *c)
{
	strv_free(&c->argv);
	strv_free(&c->env);
	free(c->cwd);
	free(c->user);
	*c = (struct command_line){ 0 };
}

/* Appends the strings of exec[key]; missing or null is none. */
static int add_strings(const json_t *exec, const char *key, struct strv *l, size_t limit,
		       struct err *e)
{
	const json_t *a = json_object_get(exec, key), *v;
	size_t i;

	if (!a || json_is_null(a))
		return 0;
	if (!json_is_array(a))
		return FAIL(e, E_FORMAT, "image configuration: '%s' is not a list", key);
	json_array_foreach(a, i, v)
	{
		int r;

		if (!json_is_string(v))
			return FAIL(e, E_FORMAT, "image configuration: '%s[%zu]' is not a string",
				    key, i);
		if (l->n >= limit)
			return FAIL(e, E_FORMAT, "image configuration: '%s' has over %zu entries",
				    key, limit);
		r = strv_add(l, json_string_value(v), e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A list in JSON, as podman takes it, or one word. */
static int add_entrypoint(const char *text, struct strv *argv, struct err *e)
{
	auto_json *list = NULL;

	if (text[0] != '[' || json_parse(text, strlen(text), "--entrypoint", &list, NULL) < 0 ||
	    !json_is_array(list))
		return *text ? strv_add(argv, text, e) : 0;

	auto_json *as_image = json_pack("{s:O}", "Entrypoint", list);

	return as_image ? add_strings(as_image, "Entrypoint", argv, LIMIT_ARGS, e) : FAIL_NOMEM(e);
}

static int resolve_argv(const json_t *exec, const struct command_opts *o, struct strv *argv,
			struct err *e)
{
	bool given = o->args && o->args[0];
	int r = 0;

	if (!o->entrypoint)
		r = add_strings(exec, "Entrypoint", argv, LIMIT_ARGS, e);
	else
		r = add_entrypoint(o->entrypoint, argv, e);
	if (r == 0 && !given && !o->entrypoint)
		r = add_strings(exec, "Cmd", argv, LIMIT_ARGS, e);
	for (size_t i = 0; r == 0 && given && o->args[i]; i++) {
		if (argv->n >= LIMIT_ARGS)
			return FAIL(e, E_USAGE, "more than %d arguments", LIMIT_ARGS);
		r = strv_add(argv, o->args[i], e);
	}
	if (r < 0)
		return r;
	if (argv->n == 0 || !argv->v[0][0])
		return err_hint(
			e, FAIL(e, E_USAGE, "nothing to run: the image has no Cmd or Entrypoint"),
			"give a command after the image");
	return 0;
}

static size_t name_length(const char *assignment)
{
	return strcspn(assignment, "=");
}

/* Sets or replaces "K=V"; a bare "K" removes it. */
static int env_set(struct strv *env, const char *assignment, struct err *e)
{
	size_t n = name_length(assignment);

	for (size_t i = 0; i < env->n; i++) {
		char *copy;

		if (name_length(env->v[i]) != n || memcmp(env->v[i], assignment, n) != 0)
			continue;
		if (!assignment[n]) {
			free(env->v[i]);
			memmove(&env->v[i], &env->v[i + 1], (env->n - i) * sizeof(*env->v));
			env->n--;
			return 0;
		}
		copy = strdup(assignment);
		if (!copy)
			return FAIL_NOMEM(e);
		free(env->v[i]);
		env->v[i] = copy;
		return 0;
	}
	if (env->n >= LIMIT_ENV)
		return FAIL(e, E_USAGE, "more than %d environment variables", LIMIT_ENV);
	return assignment[n] ? strv_add(env, assignment, e) : 0;
}

static int resolve_env(const json_t *exec, const struct command_opts *o, struct strv *env,
		       struct err *e)
{
	auto_strv image = { 0 };
	int r = add_strings(exec, "Env", &image, LIMIT_ENV, e);

	if (r == 0)
		r = strv_add(env, DEFAULT_PATH, e);
	for (size_t i = 0; r == 0 && i < image.n; i++) {
		if (image.v[i][0] == '=' || !strchr(image.v[i], '='))
			return FAIL(e, E_FORMAT, "image configuration: Env '%s' is not NAME=VALUE",
				    image.v[i]);
		r = env_set(env, image.v[i], e);
	}
	for (size_t i = 0; r == 0 && o->env && i < o->env->n; i++) {
		if (name_length(o->env->v[i]) == 0)
			return FAIL(e, E_USAGE, "environment '%s' has no name", o->env->v[i]);
		r = env_set(env, o->env->v[i], e);
	}
	return r;
}

/* NULL and "" are the default; strings are copied. */
static int choose(char **ret, const char *given, const char *image, const char *otherwise,
		  struct err *e)
{
	*ret = strdup(given ? given : image && *image ? image : otherwise);
	return *ret ? 0 : FAIL_NOMEM(e);
}

static int check_size(const struct command_line *c, struct err *e)
{
	size_t total = 0;

	for (size_t i = 0; i < c->argv.n; i++)
		total += strlen(c->argv.v[i]) + 1;
	for (size_t i = 0; i < c->env.n; i++)
		total += strlen(c->env.v[i]) + 1;
	if (total > LIMIT_ARG_BYTES)
		return FAIL(e, E_FORMAT, "arguments and environment take %zu bytes, over %zu",
			    total, LIMIT_ARG_BYTES);
	return 0;
}

int command_resolve(const json_t *exec, const struct command_opts *o, struct command_line *ret,
		    struct err *e)
{
	auto_command c = { .stop_signal = SIGTERM };
	const char *stop = json_string_or_null(exec, "StopSignal");
	int r = resolve_argv(exec, o, &c.argv, e);

	if (r == 0)
		r = resolve_env(exec, o, &c.env, e);
	if (r == 0)
		r = choose(&c.cwd, o->workdir, json_string_or_null(exec, "WorkingDir"), "/", e);
	if (r == 0)
		r = choose(&c.user, o->user, json_string_or_null(exec, "User"), "", e);
	if (r == 0)
		r = check_size(&c, e);
	if (r < 0)
		return r;
	if (c.cwd[0] != '/')
		return FAIL(e, E_FORMAT, "working folder '%s' is not absolute", c.cwd);
	if (stop && *stop && signal_parse(stop, &c.stop_signal, e) < 0)
		return WRAP(e, E_FORMAT, "image configuration: StopSignal");
	*ret = c;
	c = (struct command_line){ 0 };
	return 0;
}

/* As nginx, postgres and systemd images spell theirs: RTMIN+3, RTMAX-1, RTMAX. */
static bool real_time(const char *name, int *ret)
{
	const bool from_max = strncasecmp(name, "RTMAX", 5) == 0;
	uint64_t n = 0;

	if (!from_max && strncasecmp(name, "RTMIN", 5) != 0)
		return false;
	if (name[5] && (name[5] != (from_max ? '-' : '+') ||
			str_u64(str_of(name + 6), (uint64_t)(SIGRTMAX - SIGRTMIN), &n, NULL) < 0))
		return false;
	*ret = from_max ? SIGRTMAX - (int)n : SIGRTMIN + (int)n;
	return true;
}

int signal_parse(const char *name, int *ret, struct err *e)
{
	const char *bare = strncasecmp(name, "SIG", 3) == 0 ? name + 3 : name;
	uint64_t n;

	if (str_u64(str_of(name), (uint64_t)SIGRTMAX, &n, NULL) == 0 && n > 0) {
		*ret = (int)n;
		return 0;
	}
	for (int s = 1; s < 32; s++) {
		const char *known = sigabbrev_np(s);

		if (known && strcasecmp(known, bare) == 0) {
			*ret = s;
			return 0;
		}
	}
	if (real_time(bare, ret))
		return 0;
	return FAIL(e, E_USAGE, "no signal is named '%s' (see kill -l)", name);
}

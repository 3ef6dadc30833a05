/* SPDX-License-Identifier: Apache-2.0 */
#include "run/exec/exec_process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "confine/shim.h"
#include "run/file.h"
#include "run/launch/runtime.h"
#include "run/options/options.h"
#include "run/options/privileged.h"

enum { LIMIT_CONFIG = 8 * 1024 * 1024 };

/* The first process's "process" object, as config.json has it. Owned. */
static int load_process(const struct container *c, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	auto_json *config = NULL;
	json_t *process;
	int r = fs_read(c->fd, "config.json", LIMIT_CONFIG, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "config.json", &config, e);
	if (r == 0)
		r = json_get_object(config, "process", &process, "config.json", e);
	if (r == 0)
		*ret = json_incref(process);
	return r;
}

/* What looks like a number is one that an id can be, or nothing: as a name, a hostile image could
 * have it. */
static bool part_ok(struct str part)
{
	auto_free char *text = str_dup(part);
	uint64_t id;

	return text && part.n && part.n == strlen(text) &&
	       (strspn(text, "0123456789+-.") < part.n ||
		str_u64(part, (uint64_t)UINT32_MAX - 1, &id, NULL) == 0);
}

int exec_check_user(const char *user, struct err *e)
{
	const char *colon = strchr(user, ':');
	const struct str name = { user, colon ? (size_t)(colon - user) : strlen(user) };

	if (!part_ok(name) || (colon && !part_ok(str_of(colon + 1))) ||
	    (colon && strchr(colon + 1, ':')) || strpbrk(user, " \t\n/"))
		return FAIL(e, E_USAGE, "--user '%.100s': want USER or UID, or either with :GROUP",
			    user);
	return 0;
}

/* The groups that the container was given besides its user's (--group-add) are everybody's in it,
 * as docker and podman have it. */
static int add_groups(const struct container *c, int root, struct user *u, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *run = NULL;
	auto_strv names = { 0 };
	const struct run_opts o = { .groups = &names };
	const json_t *name;
	size_t i;
	int r;

	/* Not started by the command line: none were asked for. */
	if (!fs_exists(c->fd, "run.json"))
		return 0;
	r = fs_read(c->fd, "run.json", LIMIT_STATE_JSON, &text, e);
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "run.json", &run, e);
	json_array_foreach(json_object_get(json_object_get(run, "options"), "group-add"), i, name)
	{
		if (r == 0)
			r = strv_add(&names, json_string_value(name) ?: "", e);
	}
	return r == 0 ? options_groups(&o, root, u, e) : r;
}

/* Names are looked up in the running container's own root. */
static int set_user(const struct container *c, json_t *process, pid_t pid, const char *user,
		    struct err *e)
{
	char path[64];
	auto_close int root = -1;
	struct user u;
	json_t *groups = json_array();
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? FAIL_SYS(e, "open the container's root") : user_resolve(root, user, &u, e);
	if (r == 0)
		r = add_groups(c, root, &u, e);
	if (r < 0) {
		json_decref(groups);
		/* Not what a container is not found by: an exit status of its own. */
		return r == E_NOTFOUND ? WRAP(e, E_FORMAT, "--user") : r;
	}
	for (size_t i = 0; i < u.groups_n; i++)
		(void)json_array_append_new(groups, json_integer((json_int_t)u.groups[i]));
	return json_put(process, "user",
			json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)u.uid, "gid",
				  (json_int_t)u.gid, "additionalGids", groups),
			e);
}

static bool has_variable(const struct strv *env, const char *assignment)
{
	for (size_t i = 0; i < env->n; i++)
		if (starts_with(env->v[i], assignment))
			return true;
	return false;
}

/* As the image's environment is overlaid, through the same rules. */
static int set_command(json_t *process, const struct exec_opts *o, const char *profile, bool ask,
		       struct err *e)
{
	auto_json *as_image = json_pack("{s:O, s:O}", "Env", json_object_get(process, "env"),
					"WorkingDir", json_object_get(process, "cwd"));
	const struct command_opts options = {
		.entrypoint = "", .args = o->argv, .env = o->env, .workdir = o->workdir
	};
	auto_command line = { 0 };
	auto_strv words = { 0 };
	json_t *args = json_array(), *env = json_array();
	int r = command_resolve(as_image, &options, &line, e);

	if (r == 0)
		r = o->privileged
			    ? shim_words_filter(json_object_get(process, "args"), ask, &words, e)
			    : shim_words_again(json_object_get(process, "args"), profile, ask,
					       &words, e);
	for (size_t i = 0; r == 0 && i < line.argv.n; i++)
		r = strv_add(&words, line.argv.v[i], e);
	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = json_push(args, json_string(words.v[i]), e);
	if (r == 0 && o->tty && !has_variable(&line.env, "TERM="))
		r = strv_add(&line.env, "TERM=xterm", e);
	for (size_t i = 0; r == 0 && i < line.env.n; i++)
		r = json_push(env, json_string(line.env.v[i]), e);
	if (r < 0) {
		json_decref(args);
		json_decref(env);
		return r;
	}
	r = json_put(process, "args", args, e);
	if (json_put(process, "env", env, e) < 0 || r < 0)
		return E_NOMEM;
	return json_put_string(process, "cwd", line.cwd, e);
}

/* As in a user namespace of its own everybody has who owns it; in the host's, what we have. */
static int set_privileged(json_t *process, const struct container *c, struct err *e)
{
	uint64_t caps = 0;
	json_t *all;
	int r = c->id_base ? privileged_caps_known(&caps, e) : privileged_caps(&caps, e);

	if (r < 0)
		return r;
	all = spec_caps_json(caps);
	r = all ? json_put(process, "capabilities", all, e) : FAIL_NOMEM(e);
	return r == 0 ? json_put(process, "noNewPrivileges", json_false(), e) : r;
}

/* Of our terminal; later changes are passed on by exec_wait. */
static int set_size(json_t *process, const struct exec_opts *o, struct err *e)
{
	struct winsize size;

	(void)json_object_del(process, "consoleSize");
	if (!o->tty || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return json_put(process, "consoleSize",
			json_pack("{s:i, s:i}", "height", size.ws_row, "width", size.ws_col), e);
}

int exec_write_process(const struct container *c, pid_t pid, const struct exec_opts *o,
		       const char *file, bool *ask, bool *ret_profile, int *ret_status,
		       struct err *e)
{
	auto_json *process = NULL, *profile = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	int r = load_process(c, &process, e);

	/* The runtime does not set it (exec_profile.h). */
	profile = json_incref(json_object_get(process, "apparmorProfile"));
	(void)json_object_del(process, "apparmorProfile");
	if (r == 0)
		r = set_command(process, o, o->privileged ? NULL : json_string_value(profile), *ask,
				e);
	*ask &= strcmp(json_string_value(json_array_get(json_object_get(process, "args"), 0)) ?: "",
		       SHIM_PATH) == 0;
	if (r == 0)
		r = exec_check(process, pid, o, ret_status, e);
	if (r == 0 && o->user && *o->user)
		r = set_user(c, process, pid, o->user, e);
	if (r == 0 && o->privileged)
		r = set_privileged(process, c, e);
	if (r == 0)
		r = json_put(process, "terminal", json_boolean(o->tty), e);
	if (r == 0)
		r = set_size(process, o, e);
	if (r == 0)
		r = json_pretty(process, &text, e);
	*ret_profile = profile != NULL;
	return r == 0 ? file_put(c->fd, file, buf_str(&text), text.n, e) : r;
}

uid_t exec_owner(const struct container *c, const char *file)
{
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	auto_json *process = NULL;
	const json_t *uid;

	if (fs_read(c->fd, file, LIMIT_CONFIG, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, file, &process, NULL) < 0)
		return (uid_t)-1;
	uid = json_object_get(json_object_get(process, "user"), "uid");
	return json_is_integer(uid) ? c->id_base + (uid_t)json_integer_value(uid) : (uid_t)-1;
}

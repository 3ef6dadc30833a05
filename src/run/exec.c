/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "confine/shim.h"
#include "run/file.h"
#include "run/foreground.h"
#include "run/run.h"

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

/* Names are looked up in the running container's own root. */
static int set_user(json_t *process, pid_t pid, const char *user, struct err *e)
{
	char path[64];
	auto_close int root = -1;
	struct user u;
	json_t *groups = json_array();
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? FAIL_SYS(e, "open the container's root") : user_resolve(root, user, &u, e);
	if (r < 0) {
		json_decref(groups);
		return r;
	}
	for (size_t i = 0; i < u.groups_n; i++)
		(void)json_array_append_new(groups, json_integer((json_int_t)u.groups[i]));
	return json_put(process, "user",
			json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)u.uid, "gid",
				  (json_int_t)u.gid, "additionalGids", groups),
			e);
}

/* As the image's environment is overlaid, through the same rules. */
static int set_command(json_t *process, const struct exec_opts *o, struct err *e)
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
		r = shim_words_again(json_object_get(process, "args"), &words, e);
	for (size_t i = 0; r == 0 && i < line.argv.n; i++)
		r = strv_add(&words, line.argv.v[i], e);
	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = json_push(args, json_string(words.v[i]), e);
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

static int write_process(const struct container *c, pid_t pid, const struct exec_opts *o,
			 const char *file, struct err *e)
{
	auto_json *process = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	int r = load_process(c, &process, e);

	if (r == 0)
		r = set_command(process, o, e);
	if (r == 0 && o->user)
		r = set_user(process, pid, o->user, e);
	if (r == 0)
		r = json_put(process, "terminal", json_boolean(o->tty), e);
	if (r == 0)
		r = json_pretty(process, &text, e);
	return r == 0 ? file_put(c->fd, file, buf_str(&text), text.n, e) : r;
}

static int exec_argv(const struct container *c, const char *file, const char *log,
		     struct strv *argv, struct err *e)
{
	int r = launch_runtime_argv(c->folder, log, argv, e);

	if (r == 0)
		r = strv_add(argv, "exec", e);
	if (r == 0)
		r = strv_addf(argv, e, "--process=%s/%s", c->folder, file);
	return r == 0 ? strv_add(argv, c->id, e) : r;
}

/* crun needs the same view of the control groups as when it made the container, so it runs in a
 * child with private mounts. */
static int exec_runtime(const struct container *c, const struct exec_opts *o, const char *file,
			const char *log, int *ret_status, struct err *e)
{
	auto_free char *crun = NULL;
	auto_strv argv = { 0 };
	struct machine m;
	int r = machine_detect(&m, e), status;
	pid_t pid;

	if (r == 0)
		r = proc_find("crun", &crun, e);
	if (r == 0)
		r = exec_argv(c, file, log, &argv, e);
	if (r < 0)
		return r;
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		(void)signal(SIGPIPE, SIG_DFL);
		if (machine_private_mounts(&m, NULL) < 0 ||
		    (!o->interactive && !o->tty && dup2(null, 0) < 0))
			_exit(STATUS_FAILED);
		(void)execv(crun, argv.v);
		_exit(STATUS_FAILED);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return FAIL_SYS(e, "wait for crun");
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return *ret_status ? launch_runtime_error(c->folder, log, ret_status, e) : 0;
}

int run_exec(const struct state *state, const char *container, const struct exec_opts *o,
	     int *ret_status, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	char cgroup[CONTAINER_ID + 16], file[64], log[80];
	pid_t pid = 0;
	int r = container_reap(state, e);

	*ret_status = STATUS_FAILED;
	if (r == 0)
		r = container_find(state, container, &c, e);
	if (r < 0)
		return r;
	pid = first_process(c.folder, container_cgroup(&c, cgroup));
	if (pid == 0)
		return FAIL(e, E_USAGE, "container '%s' is not running", c.name);
	r = fs_temp_name("exec-", file, sizeof(file), e);
	if (r < 0)
		return r;
	(void)snprintf(log, sizeof(log), "%s.log", file);
	r = write_process(&c, pid, o, file, e);
	if (r == 0)
		r = exec_runtime(&c, o, file, log, ret_status, e);
	(void)unlinkat(c.fd, file, 0);
	(void)unlinkat(c.fd, log, 0);
	return r;
}

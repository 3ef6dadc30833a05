/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "confine/shim.h"
#include "run/exec_wait.h"
#include "run/file.h"
#include "run/launch/foreground.h"
#include "run/launch/nest.h"
#include "run/launch/relay.h"
#include "run/launch/stand_in.h"
#include "run/launch/warm.h"
#include "run/life/events.h"
#include "run/options/privileged.h"
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

static int check_user(const char *user, struct err *e)
{
	const char *colon = strchr(user, ':');
	const struct str name = { user, colon ? (size_t)(colon - user) : strlen(user) };

	if (!part_ok(name) || (colon && !part_ok(str_of(colon + 1))) ||
	    (colon && strchr(colon + 1, ':')) || strpbrk(user, " \t\n/"))
		return FAIL(e, E_USAGE, "--user '%.100s': want USER or UID, or either with :GROUP",
			    user);
	return 0;
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

	if (r == 0 && !o->privileged)
		r = shim_words_again(json_object_get(process, "args"), &words, e);
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

/*
 * crun 1.8.1 writes the profile's name into the container's /proc, which is read-only, and fails;
 * it takes the name from its own copy of the configuration when a process has none. So it is taken
 * out of both: seccomp, Landlock and the namespaces hold such a process, AppArmor does not.
 */
static int without_apparmor(const struct container *c, json_t *process, struct err *e)
{
	auto_free char *path = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	auto_json *config = NULL;
	int r;

	if (json_object_del(process, "apparmorProfile") < 0)
		return 0;
	if (asprintf(&path, RUNTIME_STATE "/%s/config.json", c->id) < 0)
		return FAIL_NOMEM(e);
	if (faccessat(c->fd, path, F_OK, 0) < 0)
		return 0;
	r = fs_read(c->fd, path, LIMIT_CONFIG, &text, e);
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, path, &config, e);
	if (r < 0 || json_object_del(json_object_get(config, "process"), "apparmorProfile") < 0)
		return r;
	buf_reset(&text);
	r = json_pretty(config, &text, e);
	return r == 0 ? file_put(c->fd, path, buf_str(&text), text.n, e) : r;
}

static int write_process(const struct container *c, pid_t pid, const struct exec_opts *o,
			 const char *file, struct err *e)
{
	auto_json *process = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	int r = load_process(c, &process, e);

	if (r == 0)
		r = set_command(process, o, e);
	if (r == 0 && o->user && *o->user)
		r = set_user(process, pid, o->user, e);
	if (r == 0 && o->privileged)
		r = set_privileged(process, c, e);
	if (r == 0)
		r = without_apparmor(c, process, e);
	if (r == 0)
		r = json_put(process, "terminal", json_boolean(o->tty), e);
	if (r == 0)
		r = set_size(process, o, e);
	if (r == 0)
		r = json_pretty(process, &text, e);
	return r == 0 ? file_put(c->fd, file, buf_str(&text), text.n, e) : r;
}

static int exec_argv(const struct container *c, const struct runtime *rt, const struct machine *m,
		     const char *file, const char *log, struct strv *argv, struct err *e)
{
	char process[LIMIT_RUNTIME_PATH];
	int r = runtime_argv(rt, c->folder, log, m->cgroups != CGROUP_DENIED, argv, e);

	(void)snprintf(process, sizeof(process), "%s/%s", c->folder, file);
	return r == 0 ? runtime_exec(process, c->id, argv, e) : r;
}

/* Before the last word, the container's id. */
static int add_words(const struct exec_opts *o, const struct container *c, const char *pidfile,
		     struct strv *argv, struct err *e)
{
	char *id = argv->v[argv->n - 1];
	int r;

	argv->v[--argv->n] = NULL;
	r = strv_addf(argv, e, "--pid-file=%s/%s", c->folder, pidfile);
	if (r == 0 && o->detach)
		r = strv_add(argv, "--detach", e);
	if (r == 0)
		r = strv_add(argv, id, e);
	free(id);
	return r;
}

/* In the child, once it sees its own null device. */
static int take_streams(const struct streams *s, int terminal)
{
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (terminal >= 0)
		return dup2(terminal, STDIN_FILENO);
	for (int i = 0; i < 3; i++)
		if (dup2(s->v[i].end < 0 ? null : s->v[i].end, i) < 0)
			return -1;
	return 0;
}

/* A namespace's processes are seen by children only: one of them is the runtime, and we pass on how
 * it ended. */
static void fork_into_nest(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		return;
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFSIGNALED(status))
		(void)kill(getpid(), WTERMSIG(status));
	_exit(pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_FAILED);
}

/* The runtime needs the same view of control groups and root as when it made the container, so it
 * runs in the mount namespace of the process that watches it. */
static int join(const struct container *c)
{
	struct process_id nest;

	if (!nest_of(c->folder, &nest))
		return process_join_mounts(&c->monitor, NULL);
	/* The folder: what its configuration names begins there. */
	if (nest_join(&nest, NULL) < 0 || chdir(c->folder) < 0)
		return -1;
	fork_into_nest();
	return 0;
}

static int exec_runtime(const struct container *c, const struct exec_opts *o, const char *file,
			const char *log, int *ret_status, struct err *e)
{
	auto_strv argv = { 0 };
	const int fds[] = { o->interactive ? PROC_INHERIT : -1, o->detach ? -1 : PROC_INHERIT,
			    o->detach ? -1 : PROC_INHERIT };
	struct streams streams = STREAMS_INIT;
	auto_stand_in quiet = STAND_IN_INIT;
	struct exec_wait waiting;
	char pidfile[96];
	struct machine m;
	struct runtime rt;
	int r = machine_detect(&m, e), status;
	pid_t pid;

	if (r == 0)
		r = runtime_find(c->runtime, &rt, e);
	if (r == 0)
		r = exec_argv(c, &rt, &m, file, log, &argv, e);
	if (r < 0)
		return r;
	(void)snprintf(pidfile, sizeof(pidfile), "%s.pid", file);
	r = add_words(o, c, pidfile, &argv, e);
	if (r == 0)
		r = exec_wait_begin(&waiting, e);
	if (r == 0 && o->tty && !o->interactive)
		r = stand_in_open(&quiet, e);
	if (r == 0 && !o->tty)
		r = streams_open(fds, &streams, e);
	if (r < 0)
		return r;
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0) {
		streams_close(&streams);
		return FAIL_SYS(e, "fork");
	}
	if (pid == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		exec_wait_child(&waiting);
		if (join(c) < 0 ||
		    ((!o->tty || quiet.end >= 0) && take_streams(&streams, quiet.end) < 0))
			_exit(STATUS_FAILED);
		(void)execv(rt.path, argv.v);
		_exit(STATUS_FAILED);
	}
	streams_handed(&streams);
	status = exec_wait_end(&waiting, pid, c, pidfile, e);
	streams_close(&streams);
	if (status < 0)
		return status;
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return *ret_status ? runtime_error(&rt, c->folder, log, ret_status, e) : 0;
}

static json_t *exit_code(int status)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", status);
	return json_pack("{s:s}", "exitCode", text);
}

/* Its first word only: arguments may hold secrets, and everybody's log of events shows them. */
static json_t *exec_words(const struct exec_opts *o)
{
	return json_pack("{s:s}", "execCommand", o->argv[0]);
}

int run_exec(const struct state *state, const char *container, const struct exec_opts *o,
	     int *ret_status, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	char cgroup[CONTAINER_ID + 16], file[64], log[80];
	auto_free char *pidfile = NULL;
	struct warm warm = WARM_INIT;
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
	r = nest_enter(&c.monitor, e);
	if (r == 0 && o->user && *o->user)
		r = check_user(o->user, e);
	if (r == 0)
		r = fs_temp_name("exec-", file, sizeof(file), e);
	if (r < 0)
		return r;
	if (asprintf(&pidfile, "%s/%s.pid", c.folder, file) < 0)
		return FAIL_NOMEM(e);
	/* An ordinary user's has no groups, and enters a user namespace: no thread may be there. */
	if (!cgroups_denied())
		warm_begin(&warm, pidfile);
	(void)snprintf(log, sizeof(log), "%s.log", file);
	r = write_process(&c, pid, o, file, e);
	if (r == 0)
		(void)event_note(&c, "exec_create", exec_words(o), NULL);
	if (r == 0)
		r = exec_runtime(&c, o, file, log, ret_status, e);
	warm_end(&warm);
	if (r == 0 && !o->detach)
		(void)event_note(&c, "exec_die", exit_code(*ret_status), NULL);
	(void)unlinkat(c.fd, file, 0);
	(void)unlinkat(c.fd, log, 0);
	(void)unlink(pidfile);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/exec/exec_process.h"
#include "run/exec/exec_profile.h"
#include "run/exec/exec_wait.h"
#include "run/file.h"
#include "run/groups/groups.h"
#include "run/launch/foreground.h"
#include "run/launch/nest.h"
#include "run/launch/relay.h"
#include "run/launch/stand_in.h"
#include "run/launch/warm.h"
#include "run/life/events.h"
#include "run/life/usage.h"
#include "run/run.h"

enum { LIMIT_MESSAGE = 1024 };

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
		     const char *terminal, bool profile, struct strv *argv, struct err *e)
{
	char *id = argv->v[argv->n - 1];
	int r;

	argv->v[--argv->n] = NULL;
	r = strv_addf(argv, e, "--pid-file=%s/%s", c->folder, pidfile);
	if (r == 0 && o->detach)
		r = strv_add(argv, "--detach", e);
	if (r == 0 && terminal)
		r = strv_addf(argv, e, "--console-socket=%s/%s", c->folder, terminal);
	if (r == 0 && profile)
		r = strv_add(argv, "--preserve-fds=1", e);
	if (r == 0)
		r = strv_add(argv, id, e);
	free(id);
	return r;
}

/* In the child, once it sees its own null device. With a terminal the streams are the runtime's
 * own: what it says, and what it copies from. */
static int take_streams(const struct streams *s, const struct exec_opts *o, int terminal,
			bool handed)
{
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (handed)
		return dup2(null, STDIN_FILENO);
	if (o->tty)
		return terminal >= 0 ? dup2(terminal, STDIN_FILENO) : 0;
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

/* What the runtime is given beside its words. */
struct given {
	struct streams streams;
	struct stand_in quiet;
	struct exec_wait waiting;
	struct exec_terminal terminal;
	struct exec_profile profile;
	char pidfile[96], socket[96]; /* of the terminal */
	const char *log;
	uid_t owner;		     /* of the terminal that is handed over */
	const struct groups *groups; /* an ordinary user's container's */
	bool handed, ask;	     /* the shim asks to be put into them */
};

/* As the runtime would tell it. */
static void tell(const struct container *c, const char *log, const char *what, int why)
{
	char text[LIMIT_MESSAGE];
	const int n = snprintf(text, sizeof(text), "{\"level\":\"error\",\"msg\":\"%s: %s\"}\n",
			       what, strerror(why));

	(void)file_put(c->fd, log, text, (size_t)n, NULL);
}

/* The runtime needs the same view of control groups and root as when it made the container, so it
 * runs in the mount namespace of the process that watches it. */
static int join(const struct container *c, const struct given *g)
{
	struct process_id nest;

	if (!nest_of(c->folder, &nest))
		return process_join_mounts(&c->monitor, NULL);
	if (!g->ask && groups_join(g->groups) < 0) {
		tell(c, g->log, "enter the container's control groups", errno);
		return -1;
	}
	/* The folder: what its configuration names begins there. */
	if (nest_join(&nest, NULL) < 0 || chdir(c->folder) < 0)
		return -1;
	fork_into_nest();
	return 0;
}

/* In the child. */
static _Noreturn void become_runtime(const struct container *c, const struct exec_opts *o,
				     const struct runtime *rt, const struct given *g, char **argv)
{
	(void)signal(SIGPIPE, SIG_DFL);
	exec_wait_child(&g->waiting);
	if (join(c, g) == 0 && take_streams(&g->streams, o, g->quiet.end, g->handed) >= 0 &&
	    exec_profile_child(&g->profile) >= 0)
		(void)execv(rt->path, argv);
	_exit(STATUS_FAILED);
}

static int give_streams(const struct container *c, const struct exec_opts *o, struct given *g,
			struct err *e)
{
	const int fds[] = { o->interactive ? PROC_INHERIT : -1, o->detach ? -1 : PROC_INHERIT,
			    o->detach ? -1 : PROC_INHERIT };

	if (g->handed)
		return exec_terminal_begin(c, g->socket, o->interactive, g->owner, &g->terminal, e);
	if (o->tty)
		return o->interactive ? 0 : stand_in_open(&g->quiet, e);
	return streams_open(fds, NULL, &g->streams, e);
}

/* profile: the container has one of AppArmor's. */
static int give(const struct container *c, const struct exec_opts *o, const struct runtime *rt,
		bool profile, struct given *g, struct err *e)
{
	int r = profile ? exec_profile_forget(c, rt, e) : 0;

	if (r == 0 && ((profile && !o->privileged) || g->ask))
		r = exec_profile_begin(&g->profile, profile && !o->privileged, g->groups, e);
	if (r == 0)
		r = exec_wait_begin(&g->waiting, e);
	return r == 0 ? give_streams(c, o, g, e) : r;
}

static void take_back(struct given *g)
{
	streams_close(&g->streams);
	exec_terminal_end(&g->terminal);
	stand_in_release(&g->quiet);
	exec_profile_end(&g->profile);
}

static int run_it(const struct container *c, const struct exec_opts *o, const struct runtime *rt,
		  struct given *g, char **argv, struct err *e)
{
	const bool held = g->profile.ours >= 0;
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0)
		become_runtime(c, o, rt, g, argv);
	streams_handed(&g->streams);
	exec_profile_started(&g->profile);
	status = exec_wait_end(&g->waiting, pid, c, g->pidfile, &g->terminal, &g->profile, e);
	if (status == 0 && held && o->detach && exec_profile_await(&g->profile, e) < 0)
		return E_SYSTEM;
	return status;
}

static int exec_runtime(const struct container *c, const struct exec_opts *o, const char *file,
			struct given *g, bool profile, int *ret_status, struct err *e)
{
	auto_strv argv = { 0 };
	struct machine m;
	struct runtime rt;
	int r = machine_detect(&m, e), status;

	if (r == 0)
		r = runtime_find(c->runtime, &rt, e);
	if (r == 0)
		r = exec_argv(c, &rt, &m, file, g->log, &argv, e);
	if (r < 0)
		return r;
	(void)snprintf(g->pidfile, sizeof(g->pidfile), "%s.pid", file);
	(void)snprintf(g->socket, sizeof(g->socket), "%s.tty", file);
	g->handed = o->tty && !o->detach && runtime_exec_hands_terminal(&rt);
	g->owner = g->handed && o->user ? exec_owner(c, file) : (uid_t)-1;
	r = give(c, o, &rt, profile, g, e);
	if (r == 0)
		r = add_words(o, c, g->pidfile, g->handed ? g->socket : NULL, g->profile.ours >= 0,
			      &argv, e);
	status = r == 0 ? run_it(c, o, &rt, g, argv.v, e) : r;
	take_back(g);
	if (status < 0)
		return status;
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return *ret_status ? runtime_error(&rt, c->folder, g->log, ret_status, e) : 0;
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
	struct process_id nest;
	auto_groups_list groups = { 0 };
	struct given g = { .streams = STREAMS_INIT,
			   .quiet = STAND_IN_INIT,
			   .terminal = EXEC_TERMINAL_INIT,
			   .profile = EXEC_PROFILE_INIT,
			   .groups = &groups,
			   .log = log };
	bool profile = false;
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
	if (usage_frozen(pid))
		return err_hint(e, FAIL(e, E_USAGE, "container '%s' is paused", c.name),
				"plimsoll unpause %s", c.name);
	r = nest_enter(&c.monitor, e);
	if (r == 0 && o->user && *o->user)
		r = exec_check_user(o->user, e);
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
	g.ask = nest_of(c.folder, &nest) && groups_listed(c.folder, cgroup, &groups) && groups.n;
	r = exec_write_process(&c, pid, o, file, &g.ask, &profile, ret_status, e);
	if (r == 0)
		(void)event_note(&c, "exec_create", exec_words(o), NULL);
	if (r == 0)
		r = exec_runtime(&c, o, file, &g, profile, ret_status, e);
	warm_end(&warm);
	if (r == 0 && !o->detach)
		(void)event_note(&c, "exec_die", exit_code(*ret_status), NULL);
	(void)unlinkat(c.fd, file, 0);
	(void)unlinkat(c.fd, log, 0);
	(void)unlink(pidfile);
	return r;
}

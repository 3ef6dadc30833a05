/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step/step.h"
#include "run/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/userns.h"
#include "confine/spec.h"
#include "run/container.h"
#include "run/groups/take.h"
#include "run/launch/foreground.h"
#include "run/launch/launch.h"
#include "run/root/etc.h"
#include "run/root/rootfs.h"
#include "run/run.h"
#include "run/step/mounts.h"
#include "run/step/output.h"
#include "traffic/record.h"

enum { LIMIT_CONFIG = 4 * 1024 * 1024, ETC_FILES = 3 };

struct step {
	const struct run_step *s;
	struct container *c;
	const struct machine *machine;
	struct runtime runtime;
	int root;
	struct strv made;
	char *targets[ETC_FILES]; /* where etc_names are mounted, links followed */
	struct step_binds binds;
	int terminal; /* ours, for one that has it; or -1 */
	char *bundle; /* folder of config.json, in memory; owned */
	char home[sizeof("HOME=") + sizeof(((struct user *)NULL)->home)];
	const char **env; /* with HOME; owned, its strings are not */
};

/* What a step gets from us and the layer does not keep. */
static const char *const etc_names[ETC_FILES] = { "resolv.conf", "hosts", "hostname" };

static const char *path_of(const char *const *env)
{
	for (; env && *env; env++)
		if (starts_with(*env, "PATH="))
			return *env + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Folders and files that will be mounted on. */
static int prepare_root(struct step *st, struct err *e)
{
	static const char *const folders[] = { "/proc", "/sys", "/dev", "/etc" };
	char path[64];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(*folders); i++)
		r = rootfs_folder(st->root, folders[i], &st->made, e);
	for (size_t i = 0; r == 0 && i < ETC_FILES; i++) {
		(void)snprintf(path, sizeof(path), "/etc/%s", etc_names[i]);
		r = rootfs_real_file(st->root, path, &st->made, &st->targets[i], e);
	}
	return r;
}

/*
 * The runtime's own folder, with the configuration and the copy of it that the runtime makes, is in
 * memory and in the supervisor's mount namespace alone: a variable may be a secret, and no secret
 * is ever on disk.
 */
static int mount_memory(struct step *st, struct err *e)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	auto_free char *at = NULL;
	int r = fs_mkdir_p(st->c->fd, RUNTIME_STATE, 0700, e);

	if (r < 0)
		return r;
	if (asprintf(&at, "%s/" RUNTIME_STATE, st->c->folder) < 0) {
		at = NULL;
		return FAIL_NOMEM(e);
	}
	/* Never swapped, where the kernel can promise that. */
	if (mount("tmpfs", at, "tmpfs", flags, "mode=0700,size=32m,noswap") < 0 &&
	    (errno != EINVAL || mount("tmpfs", at, "tmpfs", flags, "mode=0700,size=32m") < 0))
		return FAIL_SYS(e, "mount a file system in memory");
	return mkdir(st->bundle, 0700) < 0 ? FAIL_SYS(e, "make '%s'", st->bundle) : 0;
}

static int put_config(const struct step *st, const struct buf *text, struct err *e)
{
	auto_close int dir = open(st->bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return FAIL_SYS(e, "open '%s'", st->bundle);
	return file_put(dir, "config.json", buf_str(text), text->n, e);
}

/* An ordinary user who was given control groups of every kind that a step has limits of. */
static bool has_given(const struct machine *m)
{
	return m->cgroups == CGROUP_DENIED && m->delegated && m->memory && m->cpu && m->pids &&
	       !m->pids_by_user;
}

static struct profile_limits limits_of(const struct step *st)
{
	struct profile_limits l = profile_build.limits;

	l.nofile = l.nofile < st->machine->nofile ? l.nofile : st->machine->nofile;
	l.signals = l.signals < st->machine->signals ? l.signals : st->machine->signals;
	l.memory = st->s->memory ? st->s->memory : l.memory;
	l.pids = st->s->pids ? st->s->pids : l.pids;
	return l;
}

static int read_ulimits(const struct step *st, struct spec_rlimit ret[static LIMIT_STEP_ULIMITS],
			size_t *ret_n, struct err *e)
{
	const struct strv *given = st->s->ulimits;
	int r = 0;

	if (given && given->n > LIMIT_STEP_ULIMITS)
		return FAIL(e, E_USAGE, "more than %d ulimits", LIMIT_STEP_ULIMITS);
	for (size_t i = 0; r == 0 && given && i < given->n; i++)
		r = run_parse_ulimit(given->v[i], &ret[(*ret_n)++], e);
	return r;
}

/* The runtime knows no HOME for a user without an entry in /etc/passwd; docker's is "/". */
static int add_home(struct step *st, const struct user *user, struct err *e)
{
	size_t n = 0;
	bool given = false;

	for (; st->s->env && st->s->env[n]; n++)
		given = given || starts_with(st->s->env[n], "HOME=");
	st->env = calloc(n + 2, sizeof(*st->env));
	if (!st->env)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < n; i++)
		st->env[i] = st->s->env[i];
	(void)snprintf(st->home, sizeof(st->home), "HOME=%s", user->home);
	if (!given)
		st->env[n] = st->home;
	return 0;
}

static int write_config(struct step *st, const char *netns, const struct user *user, struct err *e)
{
	const struct run_step *s = st->s;
	char cgroup[CONTAINER_ID + 16], *source[ETC_FILES] = { 0 };
	struct spec_mount mounts[ETC_FILES + LIMIT_STEP_MOUNTS + 1];
	struct spec_rlimit rlimits[LIMIT_STEP_ULIMITS];
	struct profile_limits limits = limits_of(st);
	struct winsize size = { 0 };
	size_t n = ETC_FILES, rlimits_n = 0;
	char shm[96];
	const bool denied = st->machine->cgroups == CGROUP_DENIED, given = has_given(st->machine);
	auto_json *j = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	int r = read_ulimits(st, rlimits, &rlimits_n, e);

	for (int i = 0; i < ETC_FILES; i++) {
		if (asprintf(&source[i], "%s/%s", st->c->folder, etc_names[i]) < 0)
			r = FAIL_NOMEM(e);
		mounts[i] = (struct spec_mount){ st->targets[i], "bind", source[i],
						 "bind,ro,nosuid,nodev,noexec" };
	}
	/* Over the profile's own, which is mounted first. */
	(void)snprintf(shm, sizeof(shm), "nosuid,noexec,nodev,mode=1777,size=%llu",
		       (unsigned long long)s->shm);
	if (s->shm)
		mounts[n++] = (struct spec_mount){ "/dev/shm", "tmpfs", "shm", shm };
	memcpy(mounts + n, st->binds.v, st->binds.n * sizeof(*mounts));
	if (s->terminal)
		(void)ioctl(st->terminal, TIOCGWINSZ, &size); /* else the runtime's own */

	const struct spec spec = { .profile = &profile_build,
				   .root = s->rootfs,
				   .hostname = "build",
				   .cgroup = denied && !given ? NULL
							      : container_cgroup(st->c, cgroup),
				   .ids = userns_inside() ? userns_ids() : 0,
				   .netns = netns,
				   .cgroup_ns = st->machine->cgroups == CGROUP_V2 || given,
				   .argv = s->argv,
				   .env = st->env,
				   .cwd = s->cwd,
				   .user = user,
				   .terminal = s->terminal,
				   .rows = size.ws_row,
				   .columns = size.ws_col,
				   .caps = caps_of(profile_build.caps),
				   .rlimits = rlimits,
				   .rlimits_n = rlimits_n,
				   .limits = limits,
				   .mounts = mounts,
				   .mounts_n = n + st->binds.n };

	if (r == 0)
		r = spec_json(&spec, &j, e);
	if (r == 0 && given)
		r = groups_take(st->c->folder, cgroup, st->bundle, j, e);
	if (r == 0)
		r = runtime_adapt(&st->runtime, j, e);
	for (int i = 0; i < ETC_FILES; i++)
		free(source[i]);
	if (r == 0)
		r = json_pretty(j, &text, e);
	return r == 0 ? put_config(st, &text, e) : r;
}

/* In a network that policy names there is no name server, but what it may reach has names. */
static int write_etc(const struct step *st, struct err *e)
{
	const struct run_step *s = st->s;
	const struct reach *reach = s->network && s->shared ? s->shared->reach : NULL;
	auto_strv hosts = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && s->hosts && i < s->hosts->n; i++)
		r = strv_add(&hosts, s->hosts->v[i], e);
	for (size_t i = 0; r == 0 && reach && i < reach->hosts.n; i++)
		r = strv_add(&hosts, reach->hosts.v[i], e);

	const struct etc etc = { .hostname = "build",
				 .network = s->network && !reach,
				 .hosts = &hosts };

	return r < 0 ? r : etc_write(st->c->fd, &etc, e);
}

static int prepare(void *arg, const char *netns, int *ret_status, struct err *e)
{
	struct step *st = arg;
	const struct run_step *s = st->s;
	struct user user;
	int r = process_identify(getpid(), &st->c->monitor, e);

	if (r == 0)
		r = container_save(st->c, e);
	st->root = open(s->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && st->root < 0)
		r = FAIL_SYS(e, "open root '%s'", s->rootfs);
	if (r == 0)
		r = prepare_root(st, e);
	if (r == 0)
		r = step_binds_make(st->root, s->mounts, s->mounts_n, &st->made, &st->binds, e);
	if (r == 0)
		r = rootfs_check_cwd(st->root, s->cwd, e);
	if (r == 0)
		r = user_resolve(st->root, s->user ?: "", &user, e);
	if (r == 0)
		r = add_home(st, &user, e);
	/* A mount may bring the program, or its folder of PATH: then only the runtime can tell. */
	if (r == 0 && s->mounts_n == 0) {
		r = rootfs_check_program(st->root, s->cwd, s->argv[0], path_of(s->env), e);
		if (r < 0)
			*ret_status = r == E_NOTFOUND ? STATUS_NOT_FOUND : STATUS_CANNOT_INVOKE;
	}
	if (r == 0)
		r = write_etc(st, e);
	if (r == 0)
		r = mount_memory(st, e);
	return r == 0 ? write_config(st, netns, &user, e) : r;
}

static void finish(void *arg)
{
	struct step *st = arg;

	if (st->root >= 0)
		rootfs_undo(st->root, &st->made);
	strv_free(&st->made);
	step_binds_free(&st->binds);
	for (size_t i = 0; i < ETC_FILES; i++)
		free(st->targets[i]);
}

/* The supervisor is asked to end it all. */
static void stop_step(void *arg)
{
	launch_abort(arg);
}

static struct launch launch_of(struct step *st, char cgroup[static CONTAINER_ID + 16])
{
	return (struct launch){ .folder = st->c->folder,
				.bundle = st->bundle,
				.id = st->c->id,
				.cgroup = container_cgroup(st->c, cgroup),
				.machine = st->machine,
				.runtime = &st->runtime,
				.network = st->s->network,
				.netns = st->s->network && st->s->shared ? st->s->shared->netns
									 : NULL,
				.prepare = prepare,
				.finish = finish,
				.arg = st };
}

/* For a person: the terminal itself, whatever our standard streams are. */
static int execute_at_terminal(struct step *st, int *ret_status, struct err *e)
{
	struct supervisor s = SUPERVISOR_INIT;
	char cgroup[CONTAINER_ID + 16];
	auto_close int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct launch launch = launch_of(st, cgroup);

	if (tty < 0)
		return FAIL_SYS(e, "open the terminal");
	st->terminal = tty;
	launch.in = launch.out = launch.err = tty;
	launch.terminal = true;
	return foreground_run(&launch, NULL, &s, ret_status, e);
}

static int execute(struct step *st, int *ret_status, struct buf *ret_tail, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	auto_release(step_output_free) struct step_output *o = NULL;
	struct err stopped = ERR_INIT;
	struct supervisor s;
	int out[2], r, w;

	r = step_output_new(st->s->progress, st->s->masks, st->s->masks_n, &o, e);
	if (r < 0)
		return r;
	if (pipe2(out, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");

	struct launch launch = launch_of(st, cgroup);

	launch.in = st->s->in;
	launch.out = launch.err = out[1];
	launch.own_session = true;

	r = launch_start(&launch, &s, e);
	(void)close(out[1]);
	if (r < 0) {
		(void)close(out[0]);
		return r;
	}
	r = step_output_read(o, out[0], stop_step, &s, &stopped);
	(void)close(out[0]);
	w = launch_wait(&s, ret_status, e);
	step_output_end(o, ret_tail);
	if (r < 0)
		return FAIL(e, (enum err_code)r, "%s", stopped.msg);
	return w;
}

/* Once a process: the step of a user without control groups is confined, and not bounded. */
static void warn_without_limits(struct progress *p)
{
	static bool warned;

	if (!warned)
		progress_line(p, "warning: this user may not make control groups: the step's "
				 "memory and number of processes are not limited (plimsoll doctor "
				 "tells what gives him some)");
	warned = true;
}

/* What it fetched, without its secrets. */
static int record_fetched(const struct run_step *s, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RECORD_JSON);
	auto_json *j = NULL;
	int r = step_network_record(s->shared, &text, e);

	if (r == 0)
		r = record_parse(buf_str(&text), text.n, &j, e);
	if (r == 0)
		r = record_mask(j, s->masks, s->masks_n, e);
	return r < 0 ? r : json_canonical(j, s->fetched, e);
}

int run_step(const struct run_step *s, int *ret_status, struct buf *ret_tail, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	struct machine machine;
	struct step st = { .s = s, .c = &c, .machine = &machine, .root = -1, .terminal = -1 };
	int r = machine_detect(&machine, e), w;
	const bool bounded = machine.cgroups != CGROUP_DENIED || has_given(&machine);
	const struct profile_limits limits = limits_of(&st);

	/* A limit that was asked for is not left out in silence. A step has no namespace whose
	 * processes are counted. */
	if (r == 0 && !bounded)
		machine.pids = false;
	if (r == 0 && !bounded && !s->memory && !s->pids)
		warn_without_limits(s->progress);
	else if (r == 0)
		r = machine_check(&machine, &limits, e);
	if (r < 0)
		return r;
	if (s->network && s->shared)
		r = step_network_start(s->shared, s->state, e);
	c.kind = CONTAINER_STEP;
	if (r == 0)
		r = runtime_find(NULL, &st.runtime, e);
	if (r == 0 && !(c.runtime = strdup(st.runtime.path)))
		r = FAIL_NOMEM(e);
	if (r == 0)
		r = container_create(s->state, &c, e);
	if (r == 0 && asprintf(&st.bundle, "%s/" RUNTIME_STATE "/bundle", c.folder) < 0) {
		st.bundle = NULL;
		r = FAIL_NOMEM(e);
	}
	if (r == 0 && s->network && s->shared)
		r = step_network_wait(s->shared, e);
	if (r == 0)
		r = s->terminal ? execute_at_terminal(&st, ret_status, e)
				: execute(&st, ret_status, ret_tail, e);
	if (r == 0 && *ret_status == 0 && s->network && s->shared && s->fetched)
		r = record_fetched(s, e);
	free(st.bundle);
	free(st.env);
	if (!c.folder)
		return r;
	w = container_remove(&c, r == 0 ? e : NULL);
	return r < 0 ? r : w;
}

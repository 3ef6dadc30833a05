/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step.h"
#include "run/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "confine/spec.h"
#include "run/container.h"
#include "run/etc.h"
#include "run/launch.h"
#include "run/rootfs.h"

enum { LIMIT_CONFIG = 4 * 1024 * 1024, ETC_FILES = 3 };

struct step {
	const struct run_step *s;
	struct container *c;
	const struct machine *machine;
	int root;
	struct strv made;
	char *targets[ETC_FILES]; /* where etc_names are mounted, links followed */
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

static int write_config(struct step *st, const char *netns, const struct user *user, struct err *e)
{
	const struct run_step *s = st->s;
	char cgroup[CONTAINER_ID + 16], *source[ETC_FILES] = { 0 };
	struct spec_mount mounts[ETC_FILES];
	struct profile_limits limits = profile_build.limits;
	auto_json *j = NULL;
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	int r = 0;

	limits.nofile = limits.nofile < st->machine->nofile ? limits.nofile : st->machine->nofile;
	for (int i = 0; i < ETC_FILES; i++) {
		if (asprintf(&source[i], "%s/%s", st->c->folder, etc_names[i]) < 0)
			r = FAIL_NOMEM(e);
		mounts[i] = (struct spec_mount){ st->targets[i], "bind", source[i],
						 "bind,ro,nosuid,nodev,noexec" };
	}

	const struct spec spec = { .profile = &profile_build,
				   .root = s->rootfs,
				   .hostname = "build",
				   .cgroup = container_cgroup(st->c, cgroup),
				   .netns = netns,
				   .cgroup_ns = st->machine->cgroups == CGROUP_V2,
				   .argv = s->argv,
				   .env = s->env,
				   .cwd = s->cwd,
				   .user = user,
				   .caps = profile_caps(&profile_build),
				   .limits = limits,
				   .mounts = mounts,
				   .mounts_n = ETC_FILES };

	if (r == 0)
		r = spec_json(&spec, &j, e);
	for (int i = 0; i < ETC_FILES; i++)
		free(source[i]);
	if (r == 0)
		r = json_pretty(j, &text, e);
	return r == 0 ? file_put(st->c->fd, "config.json", buf_str(&text), text.n, e) : r;
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
		r = rootfs_check_cwd(st->root, s->cwd, e);
	if (r == 0)
		r = user_resolve(st->root, s->user ?: "", &user, e);
	if (r == 0) {
		r = rootfs_check_program(st->root, s->cwd, s->argv[0], path_of(s->env), e);
		if (r < 0)
			*ret_status = r == E_NOTFOUND ? STATUS_NOT_FOUND : STATUS_CANNOT_INVOKE;
	}
	if (r == 0)
		r = etc_write(st->c->fd, "build", s->network, e);
	return r == 0 ? write_config(st, netns, &user, e) : r;
}

static void finish(void *arg)
{
	struct step *st = arg;

	if (st->root >= 0)
		rootfs_undo(st->root, &st->made);
	strv_free(&st->made);
	for (size_t i = 0; i < ETC_FILES; i++)
		free(st->targets[i]);
}

/* Output by lines, and a ring of the last ones. */
struct lines {
	struct progress *progress;
	char line[LIMIT_STEP_LINE];
	size_t n;
	char *tail[STEP_TAIL_LINES];
	size_t count;
};

static void end_line(struct lines *l)
{
	char **slot = &l->tail[l->count % STEP_TAIL_LINES];

	while (l->n && l->line[l->n - 1] == '\r')
		l->n--;
	l->line[l->n] = '\0';
	text_sanitize(l->line);
	progress_line(l->progress, l->line);
	free(*slot);
	*slot = strdup(l->line);
	l->count++;
	l->n = 0;
}

static void take_output(struct lines *l, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			end_line(l);
			continue;
		}
		l->line[l->n++] = p[i];
		if (l->n == sizeof(l->line) - 1)
			end_line(l);
	}
}

static void tail_of(struct lines *l, struct buf *ret)
{
	const size_t first = l->count > STEP_TAIL_LINES ? l->count - STEP_TAIL_LINES : 0;

	for (size_t i = first; ret && i < l->count; i++)
		buf_printf(ret, "%s\n", l->tail[i % STEP_TAIL_LINES] ?: "");
	for (size_t i = 0; i < STEP_TAIL_LINES; i++)
		free(l->tail[i]);
}

/* Until every writer is gone. Interrupted: the supervisor is asked to end it all. */
static int read_output(int fd, const struct supervisor *s, struct lines *l, struct err *e)
{
	char chunk[8192];
	int r = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (r == 0) {
			r = proc_interrupted(e);
			if (r < 0)
				launch_abort(s);
		}
		if (poll(&p, 1, 200) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		take_output(l, chunk, (size_t)n);
	}
	if (l->n)
		end_line(l);
	return r;
}

static int execute(struct step *st, int *ret_status, struct buf *ret_tail, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	struct lines *l = calloc(1, sizeof(*l));
	auto_free struct lines *owned = l;
	struct err stopped = ERR_INIT;
	struct supervisor s;
	int out[2], r, w;

	if (!l)
		return FAIL_NOMEM(e);
	if (pipe2(out, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");

	const struct launch launch = { .folder = st->c->folder,
				       .id = st->c->id,
				       .cgroup = container_cgroup(st->c, cgroup),
				       .machine = st->machine,
				       .network = st->s->network,
				       .prepare = prepare,
				       .finish = finish,
				       .arg = st,
				       .in = st->s->in,
				       .out = out[1],
				       .err = out[1],
				       .own_session = true };

	r = launch_start(&launch, &s, e);
	(void)close(out[1]);
	if (r < 0) {
		(void)close(out[0]);
		return r;
	}
	l->progress = st->s->progress;
	r = read_output(out[0], &s, l, &stopped);
	(void)close(out[0]);
	w = launch_wait(&s, ret_status, e);
	tail_of(l, ret_tail);
	if (r < 0)
		return FAIL(e, (enum err_code)r, "%s", stopped.msg);
	return w;
}

int run_step(const struct run_step *s, int *ret_status, struct buf *ret_tail, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	struct machine machine;
	struct step st = { .s = s, .c = &c, .machine = &machine, .root = -1 };
	int r = machine_detect(&machine, e), w;

	if (r == 0)
		r = machine_check(&machine, &profile_build.limits, e);
	if (r < 0)
		return r;
	c.kind = CONTAINER_STEP;
	r = container_create(s->state, &c, e);
	if (r == 0)
		r = execute(&st, ret_status, ret_tail, e);
	if (!c.folder)
		return r;
	w = container_remove(&c, r == 0 ? e : NULL);
	return r < 0 ? r : w;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "run/step/output.h"

enum { LIMIT_SAID = 1200 /* bytes of its last words in a message */, STATUS_SETUP = 125 };

/* What dpkg, its scripts, chroot(2) and mmdebstrap's mounts within the new root need. */
static const int caps_kept[] = {
	CAP_CHOWN,	CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,  CAP_FSETID,
	CAP_KILL,	CAP_SETGID,	  CAP_SETUID,	       CAP_SETPCAP, CAP_MKNOD,
	CAP_SYS_CHROOT, CAP_SETFCAP,	  CAP_SYS_ADMIN,
};

static bool keeps(int cap)
{
	for (size_t i = 0; i < sizeof(caps_kept) / sizeof(*caps_kept); i++)
		if (caps_kept[i] == cap)
			return true;
	return false;
}

static int drop_caps(struct err *e)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!keeps(cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return FAIL_SYS(e, "give up a capability");
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? FAIL_SYS(e, "no new privileges") : 0;
}

static int hide(const char *path, struct err *e)
{
	if (mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		  "mode=755,size=4k") < 0 &&
	    errno != ENOENT)
		return FAIL_SYS(e, "hide '%s'", path);
	return 0;
}

/* In the new mount namespace: the host read-only, /tmp the folder, what is secret out of sight. */
static int set_up_mounts(const struct confined *c, struct err *e)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_close int tree = -1;
	int r = 0;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return FAIL_SYS(e, "make mounts private");
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, c->folder,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return FAIL_SYS(e, "open '%s'", c->folder);
	if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof(read_only)) <
	    0)
		return FAIL_SYS(e, "make the host's mounts read-only");
	/* Before what may lie beneath them. */
	r = hide(c->state->path, e);
	if (r == 0)
		r = hide("/root", e);
	if (r == 0)
		r = hide("/home", e);
	if (r == 0 &&
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, CONFINED_TMP, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = FAIL_SYS(e, "mount on '%s'", CONFINED_TMP);
	if (r == 0 && mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		r = FAIL_SYS(e, "mount '/proc'");
	return r;
}

/* Never outlives the process that made it. */
static void die_with(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (parent && getppid() != parent)
		_exit(STATUS_SETUP);
}

/* The first process of the namespace: starts the program, reaps everybody, ends with it. */
static int be_init(const struct confined *c, const char *program)
{
	int status = 0;
	pid_t child = fork(), pid;

	if (child == 0) {
		die_with(0);
		/* execve wants char *const[] though it writes nothing. */
		union {
			const char *const *in;
			char *const *out;
		} argv = { .in = c->argv }, env = { .in = c->env };

		(void)execve(program, argv.out, env.out);
		_exit(STATUS_SETUP);
	}
	while ((pid = waitpid(-1, &status, 0)) != child)
		if (pid < 0 && errno != EINTR)
			return STATUS_SETUP;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int enter(const struct confined *c, struct err *e)
{
	int r = geteuid() == 0 ? set_up_mounts(c, e) : 0;

	if (r == 0 && geteuid() == 0)
		r = drop_caps(e);
	if (r == 0 && chdir(geteuid() == 0 ? CONFINED_TMP : c->folder) < 0)
		r = FAIL_SYS(e, "enter the folder to work in");
	return r;
}

static void say(const struct err *e)
{
	(void)fs_write_all(STDERR_FILENO, e->msg, strlen(e->msg), NULL);
}

/* Between us and the namespace: waits for its first process. */
static int supervise(const struct confined *c, const char *program, pid_t parent)
{
	struct err e = ERR_INIT;
	int status = 0;
	pid_t pid;

	die_with(parent);
	if (geteuid() == 0 &&
	    unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) < 0) {
		(void)FAIL_SYS(&e, "make namespaces");
		say(&e);
		return STATUS_SETUP;
	}
	pid = fork();
	if (pid == 0) {
		die_with(0); /* the parent's id means nothing in here */
		if (enter(c, &e) < 0) {
			say(&e);
			_exit(STATUS_SETUP);
		}
		_exit(be_init(c, program));
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (pid < 0)
		return STATUS_SETUP;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t start(const struct confined *c, const char *program, int messages, struct err *e)
{
	pid_t parent = getpid(), pid = fork();
	int null;

	if (pid != 0)
		return pid < 0 ? FAIL_SYS(e, "fork") : pid;
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	(void)setpgid(0, 0); /* out of reach of the terminal: we end it ourselves */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (dup2(null, 0) < 0 || dup2(c->out < 0 ? null : c->out, 1) < 0 || dup2(messages, 2) < 0)
		_exit(STATUS_SETUP);
	(void)syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
	_exit(supervise(c, program, parent));
}

static void stop(void *arg)
{
	const pid_t *pid = arg;

	(void)kill(*pid, SIGKILL);
}

static int watch(const struct confined *c, const char *program, struct step_output *said,
		 struct err *e)
{
	auto_buf tail = BUF_INIT(STEP_TAIL_LINES * LIMIT_STEP_LINE);
	int fds[2], status = 0, r, w;
	struct str words;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	pid = start(c, program, fds[1], e);
	(void)close(fds[1]);
	r = pid < 0 ? (int)pid : step_output_read(said, fds[0], stop, &pid, e);
	(void)close(fds[0]);
	step_output_end(said, &tail);
	if (pid < 0)
		return r;
	w = proc_wait(pid, -1, &status, r < 0 ? NULL : e);
	r = r < 0 ? r : w;
	words = str_trim((struct str){ buf_str(&tail), tail.n });
	/* The end says why. */
	if (words.n > LIMIT_SAID)
		words = (struct str){ words.p + (words.n - LIMIT_SAID), LIMIT_SAID };
	return r == 0 && status
		       ? FAIL(e, E_SYSTEM, "%s ended with exit status %d%s%.*s", c->argv[0], status,
			      words.n ? "\n" : "", (int)words.n, words.p)
		       : r;
}

int confined_run(const struct confined *c, struct err *e)
{
	auto_release(step_output_free) struct step_output *said = NULL;
	auto_free char *program = NULL;
	int r = proc_find(c->argv[0], &program, e);

	if (r == 0)
		r = step_output_new(c->progress, NULL, 0, &said, e);
	return r < 0 ? r : watch(c, program, said, e);
}

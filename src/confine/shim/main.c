/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plimsoll-shim: the first program in a container. It restricts itself by Landlock and becomes the
 * real command. Static and small, since the image's libraries are not ours; it runs as the
 * container's user, with what the container may do and no more, and trusts nothing but its
 * arguments, which confine/shim.c wrote:
 *
 *     --write=PATH    files may be made, written, removed beneath
 *     --device=PATH   what is there beneath may be written and controlled
 *     --exec=PATH     programs beneath may be executed, but not what another --noexec=PATH names
 *     --noexec=PATH
 *     --bind=PORT --connect=PORT   TCP; with none of a kind every port is allowed; 0 is none
 *     --scope         no signals and no abstract sockets to processes outside
 *     --scope=sockets no abstract sockets; processes outside are what it is to see
 *     --gate          the command is not executed before a byte comes on descriptor 3
 * (run/launch/gate.h)
 *     --init          stays the first process: the command is its child, which it hands signals to,
 *                     and it takes in what others leave (init.c)
 *     --filter=CODE   a filter of system calls besides those that are there (filter.c)
 *     --unconfined    no Landlock, for one that only is to have an init, or an AppArmor profile
 *     --apparmor=NAME the command is held by this profile, into which a file is written that comes
 *                     over descriptor 3 (run/exec/exec_profile.h); without it nothing is executed
 *     --ask           waits for a word there, until it is in the container's control groups
 *     --              the command and its arguments
 *
 * HOME is "/" for a user without a line in the image's /etc/passwd, whichever the runtime.
 * Descriptors but 0, 1, 2 and the gate are closed, and the working folder has to lie within the
 * root. A kernel without Landlock restricts nothing: whether that is allowed was decided before.
 * Exit status 125 when the rules cannot be applied, 126 and 127 as shells have them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/shim/filter.h"
#include "confine/shim/init.h"
#include "sandbox/landlock.h"

enum { CANNOT = 125, CANNOT_INVOKE = 126, NOT_FOUND = 127, LIMIT_DEPTH = 32, LIMIT_PATH = 4096 };
enum { GATE = 3 };

struct rules {
	struct landlock l;
	char **argv;	   /* up to "--" */
	int argc, command; /* index of the command */
};

static _Noreturn void stop(int status, const char *what, const char *name)
{
	(void)dprintf(STDERR_FILENO, "plimsoll: %s%s%s: %s\n", what, *name ? " " : "", name,
		      strerror(errno));
	_exit(status);
}

/* "--write=/tmp" and "--write=" to "/tmp"; NULL when it is another option. */
static const char *value_of(const char *arg, const char *option)
{
	const size_t n = strlen(option);

	return strncmp(arg, option, n) == 0 ? arg + n : NULL;
}

static int count(const struct rules *r, const char *option)
{
	int n = 0;

	for (int i = 1; i < r->argc; i++)
		n += value_of(r->argv[i], option) != NULL;
	return n;
}

/* Whether path is one of the --noexec, and whether one of those lies beneath it. */
static void look_up(const struct rules *r, const char *path, int *ret_is, int *ret_above)
{
	const size_t n = strcmp(path, "/") == 0 ? 0 : strlen(path);

	*ret_is = *ret_above = 0;
	for (int i = 1; i < r->argc; i++) {
		const char *other = value_of(r->argv[i], "--noexec=");

		if (!other || strncmp(other, path, n) != 0)
			continue;
		*ret_is |= other[n] == '\0';
		*ret_above |= other[n] == '/';
	}
}

static void allow_execution(const struct rules *r, const char *path, int depth);

/* Landlock has no exceptions: a folder with one within is allowed by its entries. */
static void allow_entries(const struct rules *r, const char *path, int depth)
{
	DIR *d = opendir(path);
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		char child[LIMIT_PATH];

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0 ||
		    ent->d_type == DT_LNK)
			continue;
		if (snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "",
			     ent->d_name) < (int)sizeof(child))
			allow_execution(r, child, depth + 1);
	}
	if (d)
		(void)closedir(d);
}

static void allow_execution(const struct rules *r, const char *path, int depth)
{
	int is, above;

	look_up(r, path, &is, &above);
	if (is || depth > LIMIT_DEPTH)
		return;
	if (above)
		allow_entries(r, path, depth);
	else if (landlock_allow(&r->l, path, LANDLOCK_EXECUTE) < 0)
		stop(CANNOT, "Landlock: allow to execute", path);
}

static void allow_port(const struct rules *r, const char *text, bool bind)
{
	const unsigned long port = strtoul(text, NULL, 10);

	if (port && landlock_allow_port(&r->l, (uint16_t)port, bind) < 0)
		stop(CANNOT, "Landlock: allow port", text);
}

static void apply(const struct rules *r, const char *arg)
{
	const char *v;

	if ((v = value_of(arg, "--write="))) {
		if (landlock_allow(&r->l, v, LANDLOCK_FILES) < 0)
			stop(CANNOT, "Landlock: allow to write", v);
	} else if ((v = value_of(arg, "--device="))) {
		if (landlock_allow(&r->l, v, LANDLOCK_DEVICE) < 0)
			stop(CANNOT, "Landlock: allow devices", v);
	} else if ((v = value_of(arg, "--exec="))) {
		allow_execution(r, v, 0);
	} else if ((v = value_of(arg, "--bind="))) {
		allow_port(r, v, true);
	} else if ((v = value_of(arg, "--connect="))) {
		allow_port(r, v, false);
	} else if (strcmp(arg, "--scope") != 0 && strcmp(arg, "--scope=sockets") != 0 &&
		   strcmp(arg, "--gate") != 0 && strcmp(arg, "--init") != 0 &&
		   strcmp(arg, "--unconfined") != 0 && strcmp(arg, "--ask") != 0 &&
		   !value_of(arg, "--filter=") && !value_of(arg, "--noexec=") &&
		   !value_of(arg, "--apparmor=")) {
		errno = EINVAL;
		stop(CANNOT, "shim: option", arg);
	}
}

static void restrict_self(struct rules *r)
{
	const int scoped = count(r, "--scope"), sockets = count(r, "--scope=sockets");
	const struct landlock_scope scope = { .bind = count(r, "--bind=") > 0,
					      .connect = count(r, "--connect=") > 0,
					      .signals = scoped > 0 && sockets == 0,
					      .sockets = scoped > 0 };

	if (landlock_begin_scope(&r->l, &scope) < 0)
		stop(CANNOT, "Landlock", "");
	for (int i = 1; i < r->argc; i++)
		apply(r, r->argv[i]);
	if (landlock_restrict(&r->l) < 0)
		stop(CANNOT, "Landlock: restrict", "");
	landlock_release(&r->l);
}

/*
 * What a runtime left open is nobody's here, and a working folder that a link in a volume, or in a
 * running container, led out of the root is none (CVE-2024-21626): the runtime only ever saw a
 * path.
 */
static void check_inherited(const struct rules *r)
{
	char path[LIMIT_PATH];
	const bool used = count(r, "--gate") || count(r, "--apparmor=") || count(r, "--ask");
	const unsigned first = used ? GATE + 1 : GATE;

	if (syscall(SYS_close_range, first, ~0U, 0) < 0 && errno != ENOSYS)
		stop(CANNOT, "close what was inherited", "");
	/* The system call itself: outside of the root it says "(unreachable)". */
	errno = EXDEV;
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0 || path[0] != '/')
		stop(CANNOT, "the working folder is outside of the container's root", "");
}

/* Closed without a word: it may not run. Whoever closed it says why. */
static void await_gate(void)
{
	char word;
	ssize_t n;

	while ((n = read(GATE, &word, 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		_exit(CANNOT);
	(void)close(GATE);
}

/* Over the socket: whoever has the other end knows by the message which process we are, and answers
 * once it has put us where we belong. *ret_fd: the file that came along, or -1. */
static bool ask(int *ret_fd)
{
	char word = 'p', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { &word, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	const struct cmsghdr *c;
	ssize_t n;

	*ret_fd = -1;
	if (send(GATE, &word, 1, MSG_NOSIGNAL) != 1)
		return false;
	while ((n = recvmsg(GATE, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	errno = n < 0 ? errno : EACCES;
	return n == 1;
}

/* /proc is read-only here. The kernel takes the name through that file, opened outside, and from
 * none but the process that it is of. It holds from the next execution on. */
static void take_profile(int fd, const char *name)
{
	char text[LIMIT_PATH];
	const int n = snprintf(text, sizeof(text), "exec %s", name);

	if (fd < 0 || n >= (int)sizeof(text) || write(fd, text, (size_t)n) != n)
		stop(CANNOT, "take the AppArmor profile", name);
}

static void take_place(const struct rules *r)
{
	const char *name = NULL;
	int fd;

	for (int i = 1; i < r->argc; i++)
		name = value_of(r->argv[i], "--apparmor=") ?: name;
	if (!name && !count(r, "--ask"))
		return;
	if (!ask(&fd))
		stop(CANNOT, "take its place beside the container's processes", "");
	if (name)
		take_profile(fd, name);
	if (fd >= 0)
		(void)close(fd);
	(void)close(GATE);
}

int main(int argc, char **argv)
{
	struct rules r = { .argv = argv };

	while (r.argc < argc && strcmp(argv[r.argc], "--") != 0)
		r.argc++;
	r.command = r.argc + 1;
	if (r.command >= argc) {
		errno = EINVAL;
		stop(CANNOT, "shim: started by plimsoll, not by hand", "");
	}
	check_inherited(&r);
	if (!count(&r, "--unconfined"))
		restrict_self(&r);
	if (count(&r, "--gate"))
		await_gate();
	if (count(&r, "--init") && init_fork() < 0)
		stop(CANNOT, "init", "");
	take_place(&r);
	/* Last: it need not allow what is done here but execve. */
	for (int i = 1; i < r.argc; i++)
		if (value_of(argv[i], "--filter=") &&
		    filter_apply(value_of(argv[i], "--filter=")) < 0)
			stop(CANNOT, "filter of system calls", "");
	(void)setenv("HOME", "/", 0);
	(void)execvp(argv[r.command], argv + r.command);
	stop(errno == ENOENT ? NOT_FOUND : CANNOT_INVOKE, "execute", argv[r.command]);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What leads out of the container without a mount: the runtime's program, descriptors that were
 * left open, processes of the host, its abstract sockets, and the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

/* CVE-2019-5736. Our own program is busy, too, and is the image's. */
static int write_program(const struct probe *p)
{
	int at = open(p->path, O_PATH | O_CLOEXEC), fd;
	char again[64];

	if (at < 0)
		return -errno;
	(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", at);
	fd = open(again, O_WRONLY | O_CLOEXEC);
	return result(fd);
}

/* Programs that were put into the container by a mount: an init, a shim. */
static int write_mounted_program(const struct probe *p)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, path[512];
	size_t size = 0;
	int r = ABSENT;

	(void)p;
	while (f && r != 0 && getline(&line, &size, f) > 0) {
		struct stat st;

		if (sscanf(line, "%*d %*d %*s %*s %511s", path) != 1 || stat(path, &st) < 0 ||
		    !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
			continue;
		r = result(open(path, O_WRONLY | O_CLOEXEC));
		detail("%s", path);
	}
	free(line);
	if (f)
		(void)fclose(f);
	return r;
}

static int leaked(const struct probe *p)
{
	struct stat st;

	if (start.leaked < 0)
		return -EBADF;
	if (p->args[0] && (fstat(start.leaked, &st) < 0 || !S_ISDIR(st.st_mode)))
		return -ENOTDIR;
	detail("descriptor %d", start.leaked);
	return 0;
}

static int outside(const struct probe *p)
{
	(void)p;
	return start.outside ? 0 : -EPERM;
}

/* The root or folder of another process, when it is not ours. */
static int other_root(const struct probe *p)
{
	struct stat ours, theirs;
	char path[64];

	(void)snprintf(path, sizeof(path), p->path, getppid());
	if (stat("/", &ours) < 0 || stat(path, &theirs) < 0)
		return -errno;
	if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		return -EXDEV;
	detail("%s", path);
	return 0;
}

static int see_stranger(const struct probe *p)
{
	char path[64], buf[64];
	ssize_t n;

	if (!start.stranger)
		return -ESRCH;
	if (p->path) {
		(void)snprintf(path, sizeof(path), p->path, start.stranger);
		n = slurp(path, buf, sizeof(buf));
		return n < 0 ? (int)n : 0;
	}
	detail("process %d", start.stranger);
	return 0;
}

static int signal_stranger(const struct probe *p)
{
	if (!start.stranger)
		return -ESRCH;
	if (p->args[0])
		return result(syscall(SYS_pidfd_open, start.stranger, 0));
	return result(kill(start.stranger, 0));
}

/* What a stranger has is asked and given back as it is. */
static int change_stranger(const struct probe *p)
{
	cpu_set_t cpus;
	int nice;

	if (!start.stranger)
		return -ESRCH;
	if (p->args[0]) {
		if (sched_getaffinity(start.stranger, sizeof(cpus), &cpus) < 0)
			return -errno;
		return result(sched_setaffinity(start.stranger, sizeof(cpus), &cpus));
	}
	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)start.stranger);
	if (errno)
		return -errno;
	return result(setpriority(PRIO_PROCESS, (id_t)start.stranger, nice));
}

/* An abstract socket of somebody else's (CVE-2020-15257). */
static int abstract_socket(const struct probe *p)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char *line = NULL;
	size_t size = 0;
	int r = -ENOENT;

	(void)p;
	while (f && r < 0 && getline(&line, &size, f) > 0)
		if (strstr(line, " @"))
			r = 0;
	free(line);
	if (f)
		(void)fclose(f);
	return r;
}

/* A terminal of our own, which becomes ours in a session of our own. */
static int own_terminal(void)
{
	int master, slave;

	if (openpty(&master, &slave, NULL, NULL, NULL) < 0 || setsid() < 0)
		return -errno;
	(void)signal(SIGHUP, SIG_IGN);
	return ioctl(slave, TIOCSCTTY, 0) < 0 ? -errno : slave;
}

/* EIO: the kernel has dev.tty.legacy_tiocsti=0; ENOTTY: no console behind it. Neither is a refusal
 * by the sandbox, both leave nothing to gain. */
static int inject(const struct probe *p)
{
	char byte = p->args[1] ? 2 : 'x'; /* TIOCLINUX 2 pastes */
	const int tty = own_terminal();

	if (tty < 0)
		return tty;
	if (syscall(SYS_ioctl, tty, (unsigned long)p->args[0], &byte) == 0)
		return 0;
	return errno == EIO || errno == ENOTTY ? ABSENT : -errno;
}

static int inject_own_stdin(const struct probe *p)
{
	char byte = '\n';

	(void)p;
	if (!isatty(0))
		return ABSENT;
	if (ioctl(0, TIOCSTI, &byte) == 0)
		return 0;
	return errno == EIO ? ABSENT : -errno;
}

#define HIGH 0x100000000L

static const struct probe probes[] = {
	{ "write_proc_1_exe", write_program, "overwrites the runtime (CVE-2019-5736)",
	  "/proc/1/exe" },
	{ "write_proc_self_exe", write_program, "overwrites the runtime as entrypoint",
	  "/proc/self/exe" },
	{ "write_mounted_program", write_mounted_program, "overwrites what the runtime lent" },
	{ "leaked_descriptor", leaked, "CVE-2024-21626" },
	{ "leaked_folder", leaked, "CVE-2024-21626", .args = { 1 } },
	{ "cwd_outside_root", outside, "CVE-2024-21626" },
	{ "root_of_parent", other_root, "the host's files", "/proc/%d/root" },
	{ "root_of_1", other_root, "the host's files", "/proc/1/root" },
	{ "see_host_processes", see_stranger, "arguments of the host's processes" },
	{ "read_host_environ", see_stranger, "their secrets", "/proc/%d/environ" },
	{ "read_host_maps", see_stranger, "their addresses", "/proc/%d/maps" },
	{ "signal_host_process", signal_stranger, "ends them" },
	{ "pidfd_host_process", signal_stranger, "holds them", .args = { 1 } },
	{ "nice_host_process", change_stranger, "slows them" },
	{ "pin_host_process", change_stranger, "slows them", .args = { 1 } },
	{ "abstract_sockets", abstract_socket, "the host's servers (CVE-2020-15257)" },
	{ "tiocsti", inject, "types into the terminal (CVE-2017-5226)", .args = { TIOCSTI } },
	{ "tiocsti_high", inject, "the same, past a filter of 64 bits",
	  .args = { HIGH | TIOCSTI } },
	{ "tiocsti_stdin", inject_own_stdin, "types into the terminal it was started from" },
	{ "tioclinux", inject, "pastes into the console", .args = { TIOCLINUX, 1 } },
	{ "tioclinux_high", inject, "the same, past a filter of 64 bits",
	  .args = { HIGH | TIOCLINUX, 1 } },
};

const struct probe_table table_host = PROBE_TABLE("escape", probes);

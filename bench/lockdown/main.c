/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockdown [WORD...]: runs the probes whose kind or name begins with one of the words, or all, and
 * prints of each
 *
 *     name <tab> kind <tab> allowed|denied|absent <tab> error <tab> detail
 *
 * where the kind of attacks that do not count is "optional", and that of operations that must be
 * allowed is "ordinary". --list prints what there is. --exit N exits with N; --held tells a set-id
 * copy's caller what the file gave.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum { TIME_LIMIT_MS = 30000, POLL_NS = 1000000 };

static const struct probe_table *const tables[] = {
	&table_memory,
	&table_mounts,
	&table_namespaces,
	&table_host,
	&table_walk,
	&table_devices,
	&table_calls,
	&table_files,
	&table_sockets,
	&table_newer,
	&table_ioctls,
	&table_info,
	&table_privilege,
	&table_limits,
	&table_execute,
	&table_exhaust,
	&table_pressure,
	&table_fork,
	&table_ordinary_files,
	&table_ordinary_processes,
	&table_ordinary_memory,
	&table_ordinary_network,
};

struct start start = { .leaked = -1 };

/* Written by the child, read by us. */
static struct shared {
	bool done;
	int value;
	char detail[160];
} *shared;

void detail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(shared->detail, sizeof(shared->detail), format, args);
	va_end(args);
}

static pid_t parent_of(pid_t pid)
{
	char path[64], buf[512];
	const char *end;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (slurp(path, buf, sizeof(buf)) <= 0 || !(end = strrchr(buf, ')')))
		return 0;
	return (pid_t)strtol(end + 4, NULL, 10); /* ") S ppid" */
}

/* Whether a is b or one of its ancestors. */
static bool ancestor(pid_t a, pid_t b)
{
	for (; b > 0; b = parent_of(b))
		if (a == b)
			return true;
	return false;
}

static pid_t find_stranger(void)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; d && !found && (e = readdir(d));) {
		const pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid > 0 && !ancestor(pid, getpid()))
			found = pid;
	}
	if (d)
		(void)closedir(d);
	return found;
}

static void look_around(const char *self)
{
	char cwd[4096];
	struct sysinfo info;

	for (int fd = 3; fd < 1024 && start.leaked < 0; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			start.leaked = fd;
	start.outside = !getcwd(cwd, sizeof(cwd)) || cwd[0] != '/';
	start.stranger = find_stranger();
	start.self = self;
	if (sysinfo(&info) == 0)
		start.available = (info.freeram + info.bufferram) * (uint64_t)info.mem_unit;
}

static void child(const struct probe *p)
{
	(void)setpgid(0, 0);
	if (p->flags & MOUNTS && unshare(CLONE_NEWNS) == 0)
		(void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	shared->value = p->run(p);
	shared->done = true;
	_exit(0);
}

static void end_children(pid_t pid)
{
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* The probe's value, or what happened to the child that should have told it. */
static int run_child(const struct probe *p)
{
	const struct timespec pause = { 0, POLL_NS };
	int status = 0, waited = 0;
	pid_t pid, got = 0;

	*shared = (struct shared){ 0 };
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(p);
	for (; got == 0 && waited < TIME_LIMIT_MS; waited++) {
		got = waitpid(pid, &status, WNOHANG);
		if (got == 0)
			(void)nanosleep(&pause, NULL);
	}
	end_children(pid);
	if (shared->done)
		return shared->value;
	if (got == 0) {
		detail("no answer within its time");
		return -ETIME;
	}
	detail("killed by signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return -EPERM;
}

static bool means_absent(int error)
{
	static const int errors[] = { ENOSYS,	       ENOENT,		ENODEV,
				      ENXIO,	       ENOTTY,		EAFNOSUPPORT,
				      EPROTONOSUPPORT, ESOCKTNOSUPPORT, ENOTDIR };

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i] == error)
			return true;
	return false;
}

static void report(const struct probe *p, const char *kind, int value)
{
	const char *verdict = value == 0				? "allowed"
			      : value == ABSENT || means_absent(-value) ? "absent"
									: "denied";

	(void)printf("%s\t%s\t%s\t%s\t%s\n", p->name, p->flags & MAY ? "optional" : kind, verdict,
		     value < 0 ? strerrorname_np(-value) : "-",
		     shared->detail[0] ? shared->detail : "-");
	(void)fflush(stdout);
}

static bool wanted(const struct probe *p, const char *kind, char *const *words)
{
	if (!*words)
		return true;
	for (; *words; words++)
		if (strncmp(p->name, *words, strlen(*words)) == 0 || strcmp(kind, *words) == 0)
			return true;
	return false;
}

static void each(char *const *words, bool list)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct probe *p = &tables[t]->probes[i];

			if (!wanted(p, tables[t]->kind, words))
				continue;
			if (list)
				(void)printf("%s\t%s\t%s\n", p->name,
					     p->flags & MAY ? "optional" : tables[t]->kind,
					     p->means);
			else
				report(p, tables[t]->kind, run_child(p));
		}
}

/* What a set-id copy of this program is started for: 77 when the file gave what it should not. */
static int held(const char *what)
{
	uint64_t caps = 0;

	if (strcmp(what, "group") == 0)
		return getegid() == 1 ? 77 : 0;
	return status_number("CapEff", &caps) == 0 && caps & (1 << CAP_NET_RAW) ? 77 : 0;
}

int main(int argc, char **argv)
{
	const bool list = argc > 1 && strcmp(argv[1], "--list") == 0;

	if (argc > 2 && strcmp(argv[1], "--exit") == 0)
		return (int)strtol(argv[2], NULL, 10);
	if (argc > 2 && strcmp(argv[1], "--held") == 0)
		return held(argv[2]);
	look_around(argv[0]);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	each(argv + 1 + list, list);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What programs do with processes, threads, signals and time every day. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static int reaped(pid_t pid, int want)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == want ? 0 : -ECHILD;
}

static int fork_exec(const struct probe *p)
{
	const pid_t pid = p->args[0] ? vfork() : fork();

	if (pid == 0) {
		(void)execl(start.self, start.self, "--exit", "7", NULL);
		_exit(1);
	}
	return reaped(pid, 7);
}

static int spawn(const struct probe *p)
{
	char *const argv[] = { (char *)start.self, "--exit", "9", NULL };
	char *const envp[] = { NULL };
	pid_t pid;
	const int r = posix_spawn(&pid, start.self, NULL, NULL, argv, envp);

	(void)p;
	return r ? -r : reaped(pid, 9);
}

static pid_t sleeping_child(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(10);
		for (;;)
			(void)pause();
	}
	return pid;
}

static int kill_child(const struct probe *p)
{
	const pid_t pid = sleeping_child();
	int status;

	if (pid < 0)
		return -errno;
	if (p->args[0]) {
		const int fd = (int)syscall(SYS_pidfd_open, pid, 0);

		if (fd < 0 || syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) < 0)
			return -errno;
	} else if (kill(pid, SIGTERM) < 0) {
		return -errno;
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 0 : -ECHILD;
}

static int child_groups(const struct probe *p)
{
	const pid_t pid = fork();

	(void)p;
	if (pid == 0)
		_exit(setsid() < 0 || getpgrp() != getpid() ? 1 : 0);
	return reaped(pid, 0);
}

static void *add(void *counter)
{
	__atomic_add_fetch((int *)counter, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int threads(const struct probe *p)
{
	pthread_t t[16];
	int counter = 0;

	(void)p;
	for (int i = 0; i < 16; i++)
		if (pthread_create(&t[i], NULL, add, &counter))
			return -EAGAIN;
	for (int i = 0; i < 16; i++)
		(void)pthread_join(t[i], NULL);
	return counter == 16 ? 0 : -EIO;
}

static void *lock_and_leave(void *mutex)
{
	(void)pthread_mutex_lock(mutex);
	return NULL;
}

static int robust_mutex(const struct probe *p)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	pthread_t t;

	(void)p;
	(void)pthread_mutexattr_init(&a);
	(void)pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	(void)pthread_mutex_init(&m, &a);
	if (pthread_create(&t, NULL, lock_and_leave, &m))
		return -EAGAIN;
	(void)pthread_join(t, NULL);
	return pthread_mutex_lock(&m) == EOWNERDEAD ? 0 : -EIO;
}

static volatile sig_atomic_t caught;

static void catch (int sig)
{
	caught = sig;
}

static int signals(const struct probe *p)
{
	struct sigaction a = { .sa_handler = catch };
	const union sigval v = { .sival_int = 1 };
	stack_t s = { .ss_sp = malloc((size_t)SIGSTKSZ), .ss_size = (size_t)SIGSTKSZ };

	(void)p;
	if (sigaltstack(&s, NULL) < 0 || sigaction(SIGUSR2, &a, NULL) < 0)
		return -errno;
	if (sigqueue(getpid(), SIGUSR2, v) < 0)
		return -errno;
	return caught == SIGUSR2 ? 0 : -EIO;
}

static int interval_timer(const struct probe *p)
{
	struct sigaction a = { .sa_handler = catch };
	const struct itimerspec soon = { .it_value = { 0, 1000000 } };
	const struct timespec wait = { 2, 0 };
	timer_t t;

	(void)p;
	(void)sigaction(SIGALRM, &a, NULL);
	if (timer_create(CLOCK_MONOTONIC, NULL, &t) < 0 || timer_settime(t, 0, &soon, NULL) < 0)
		return -errno;
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
	return caught == SIGALRM ? 0 : -ETIME;
}

static int clocks(const struct probe *p)
{
	struct timespec t;

	(void)p;
	return clock_gettime(CLOCK_REALTIME, &t) < 0 ||
			       clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0 ||
			       clock_getres(CLOCK_BOOTTIME, &t) < 0
		       ? -errno
		       : 0;
}

static int affinity(const struct probe *p)
{
	cpu_set_t set;

	(void)p;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return -errno;
	return result(sched_setaffinity(0, sizeof(set), &set));
}

static int niceness(const struct probe *p)
{
	(void)p;
	if (setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 1) < 0)
		return -errno;
	return result(syscall(SYS_ioprio_set, 1, 0, 3 << 13));
}

static int batch(const struct probe *p)
{
	const struct sched_param param = { 0 };

	(void)p;
	return result(sched_setscheduler(0, SCHED_BATCH, &param));
}

static int limits(const struct probe *p)
{
	struct rlimit l;

	(void)p;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return -errno;
	if (l.rlim_cur < 1024)
		return -EMFILE;
	l.rlim_cur = 512;
	return result(setrlimit(RLIMIT_NOFILE, &l));
}

static int process_names(const struct probe *p)
{
	char name[16] = "";

	(void)p;
	if (prctl(PR_SET_NAME, "renamed", 0, 0, 0) < 0 || prctl(PR_GET_NAME, name, 0, 0, 0) < 0)
		return -errno;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	return strcmp(name, "renamed") == 0 ? 0 : -EIO;
}

static int own_filter(const struct probe *p)
{
	struct sock_filter code[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
	const struct sock_fprog program = { 1, code };

	(void)p;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static int own_landlock(const struct probe *p)
{
	struct landlock_ruleset_attr a = { .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE };
	long fd = syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);

	(void)p;
	if (fd < 0) /* programs go on without */
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return result(syscall(SYS_landlock_restrict_self, fd, 0));
}

static int system_facts(const struct probe *p)
{
	struct sysinfo info;
	struct rusage usage;
	struct utsname u;

	(void)p;
	if (sysinfo(&info) < 0 || uname(&u) < 0 || getrusage(RUSAGE_SELF, &usage) < 0)
		return -errno;
	return u.nodename[0] ? 0 : -EIO;
}

static int ask_persona(const struct probe *p)
{
	(void)p;
	return personality(0xffffffff) < 0 ? -errno : 0;
}

static int own_ids(const struct probe *p)
{
	gid_t groups[64];

	(void)p;
	if (getgroups(64, groups) < 0)
		return -errno;
	return result(setresuid((uid_t)-1, getuid(), (uid_t)-1));
}

static int scheduling_calls(const struct probe *p)
{
	struct timespec t;

	(void)p;
	if (sched_yield() < 0 || sched_rr_get_interval(0, &t) < 0)
		return -errno;
	return sched_getcpu() < 0 ? -errno : 0;
}

static int restartable(const struct probe *p)
{
	/* glibc has registered; EINVAL and EBUSY say so, ENOSYS that the call is closed. */
	const int r = result(syscall(SYS_rseq, NULL, 0, 0, 0));

	(void)p;
	return r == -EINVAL || r == -EBUSY || r == -EPERM ? 0 : r;
}

static int barrier(const struct probe *p)
{
	(void)p;
	return syscall(SYS_membarrier, 0, 0, 0) < 0 ? -errno : 0;
}

#define WORKS(name, run, ...) { name, run, "ordinary", __VA_ARGS__ }

static const struct probe probes[] = {
	WORKS("fork_exec_wait", fork_exec),
	WORKS("vfork_exec_wait", fork_exec, .args = { 1 }),
	WORKS("posix_spawn", spawn),
	WORKS("kill_child", kill_child),
	WORKS("pidfd_child", kill_child, .args = { 1 }),
	WORKS("session", child_groups),
	WORKS("pthreads", threads),
	WORKS("robust_mutex", robust_mutex),
	WORKS("signals", signals),
	WORKS("interval_timer", interval_timer),
	WORKS("clocks", clocks),
	WORKS("affinity", affinity),
	WORKS("niceness", niceness),
	WORKS("sched_batch", batch),
	WORKS("rlimits", limits),
	WORKS("prctl_names", process_names),
	WORKS("own_seccomp", own_filter),
	WORKS("own_landlock", own_landlock),
	WORKS("sysinfo_uname", system_facts),
	WORKS("personality_query", ask_persona),
	WORKS("own_ids", own_ids),
	WORKS("sched_calls", scheduling_calls),
	WORKS("rseq", restartable),
	WORKS("membarrier", barrier),
};

const struct probe_table table_ordinary_processes = PROBE_TABLE("ordinary", probes);

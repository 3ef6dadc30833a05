/* SPDX-License-Identifier: Apache-2.0 */
/* File handles, and memory that is written or read where it should not be: of ourselves by force,
 * of other processes by ptrace and its kin. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

/* A page of a file that may only be read; written by force it would be a private copy, with a bug
 * like CVE-2016-5195 the file. */
static char *read_only_page(void)
{
	int fd = scratch("/tmp", 4096);
	char *page;

	if (fd < 0)
		fd = open(start.self, O_RDONLY | O_CLOEXEC);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	return page == MAP_FAILED ? NULL : page;
}

static int force_write(const struct probe *p)
{
	char *page = read_only_page();
	int fd;

	if (!page)
		return ABSENT;
	fd = open(p->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, "x", 1, (off_t)(uintptr_t)page) != 1)
		return -errno;
	detail("a read-only page was written");
	return 0;
}

/* A child that waits to be killed; the harness kills it when the probe forgets. */
static pid_t sleeper(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(10);
		for (;;)
			(void)pause();
	}
	return pid;
}

static int write_child_memory(const struct probe *p)
{
	char path[64], *page = read_only_page();
	const pid_t pid = page ? sleeper() : -1;
	int fd;

	if (pid < 0)
		return ABSENT;
	(void)snprintf(path, sizeof(path), p->path, pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return pwrite(fd, "x", 1, (off_t)(uintptr_t)page) == 1 ? 0 : -errno;
}

static int traceme(const struct probe *p)
{
	(void)p;
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int attach(const struct probe *p)
{
	const pid_t pid = sleeper();

	return pid < 0 ? -errno
		       : result(ptrace((enum __ptrace_request)p->args[0], pid, NULL, NULL));
}

/* Written into a child's read-only page: the other road of CVE-2016-5195. */
static int poke(const struct probe *p)
{
	char *page = read_only_page();
	const pid_t pid = page ? fork() : -1;
	int status;

	(void)p;
	if (pid < 0)
		return ABSENT;
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(errno);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(pid, &status, WUNTRACED) < 0)
		return -errno;
	if (WIFEXITED(status))
		return -WEXITSTATUS(status);
	return result(ptrace(PTRACE_POKEDATA, pid, page, (void *)1L));
}

static int process_vm(const struct probe *p)
{
	char here[8] = "x", there[8] = "y";
	const pid_t pid = sleeper();
	struct iovec a = { here, 1 }, b = { there, 1 };

	if (pid < 0)
		return -errno;
	return result(syscall(p->call, pid, &a, 1UL, &b, 1UL, 0UL));
}

static int take_descriptor(const struct probe *p)
{
	const pid_t pid = sleeper();
	const int fd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);

	(void)p;
	return fd < 0 ? -errno : result(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

static int madvise_other(const struct probe *p)
{
	const pid_t pid = sleeper();
	const int fd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	struct iovec page = { read_only_page(), 4096 };

	(void)p;
	if (fd < 0)
		return -errno;
	return result(syscall(SYS_process_madvise, fd, &page, 1UL, MADV_COLD, 0));
}

/* Shocker: the root folder of the filesystem beneath ours, by a handle that was guessed. ESTALE and
 * EINVAL come after the question whether we may. */
static int open_handle(const struct probe *p)
{
	struct {
		struct file_handle head;
		uint32_t inode, generation;
	} h = { { .handle_bytes = 8, .handle_type = 1 }, 2, 0 };
	const int at = open(p->path, O_RDONLY | O_CLOEXEC);
	const long fd = at < 0 ? -1 : syscall(SYS_open_by_handle_at, at, &h, O_RDONLY);

	if (fd < 0 && (errno == ESTALE || errno == EINVAL)) {
		detail("not refused: %s", strerrorname_np(errno));
		return 0;
	}
	return result(fd);
}

static int name_handle(const struct probe *p)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} h = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;
	const long r = syscall(SYS_name_to_handle_at, AT_FDCWD, p->path, &h, &mount_id, 0);

	if (r < 0)
		return errno == EOPNOTSUPP ? ABSENT : -errno;
	if (p->call == SYS_open_by_handle_at) {
		const int at = open(p->path, O_RDONLY | O_CLOEXEC);

		return result(syscall(SYS_open_by_handle_at, at, &h, O_RDONLY));
	}
	return 0;
}

static const struct probe probes[] = {
	{ "handle_name", name_handle, "a handle of a file, to guess others by", "/tmp" },
	{ "handle_open_own", name_handle, "opens by handle, past the path", "/tmp",
	  .call = SYS_open_by_handle_at },
	{ "handle_open_root", open_handle, "any file of the host's disk (Shocker)", "/" },
	{ "handle_open_etc_hosts", open_handle, "the same by a bind mount", "/etc/hosts" },
	{ "handle_open_etc_hostname", open_handle, "the same by a bind mount", "/etc/hostname" },
	{ "handle_open_resolv_conf", open_handle, "the same by a bind mount", "/etc/resolv.conf" },
	{ "handle_open_dev", open_handle, "the same by /dev", "/dev" },
	{ "force_proc_self_mem", force_write, "Dirty COW's write", "/proc/self/mem" },
	{ "force_thread_self_mem", force_write, "Dirty COW's write", "/proc/thread-self/mem" },
	{ "force_proc_1_mem", force_write, "writes into the first process", "/proc/1/mem" },
	{ "force_child_mem", write_child_memory, "writes into another process", "/proc/%d/mem" },
	{ "force_child_task_mem", write_child_memory, "the same by its thread",
	  "/proc/%1$d/task/%1$d/mem" },
	{ "ptrace_traceme", traceme, "the first step to all of ptrace" },
	{ "ptrace_attach", attach, "holds another process", .args = { PTRACE_ATTACH } },
	{ "ptrace_seize", attach, "holds another process", .args = { PTRACE_SEIZE } },
	{ "ptrace_poke", poke, "Dirty COW's write" },
	{ "process_vm_readv", process_vm, "reads another process", .call = SYS_process_vm_readv },
	{ "process_vm_writev", process_vm, "writes another process",
	  .call = SYS_process_vm_writev },
	{ "pidfd_getfd", take_descriptor, "takes a descriptor of another process" },
	{ "process_madvise", madvise_other, "drops another process's memory" },
	{ "kcmp", probe_call, "tells kernel addresses apart", .call = SYS_kcmp,
	  .args = { 1, 1, 0, 0, 1 } },
};

const struct probe_table table_memory = PROBE_TABLE("escape", probes);

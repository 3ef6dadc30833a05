/* SPDX-License-Identifier: Apache-2.0 */
/* What programs do with files and descriptors every day. Each must work in every container. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include "probe.h"

/* A folder of this probe's own; the files in it go with rmdir's caller. */
static const char *at(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	(void)snprintf(path[turn], sizeof(path[turn]), "/tmp/.ordinary-%d-%s", getpid(), name);
	return path[turn];
}

static int file_with(const char *name, const char *text)
{
	const int fd = open(at(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		return -1;
	return fd;
}

static int write_read(const struct probe *p)
{
	char buf[8] = "";
	const int fd = scratch(p->path, 0);

	if (fd < 0)
		return fd;
	if (write(fd, "hello", 5) != 5 || fsync(fd) < 0 || pread(fd, buf, 5, 0) != 5)
		return -errno;
	return strcmp(buf, "hello") == 0 ? 0 : -EIO;
}

static int rename_link(const struct probe *p)
{
	const int fd = file_with("a", "x");
	int r;

	(void)p;
	if (fd < 0)
		return -errno;
	r = result(rename(at("a"), at("b")));
	if (r == 0)
		r = result(link(at("b"), at("c")));
	if (r == 0)
		r = result(symlink("target", at("d")));
	(void)unlink(at("b"));
	(void)unlink(at("c"));
	(void)unlink(at("d"));
	return r;
}

static int folders(const struct probe *p)
{
	int r = result(mkdir(at("dir"), 0700));

	(void)p;
	if (r == 0)
		r = result(chmod(at("dir"), 0755));
	if (r == 0)
		r = result(rmdir(at("dir")));
	return r;
}

static int modes_times(const struct probe *p)
{
	const struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	const int fd = scratch("/tmp", 100);
	int r = fd < 0 ? fd : result(fchmod(fd, 0640));

	(void)p;
	if (r == 0)
		r = result(futimens(fd, times));
	if (r == 0)
		r = result(ftruncate(fd, 10));
	if (r == 0)
		r = result(fchown(fd, getuid(), getgid()));
	return r == 0 ? result(posix_fallocate(fd, 0, 8192) ? -1 : 0) : r;
}

static int locks(const struct probe *p)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	const int fd = scratch("/tmp", 0);

	(void)p;
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fcntl(fd, F_SETLK, &l) < 0)
		return -errno;
	return result(fcntl(fd, F_OFD_GETLK, &l));
}

static int unnamed(const struct probe *p)
{
	const int r = result(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));

	(void)p;
	return r == -EOPNOTSUPP ? 0 : r; /* programs go on without, some filesystems have none */
}

static int attributes(const struct probe *p)
{
	const int fd = scratch("/tmp", 0);
	const int r = fd < 0 ? fd : result(fgetxattr(fd, "user.lockdown", NULL, 0));

	(void)p;
	return r == -ENODATA || r == -EOPNOTSUPP ? 0 : r;
}

static int copy_calls(const struct probe *p)
{
	const int a = scratch("/tmp", 8192), b = scratch("/dev/shm", 0);
	const int c = memfd_create("copy", MFD_CLOEXEC);
	loff_t at_a = 0;

	(void)p;
	if (a < 0 || b < 0 || c < 0)
		return -errno;
	if (sendfile(b, a, NULL, 4096) != 4096)
		return -errno;
	if (copy_file_range(a, &at_a, c, NULL, 4096, 0) != 4096 && errno != EXDEV)
		return -errno;
	return 0;
}

static int splices(const struct probe *p)
{
	const int fd = scratch("/tmp", 4096);
	int pipes[2];

	(void)p;
	if (fd < 0 || pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	return splice(fd, NULL, pipes[1], NULL, 4096, 0) == 4096 ? 0 : -errno;
}

static int vectors(const struct probe *p)
{
	char a[2] = "a", b[2] = "b";
	struct iovec v[2] = { { a, 1 }, { b, 1 } };
	const int fd = scratch("/tmp", 0);

	(void)p;
	if (fd < 0)
		return fd;
	if (writev(fd, v, 2) != 2 || preadv(fd, v, 2, 0) != 2)
		return -errno;
	return pwritev2(fd, v, 2, 0, 0) == 2 ? 0 : -errno;
}

static int looking(const struct probe *p)
{
	struct statx sx;
	struct statvfs v;
	struct stat st;

	(void)p;
	if (stat("/", &st) < 0 || statvfs("/tmp", &v) < 0)
		return -errno;
	return result(statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &sx));
}

static int open_beneath(const struct probe *p)
{
	const uint64_t how[3] = { O_RDONLY | O_CLOEXEC, 0, 0x08 /* RESOLVE_BENEATH */ };
	const int root = open("/", O_PATH | O_CLOEXEC);

	(void)p;
	return result(syscall(SYS_openat2, root, "etc", how, sizeof(how)));
}

static int epolls(const struct probe *p)
{
	struct epoll_event e = { .events = EPOLLIN };
	const int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(1, EFD_CLOEXEC);

	(void)p;
	if (ep < 0 || ev < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e) < 0)
		return -errno;
	return epoll_wait(ep, &e, 1, 1000) == 1 ? 0 : -errno;
}

static int timers(const struct probe *p)
{
	const struct itimerspec t = { .it_value = { 0, 1000000 } };
	struct pollfd poll_fd = { timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), POLLIN, 0 };

	(void)p;
	if (poll_fd.fd < 0 || timerfd_settime(poll_fd.fd, 0, &t, NULL) < 0)
		return -errno;
	return poll(&poll_fd, 1, 2000) == 1 ? 0 : -ETIME;
}

static int signals_by_descriptor(const struct probe *p)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	(void)p;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0 || raise(SIGUSR1) != 0)
		return -errno;
	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? 0 : -errno;
}

static int watches(const struct probe *p)
{
	const int fd = inotify_init1(IN_CLOEXEC);

	(void)p;
	return fd < 0 ? -errno : result(inotify_add_watch(fd, "/tmp", IN_CREATE));
}

static int pipes(const struct probe *p)
{
	char c = 0;
	int fd[2];

	(void)p;
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0 || write(fd[1], "x", 1) != 1)
		return -errno;
	return read(fd[0], &c, 1) == 1 && c == 'x' ? 0 : -errno;
}

static int fifo(const struct probe *p)
{
	const int r = result(mkfifo(at("fifo"), 0600));

	(void)p;
	(void)unlink(at("fifo"));
	return r;
}

static int terminal(const struct probe *p)
{
	struct winsize size = { 24, 80, 0, 0 };
	struct termios t;
	int master, slave;

	(void)p;
	if (openpty(&master, &slave, NULL, NULL, &size) < 0 || tcgetattr(slave, &t) < 0)
		return -errno;
	cfmakeraw(&t);
	if (tcsetattr(slave, TCSANOW, &t) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0)
		return -errno;
	return ioctl(slave, TIOCGWINSZ, &size) == 0 && size.ws_col == 80 ? 0 : -errno;
}

static int reads(const struct probe *p)
{
	char buf[512];
	const ssize_t n = slurp(p->path, buf, sizeof(buf));

	return n < 0 ? (int)n : n == 0 ? -ENODATA : 0;
}

/* The limits that a run-time sizes itself by: v2's, v1's. */
static int cgroup_limits(const struct probe *p)
{
	char buf[64];

	(void)p;
	if (slurp("/sys/fs/cgroup/memory.max", buf, sizeof(buf)) > 0 ||
	    slurp("/sys/fs/cgroup/memory/memory.limit_in_bytes", buf, sizeof(buf)) > 0)
		return 0;
	return -ENODATA;
}

static int devices(const struct probe *p)
{
	char buf[16];
	const int fd = open(p->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (strcmp(p->path, "/dev/null") == 0)
		return write(fd, "x", 1) == 1 ? 0 : -errno;
	return read(fd, buf, sizeof(buf)) == (ssize_t)sizeof(buf) ? 0 : -errno;
}

static int descriptor_links(const struct probe *p)
{
	char target[64];

	(void)p;
	if (readlink("/proc/self/fd/1", target, sizeof(target)) < 0)
		return -errno;
	return result(access("/dev/fd/0", F_OK));
}

static int entropy(const struct probe *p)
{
	char buf[32];

	(void)p;
	return getrandom(buf, sizeof(buf), 0) == (ssize_t)sizeof(buf) ? 0 : -errno;
}

static int old_aio(const struct probe *p)
{
	unsigned long context = 0;
	const int r = result(syscall(SYS_io_setup, 16, &context));

	(void)p;
	return r < 0 ? r : result(syscall(SYS_io_destroy, context));
}

static int accounts(const struct probe *p)
{
	(void)p;
	if (!getpwuid(0) || !getgrgid(0))
		return -ENOENT;
	return 0;
}

#define WORKS(name, run, ...) { name, run, "ordinary", __VA_ARGS__ }

static const struct probe probes[] = {
	WORKS("file_tmp", write_read, "/tmp"),
	WORKS("file_shm", write_read, "/dev/shm"),
	WORKS("file_rename_link", rename_link),
	WORKS("file_folders", folders),
	WORKS("file_modes_times", modes_times),
	WORKS("file_locks", locks),
	WORKS("file_unnamed", unnamed),
	WORKS("file_xattr", attributes),
	WORKS("file_sendfile_copy", copy_calls),
	WORKS("file_splice", splices),
	WORKS("file_vectors", vectors),
	WORKS("file_stat", looking),
	WORKS("file_openat2", open_beneath),
	WORKS("epoll_eventfd", epolls),
	WORKS("timerfd", timers),
	WORKS("signalfd", signals_by_descriptor),
	WORKS("inotify_watch", watches),
	WORKS("pipe", pipes),
	WORKS("fifo", fifo),
	WORKS("pty", terminal),
	WORKS("read_status", reads, "/proc/self/status"),
	WORKS("read_maps", reads, "/proc/self/maps"),
	WORKS("read_mountinfo", reads, "/proc/self/mountinfo"),
	WORKS("read_cpuinfo", reads, "/proc/cpuinfo"),
	WORKS("read_meminfo", reads, "/proc/meminfo"),
	WORKS("read_passwd", reads, "/etc/passwd"),
	WORKS("read_hosts", reads, "/etc/hosts"),
	WORKS("read_cpus", reads, "/sys/devices/system/cpu/online"),
	WORKS("read_somaxconn", reads, "/proc/sys/net/core/somaxconn"),
	WORKS("read_overcommit", reads, "/proc/sys/vm/overcommit_memory"),
	WORKS("cgroup_limits", cgroup_limits),
	WORKS("dev_null", devices, "/dev/null"),
	WORKS("dev_zero", devices, "/dev/zero"),
	WORKS("dev_urandom", devices, "/dev/urandom"),
	WORKS("dev_random", devices, "/dev/random"),
	WORKS("dev_fd", descriptor_links),
	WORKS("getrandom", entropy),
	WORKS("aio", old_aio),
	WORKS("accounts", accounts),
};

const struct probe_table table_ordinary_files = PROBE_TABLE("ordinary", probes);

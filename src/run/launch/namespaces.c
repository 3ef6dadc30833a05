/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/namespaces.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/userns.h"
#include "run/network/closed.h"

enum { LIMIT_MAP = 64 * 1024, PENDING = 8192, QUEUES = 200 * 1024, OUR_PROCESSES = 32 };

uint32_t namespaces_ids(void)
{
	return userns_inside() ? userns_ids() : CONTAINER_IDS;
}

int namespaces_loopback(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	auto_close int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return s < 0 ? -1 : ioctl(s, SIOCSIFFLAGS, &r);
}

static void set_quota(const char *file, const char *most)
{
	auto_close int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && write(fd, most, strlen(most)) < 0)
		return; /* a kernel that does not count so */
}

/* Of what the kernel allows a user by default, less: in a user's own namespace it is his, too. */
static void limit_quotas(void)
{
	set_quota("/proc/sys/user/max_inotify_instances", "64");
	set_quota("/proc/sys/user/max_inotify_watches", "65536");
}

static bool may_set_limits(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &head, data) == 0 && data[0].effective & 1U << CAP_SYS_RESOURCE;
}

/* For all of the namespace together. */
static int lower(int what, rlim_t most)
{
	struct rlimit l;

	if (getrlimit((__rlimit_resource_t)what, &l) < 0)
		return -1;
	l.rlim_cur = l.rlim_cur < most ? l.rlim_cur : most;
	l.rlim_max = l.rlim_max < most ? l.rlim_max : most;
	return setrlimit((__rlimit_resource_t)what, &l);
}

/*
 * What the kernel counts of a user (pending signals, message queues, inotify watches, locked
 * memory) is counted of who made the user namespace, too. Were that the host's root, a container
 * could use up what the host's root may have: no timer_create(2), no mq_open(3) and no inotify for
 * any service of his. So it is made by the container's own root, who is nobody else on the host.
 * Where that cannot be, or in a user's own namespace, its share is small.
 */
static int become_maker(const struct namespaces_opts *o)
{
	const uid_t id = o->id_base;

	if (userns_inside() && o->processes &&
	    lower(RLIMIT_NPROC, o->processes + OUR_PROCESSES) < 0)
		return -1;
	if (userns_inside() || (o->root_owner && !may_set_limits()))
		return lower(RLIMIT_SIGPENDING, PENDING) < 0 || lower(RLIMIT_MSGQUEUE, QUEUES) < 0
			       ? -1
			       : 0;
	/* The right to make one is kept, where only root may. */
	(void)prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
	return setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0 ? -1
												: 0;
}

/* Of its devices: nobody else can have an address of pasta's, so none waits two seconds for whoever
 * might, in which a published port would answer nothing by IPv6. A kernel may have no IPv6. */
static void addresses_at_once(void)
{
	auto_close int fd =
		open("/proc/sys/net/ipv6/conf/default/accept_dad", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "0", 1);
}

/* The process whose namespaces they are: says 'u' once it has the first, waits for its ids, says
 * 'n' once it has the second, and waits for the end. Its errno, when something fails. */
static _Noreturn void hold(int socket, bool net, const struct namespaces_opts *o,
			   const struct closed *closed)
{
	unsigned char word = 'u';

	if (become_maker(o) < 0 || unshare(CLONE_NEWUSER) < 0 || write(socket, &word, 1) != 1 ||
	    read(socket, &word, 1) != 1)
		_exit(errno);
	limit_quotas();
	/* Of the new namespace's root, so that the second one is that root's. */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ||
	    (net &&
	     (unshare(CLONE_NEWNET) < 0 || namespaces_loopback() < 0 || closed_routes(closed) < 0)))
		_exit(errno);
	if (net)
		addresses_at_once();
	word = 'n';
	if (write(socket, &word, 1) != 1)
		_exit(errno);
	/* Until our parent has what it wants, or is no more. */
	while (read(socket, &word, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Within a user's namespace: every range of it as it is, one line each, since a line of the new map
 * may not span two of the old. */
static int identity_map(const char *of, struct buf *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MAP);
	struct str rest, line;
	int r = fs_read_user(of, LIMIT_MAP, &text, e);

	if (r < 0)
		return r;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		unsigned inside = 0, outside = 0, n = 0;
		auto_free char *copy = str_dup(line);

		if (!copy)
			return FAIL_NOMEM(e);
		if (sscanf(copy, "%u %u %u", &inside, &outside, &n) == 3)
			buf_printf(ret, "%u %u %u\n", inside, inside, n);
	}
	return buf_check(ret, "map of ids", e);
}

static int write_map(pid_t pid, const char *name, uint32_t base, struct err *e)
{
	auto_buf map = BUF_INIT(LIMIT_MAP);
	char path[64];
	auto_close int fd = -1;
	int r = 0;

	if (userns_inside()) {
		(void)snprintf(path, sizeof(path), "/proc/self/%s", name);
		r = identity_map(path, &map, e);
	} else {
		buf_printf(&map, "0 %u %d\n", base, CONTAINER_IDS);
	}
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* In one write(2): the kernel takes no second one. */
	if (fd < 0 || write(fd, buf_str(&map), map.n) != (ssize_t)map.n)
		return FAIL_SYS(e, "give the container its ids");
	return 0;
}

int namespaces_bind(pid_t pid, const char *name, const char *file, struct err *e)
{
	char path[64];
	auto_close int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	if (fd < 0 || mount(path, file, NULL, MS_BIND, NULL) < 0)
		return FAIL_SYS(e, "keep a namespace at '%s'", file);
	return 0;
}

/* The word, or the errno with which the process ended. */
static int await(int socket, pid_t *pid, char want, struct err *e)
{
	char word = 0;
	ssize_t n;
	int status = 0, r;

	while ((n = read(socket, &word, 1)) < 0 && errno == EINTR)
		;
	if (n == 1 && word == want)
		return 0;
	while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	r = FAIL_SYS(e, "make a %s namespace", want == 'u' ? "user" : "network");
	return errno == ENOSPC || errno == EPERM
		       ? err_hint(e, r, "sysctl user.max_user_namespaces=65536")
		       : r;
}

static int make(int socket, pid_t *pid, const char *user_file, const char *net_file, uint32_t base,
		struct err *e)
{
	int r = await(socket, pid, 'u', e);

	if (r == 0)
		r = write_map(*pid, "uid_map", base, e);
	if (r == 0)
		r = write_map(*pid, "gid_map", base, e);
	if (r == 0 && write(socket, "m", 1) != 1)
		r = FAIL_SYS(e, "write");
	if (r == 0)
		r = await(socket, pid, 'n', e);
	if (r == 0)
		r = namespaces_bind(*pid, "user", user_file, e);
	return r == 0 && net_file ? namespaces_bind(*pid, "net", net_file, e) : r;
}

int namespaces_make(const char *user_file, const char *net_file, const struct namespaces_opts *o,
		    struct err *e)
{
	struct closed closed = { .n = 0 };
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return FAIL_SYS(e, "socketpair");
	if (o->network)
		closed_collect(&closed);
	pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		hold(pair[1], net_file != NULL, o, &closed);
	}
	(void)close(pair[1]);
	r = pid < 0 ? FAIL_SYS(e, "fork") : make(pair[0], &pid, user_file, net_file, o->id_base, e);
	(void)close(pair[0]);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return r;
}

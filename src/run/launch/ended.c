/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/ended.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/launch/launch_network.h"

/* The runtime writes its pidfile about when the process is let go. */
enum { LOOKS = 2500, LOOK_MS = 2 };

/* linux/pidfd.h of 6.15; Debian 12's has none of it. */
struct info {
	uint64_t mask, cgroup;
	uint32_t pid, tgid, parent, ids[8];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xff, 11, struct info)
enum { INFO_PID = 1, INFO_EXIT = 8 };

static bool ask(int fd, uint64_t what, struct info *ret)
{
	*ret = (struct info){ .mask = what };
	return ioctl(fd, GET_INFO, ret) == 0 && ret->mask & what;
}

/* The process that the folder's pidfile names, when it is a child of this runtime. */
static int open_first(const char *folder, pid_t runtime)
{
	auto_free char *path = launch_path(folder, "pidfile");
	auto_buf text = BUF_INIT(64);
	auto_close int fd = -1;
	struct info info;
	uint64_t pid;

	if (!path || fs_read_user(path, 32, &text, NULL) < 0 ||
	    str_u64(str_trim(str_of(buf_str(&text))), INT32_MAX, &pid, NULL) < 0 || pid <= 1)
		return -1;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0 || !ask(fd, INFO_PID, &info) || info.parent != (uint32_t)runtime)
		return -1;
	return TAKE_FD(fd);
}

/* A signal is there: whether it is one that the caller has to look at. */
static bool concerns(pid_t runtime, const sigset_t *watched)
{
	siginfo_t info = { 0 };
	sigset_t pending;

	if (sigpending(&pending) < 0 || sigismember(&pending, SIGTERM))
		return true;
	(void)sigtimedwait(watched, NULL, &(struct timespec){ 0 });
	/* Left to be waited for. */
	return waitid(P_PID, (id_t)runtime, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

bool ended_well(const char *folder, pid_t runtime, const sigset_t *watched)
{
	auto_close int signals = signalfd(-1, watched, SFD_CLOEXEC), first = -1;
	struct pollfd p[] = { { .fd = signals, .events = POLLIN }, { .fd = -1 } };
	struct info info;

	for (int looks = 0; signals >= 0;) {
		if (first < 0 && looks++ < LOOKS)
			first = open_first(folder, runtime);
		if (first < 0 && looks > LOOKS)
			return false;
		/* Of a process POLLHUP tells that its parent has taken note. */
		p[1].fd = first;
		if (poll(p, 2, first < 0 ? LOOK_MS : -1) < 0 && errno != EINTR)
			return false;
		if (p[1].revents)
			return ask(first, INFO_EXIT, &info) && info.exit_code == 0;
		if (p[0].revents && concerns(runtime, watched))
			return false;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "run/groups/groups.h"

enum { LIMIT_STATUS = 64 * 1024, LIMIT_PATH = 4096 };

/* As our user namespace has it. */
static bool effective_uid(pid_t pid, uid_t *ret)
{
	auto_buf text = BUF_INIT(LIMIT_STATUS);
	char path[64];
	const char *line;
	unsigned real, effective;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (fs_read_user(path, LIMIT_STATUS, &text, NULL) < 0)
		return false;
	line = strstr(buf_str(&text), "\nUid:");
	if (!line || sscanf(line + 5, "%u %u", &real, &effective) != 2)
		return false;
	*ret = effective;
	return true;
}

/* Its ids, and still the rights over the groups' files, which are root's. */
static bool become(uid_t uid)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { 0 };

	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresuid(uid, uid, uid) < 0 ||
	    syscall(SYS_capget, &head, caps) < 0)
		return false;
	caps[0].effective = caps[0].permitted;
	caps[1].effective = caps[1].permitted;
	return syscall(SYS_capset, &head, caps) == 0;
}

static bool put(const struct groups *g, pid_t pid)
{
	for (size_t i = 0; i < g->n; i++) {
		char path[LIMIT_PATH];
		auto_close int fd = -1;

		(void)snprintf(path, sizeof(path), "%s/cgroup.procs", g->path[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || dprintf(fd, "%d", (int)pid) < 0)
			return false;
	}
	return true;
}

int groups_move(const struct groups *g, pid_t pid, struct err *e)
{
	int status = 0;
	uid_t uid;
	pid_t child;

	if (!effective_uid(pid, &uid))
		return FAIL(e, E_SYSTEM, "process %d is gone", (int)pid);
	(void)fflush(NULL);
	child = fork();
	if (child == 0)
		_exit((uid == geteuid() || become(uid)) && put(g, pid) ? 0 : errno);
	if (child < 0)
		return FAIL_SYS(e, "fork");
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return FAIL_SYS(e, "put a process into the container's control groups");
}

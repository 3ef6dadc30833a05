/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int result(long r)
{
	return r < 0 ? -errno : 0;
}

int probe_call(const struct probe *p)
{
	const long *a = p->args;
	const int r = result(syscall(p->call, a[0], a[1], a[2], a[3], a[4], a[5]));

	if (r < 0 && (-r == p->past[0] || -r == p->past[1])) {
		detail("not refused: %s", strerrorname_np(-r));
		return 0;
	}
	return r;
}

int probe_open(const struct probe *p)
{
	return result(open(p->path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

int probe_read(const struct probe *p)
{
	char buf[4096];
	struct stat st;
	ssize_t n;
	const int fd = open(p->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (p->flags & UNREAD) /* a mask is /dev/null */
		return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) ? -ENODATA : 0;
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENODATA; /* masked by an empty file, or nothing there */
	for (ssize_t i = 0; p->flags & CONTENT && i < n; i++)
		if (buf[i] != 0 && buf[i] != '0')
			return 0;
	return p->flags & CONTENT ? -ENODATA : 0;
}

int scratch(const char *folder, size_t n)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/.lockdown-%d", folder, getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (fd < 0)
		return -errno;
	(void)unlink(path);
	if (n && ftruncate(fd, (off_t)n) < 0) {
		const int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd;
}

int in_child(int (*run)(const struct probe *p), const struct probe *p)
{
	int status, r;
	const pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)alarm(10);
		r = run(p);
		_exit(r < 0 ? -r : r == ABSENT ? 254 : 0);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGALRM ? -ETIME : -EINTR;
	return WEXITSTATUS(status) == 254 ? ABSENT : -WEXITSTATUS(status);
}

ssize_t slurp(const char *path, char *buf, size_t n)
{
	size_t done = 0;
	ssize_t r = 0;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (done < n - 1 && (r = read(fd, buf + done, n - 1 - done)) > 0)
		done += (size_t)r;
	if (r < 0)
		r = -errno;
	(void)close(fd);
	buf[done] = 0;
	return r < 0 ? r : (ssize_t)done;
}

int status_number(const char *name, uint64_t *ret)
{
	char buf[8192], key[64];
	const char *at;
	const ssize_t n = slurp("/proc/self/status", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	(void)snprintf(key, sizeof(key), "\n%s:", name);
	at = strstr(buf, key);
	if (!at)
		return -ENOENT;
	*ret = strtoull(at + strlen(key), NULL, 16);
	return 0;
}

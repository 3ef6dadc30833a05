/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/warm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

/* A runtime that has not made its process after so many has another reason to be slow. */
enum { ROUNDS = 200, NAP_MS = 2, STACK = 64 * 1024, LIMIT_GROUPS_FILE = 16 * 1024 };

/* "N:memory:/path" of v1, or "0::/path" of v2, as they are mounted everywhere. */
static int open_line(struct str line)
{
	struct str number, controllers;
	char path[4096];

	if (!str_cut(&line, ':', &number) || !str_cut(&line, ':', &controllers))
		return -1;
	if (controllers.n && !str_eqz(controllers, "memory"))
		return -1;
	if (snprintf(path, sizeof(path), "/sys/fs/cgroup/%.*s%.*s/cgroup.procs", (int)controllers.n,
		     controllers.p, (int)line.n, line.p) >= (int)sizeof(path))
		return -1;
	return open(path, O_WRONLY | O_CLOEXEC);
}

static int open_own_group(void)
{
	auto_buf text = BUF_INIT(LIMIT_GROUPS_FILE);
	struct str rest, line;
	int fd = -1;

	if (fs_read_user("/proc/self/cgroup", LIMIT_GROUPS_FILE, &text, NULL) < 0)
		return -1;
	rest = (struct str){ buf_str(&text), text.n };
	while (fd < 0 && str_line(&rest, &line))
		fd = open_line(line);
	return fd;
}

static void *run(void *arg)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000L * 1000 };
	struct warm *w = arg;

	for (int i = 0; i < ROUNDS && !atomic_load(&w->over); i++) {
		/* "0" is the writing process. */
		if (write(w->fd, "0", 1) != 1 || access(w->pidfile, F_OK) == 0)
			break;
		(void)nanosleep(&nap, NULL);
	}
	return NULL;
}

void warm_begin(struct warm *w, const char *pidfile)
{
	pthread_attr_t attr;
	sigset_t all, before;

	w->pidfile = pidfile;
	w->fd = open_own_group();
	if (w->fd < 0 || pthread_attr_init(&attr) != 0)
		return;
	/* Signals are the first thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	(void)pthread_attr_setstacksize(&attr, STACK);
	if (pthread_create(&w->thread, &attr, run, w) == 0)
		atomic_store(&w->running, true);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
}

void warm_end(struct warm *w)
{
	atomic_store(&w->over, true);
	if (atomic_load(&w->running))
		(void)pthread_join(w->thread, NULL);
	if (w->fd >= 0)
		(void)close(w->fd);
	*w = (struct warm)WARM_INIT;
}

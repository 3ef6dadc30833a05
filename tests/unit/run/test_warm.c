/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/warm.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

TAP_MAIN()

static size_t count(const char *folder)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n;
}

static void read_groups(char *ret, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	size_t n = f ? fread(ret, 1, size - 1, f) : 0;

	ret[n] = '\0';
	if (f)
		(void)fclose(f);
}

/* The kernel may hold a write back for some milliseconds, a busy machine for more. */
static size_t threads_within(size_t want, int ms)
{
	const struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };
	size_t n;

	for (int i = 0; (n = count("/proc/self/task")) != want && i < ms / 10; i++)
		(void)nanosleep(&nap, NULL);
	return n;
}

static char folder[] = "/tmp/plimsoll-warm.XXXXXX", pidfile[64];

TEST(it_ends_once_the_pidfile_is_there)
{
	struct warm w = WARM_INIT;
	const size_t fds = count("/proc/self/fd"), threads = count("/proc/self/task");
	int fd;

	CHECK(mkdtemp(folder) != NULL);
	(void)snprintf(pidfile, sizeof(pidfile), "%s/pidfile", folder);
	warm_begin(&w, pidfile);
	if (w.fd < 0) {
		warm_end(&w);
		TAP_SKIP("no control group of our own that we may write to");
	}
	CHECK(atomic_load(&w.running));
	fd = open(pidfile, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)close(fd);
	CHECK(threads_within(threads, 5000) == threads);
	warm_end(&w);
	CHECK(w.fd == -1 && count("/proc/self/fd") == fds);
	(void)unlink(pidfile);
}

TEST(it_leaves_nothing_when_it_is_over_before)
{
	static char before[16384], after[16384];
	struct warm w = WARM_INIT, none = WARM_INIT;
	const size_t fds = count("/proc/self/fd"), threads = count("/proc/self/task");

	read_groups(before, sizeof(before));
	warm_begin(&w, pidfile);
	warm_end(&w);
	CHECK(threads_within(threads, 5000) == threads && count("/proc/self/fd") == fds);
	warm_end(&none);
	CHECK(none.fd == -1 && count("/proc/self/fd") == fds);
	read_groups(after, sizeof(after));
	CHECK_STR(before, after);
	(void)rmdir(folder);
}

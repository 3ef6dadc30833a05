/* SPDX-License-Identifier: Apache-2.0 */
/* Locks between processes, and who has one that does not come free. */
#include "base/fs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"

/* Who is stopped for so long will not go on by himself. */
enum { NAP_FIRST_MS = 1, NAP_LAST_MS = 16, STOPPED_MS = 5000, LOOK_MS = 1000 };

struct holder {
	long pid; /* 0: not known */
	char name[32], state;
};

/* proc_locks(5): "1: FLOCK  ADVISORY  WRITE 4711 fe:00:12345 0 EOF"; behind "->" is one that waits.
 */
static long holder_of(const struct stat *st)
{
	auto_fclose FILE *f = fopen("/proc/locks", "re");
	char line[256], kind[16];
	unsigned major, minor;
	unsigned long inode;
	long pid;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d: %15s %*s %*s %ld %x:%x:%lu", kind, &pid, &major, &minor,
			   &inode) == 5 &&
		    strcmp(kind, "FLOCK") == 0 && inode == st->st_ino &&
		    makedev(major, minor) == st->st_dev)
			return pid;
	return 0;
}

/* proc_pid_stat(5): the name in brackets, which may hold anything, then the state. */
static bool describe(struct holder *h)
{
	char path[64], text[512];
	auto_close int fd = -1;
	const char *open_at, *close_at;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", h->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	open_at = strchr(text, '(');
	close_at = strrchr(text, ')');
	if (!open_at || !close_at || close_at < open_at || strlen(close_at) < 3)
		return false;
	(void)snprintf(h->name, sizeof(h->name), "%.*s", (int)(close_at - open_at - 1),
		       open_at + 1);
	for (char *c = h->name; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	h->state = close_at[2];
	return true;
}

static struct holder find_holder(int fd)
{
	struct holder h = { 0 };
	struct stat st;

	h.pid = fstat(fd, &st) == 0 ? holder_of(&st) : 0;
	if (h.pid <= 0 || !describe(&h))
		h.pid = 0;
	return h;
}

/* By a signal, a debugger or a terminal: it keeps what it has. */
static bool is_stopped(const struct holder *h)
{
	return h->pid && (h->state == 'T' || h->state == 't');
}

static int tell_holder(const struct holder *h, int failed, struct err *e)
{
	if (!h->pid)
		return failed;
	if (is_stopped(h))
		return err_hint(e, failed, "process %ld (%s) has it and is stopped: kill -CONT %ld",
				h->pid, h->name, h->pid);
	return err_hint(e, failed, "process %ld (%s) has it: wait for it, or end it", h->pid,
			h->name);
}

struct waiting {
	uint64_t until, look; /* by the clock: when to give up, and when to see who has it */
	long nap_ms;
};

/* Whether it is worth to try again. */
static bool nap(struct waiting *w, int fd)
{
	const struct timespec t = { .tv_nsec = w->nap_ms * 1000 * 1000 };
	const uint64_t now = clock_mono_ms();

	if (now >= w->until)
		return false;
	if (now >= w->look) {
		const struct holder h = find_holder(fd);

		if (is_stopped(&h))
			return false;
		w->look = now + LOOK_MS;
	}
	(void)nanosleep(&t, NULL);
	w->nap_ms = w->nap_ms * 2 > NAP_LAST_MS ? NAP_LAST_MS : w->nap_ms * 2;
	return true;
}

static int lock(int dir, const char *path, int op, int timeout_ms, struct err *e)
{
	auto_close int fd = fs_open_nolink(dir, path, O_RDWR | O_CREAT, 0600, e);
	const uint64_t now = clock_mono_ms();
	struct waiting w = { now + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0), now + STOPPED_MS,
			     NAP_FIRST_MS };
	/* Who was asked before still has to clean up. */
	const bool asked = proc_interrupted(NULL) < 0;

	if (fd < 0)
		return WRAP(e, fd, "lock '%s'", path);
	while (flock(fd, timeout_ms < 0 ? op : op | LOCK_NB) < 0) {
		struct holder h = { 0 };
		int why = errno, r;

		if (!asked && proc_interrupted(e) < 0)
			return E_SIGNAL;
		if (why == EINTR || (why == EWOULDBLOCK && nap(&w, fd)))
			continue;
		errno = why;
		r = FAIL_SYS(e, "lock '%s'", path);
		if (why == EWOULDBLOCK && timeout_ms > 0)
			h = find_holder(fd);
		return tell_holder(&h, r, e);
	}
	return TAKE_FD(fd);
}

int fs_lock(int dir, const char *path, int timeout_ms, struct err *e)
{
	return lock(dir, path, LOCK_EX, timeout_ms, e);
}

int fs_lock_shared(int dir, const char *path, int timeout_ms, struct err *e)
{
	return lock(dir, path, LOCK_SH, timeout_ms, e);
}

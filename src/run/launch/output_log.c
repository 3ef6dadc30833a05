/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/output_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"

#define LOG_FILE "ctr.log"
#define LOG_NEXT "ctr.log.next"

enum { HEADER = 80, BATCH = 128 * 1024, TEXT = 32 * 1024 };

static void renew(struct output_log *l, const char *name, int flags)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = openat(l->folder, name,
		       O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
}

/* The file to write n bytes to. Whoever finds it full makes the next one; the other sees then that
 * its own is no longer there. */
static void choose_file(struct output_log *l, size_t n)
{
	struct stat st;

	if (l->fd < 0)
		renew(l, LOG_FILE, 0);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return;
	if (st.st_nlink == 0)
		renew(l, LOG_FILE, 0);
	else if (st.st_size > 0 && (uint64_t)st.st_size + n > l->max) {
		renew(l, LOG_NEXT, O_EXCL);
		if (l->fd >= 0 && renameat(l->folder, LOG_NEXT, l->folder, LOG_FILE) < 0)
			(void)unlinkat(l->folder, LOG_NEXT, 0);
		else if (l->fd < 0)
			renew(l, LOG_FILE, 0);
	}
}

static void flush(struct output_log *l, const char *batch, size_t *n)
{
	if (*n == 0)
		return;
	choose_file(l, *n);
	if (l->fd >= 0)
		(void)!write(l->fd, batch, *n);
	*n = 0;
}

static size_t header(char *at, const char *stream, bool whole)
{
	struct timespec now;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	return (size_t)snprintf(at, HEADER, "%04d-%02d-%02dT%02d:%02d:%02d.%09ld+00:00 %s %c ",
				(tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
				tm.tm_min, tm.tm_sec, now.tv_nsec, stream, whole ? 'F' : 'P');
}

void output_log_put(struct output_log *l, const char *text, size_t n)
{
	static char batch[BATCH];
	const size_t most = l->max < sizeof(batch) ? (size_t)l->max : sizeof(batch);
	size_t used = 0;

	while (n) {
		const char *end = memchr(text, '\n', n < TEXT ? n : TEXT);
		const size_t part = end ? (size_t)(end - text) : n < TEXT ? n : TEXT;

		if (used + HEADER + part + 1 > most)
			flush(l, batch, &used);
		used += header(batch + used, l->stream, end != NULL);
		memcpy(batch + used, text, part);
		used += part;
		batch[used++] = '\n';
		text += part + (end ? 1 : 0);
		n -= part + (end ? 1 : 0);
	}
	flush(l, batch, &used);
}

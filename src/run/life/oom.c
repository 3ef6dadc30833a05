/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/file.h"

enum { RECORD_BYTES = 8192, LIMIT_RECORDS = 65536, EARLIER_MS = 2000 };

bool oom_record(const char *record, const char *id, uint64_t since_us, char ret[static OOM_NAME])
{
	const char *group = strstr(record, "oom_memcg="), *task = strstr(record, ",task="), *at,
		   *end;
	const char *time = strchr(record, ',');

	time = time ? strchr(time + 1, ',') : NULL;
	if (!time || !strstr(record, ";oom-kill:") || !group || !task ||
	    strtoull(time + 1, NULL, 10) < since_us)
		return false;
	at = strstr(group, id);
	/* The name of a process is its own choice, so that what counts is before it. */
	if (!*id || !at || !strchr(group, ',') || at > strchr(group, ','))
		return false;
	task += strlen(",task=");
	end = task;
	for (const char *p = task; (p = strstr(p, ",pid=")); p++)
		end = p;
	(void)snprintf(ret, OOM_NAME, "%.*s", (int)(end - task), task);
	text_sanitize(ret);
	return true;
}

/* "6,1234,63086416469,-;cgroup: fork rejected by pids controller in /plimsoll-ID", once a group. */
bool oom_forks_record(const char *record, const char *id, uint64_t since_us)
{
	const char *group = strstr(record, ";cgroup: fork rejected by pids controller in /");
	const char *time = strchr(record, ',');

	time = time ? strchr(time + 1, ',') : NULL;
	return group && time && time < group && strtoull(time + 1, NULL, 10) >= since_us && *id &&
	       strstr(group, id);
}

/* Of the kernel's clock; 0 when it is not known. */
static uint64_t began_us(const struct container *c)
{
	const int64_t mono_ms = (int64_t)clock_mono_ms();
	struct stat st;
	int64_t ago_ms;

	if (fstatat(c->fd, "pidfile", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	ago_ms = (clock_now() - st.st_mtim.tv_sec) * 1000 + EARLIER_MS;
	return ago_ms < mono_ms ? (uint64_t)(mono_ms - ago_ms) * 1000 : 0;
}

void oom_look(const struct container *c)
{
	auto_close int log = -1;
	char known[OOM_NAME], name[OOM_NAME];
	static char record[RECORD_BYTES];
	const uint64_t since = began_us(c);
	bool found = false, forks = false;
	ssize_t n;

	if (c->kind == CONTAINER_STEP || (oom_read(c->fd, known) && *known))
		return;
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	/* EPIPE: some were overwritten meanwhile; the next one is there. */
	for (int i = 0; log >= 0 && i < LIMIT_RECORDS; i++) {
		n = read(log, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		found |= oom_record(record, c->id, since, name);
		forks |= oom_forks_record(record, c->id, since);
	}
	if (forks)
		(void)file_put(c->fd, FORKS_FILE, "", 0, NULL);
	if (found)
		(void)file_put(c->fd, "oom", name, strlen(name), NULL);
}

bool oom_read(int folder, char ret[static OOM_NAME])
{
	auto_buf text = BUF_INIT(LIMIT_OOM);

	ret[0] = '\0';
	if (fs_read(folder, "oom", LIMIT_OOM - 1, &text, NULL) < 0)
		return false;
	(void)snprintf(ret, OOM_NAME, "%s", buf_str(&text));
	text_sanitize(ret);
	return true;
}

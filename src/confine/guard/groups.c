/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine/guard/guard.h"

uint64_t groups_value(const char *text, const char *key)
{
	const size_t n = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) == 0 && line[n] == ' ')
			return strtoull(line + n + 1, NULL, 10);
	}
	return 0;
}

static size_t read_file(const struct guard *g, size_t i, const char *file, char *ret, size_t size)
{
	char path[512];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", g->cgroup, file);
	fd = openat(g->groups[i], path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, ret, size - 1);
	(void)close(fd);
	ret[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

size_t groups_file(const struct guard *g, const char *file, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; n == 0 && i < g->groups_n; i++)
		n = read_file(g, i, file, ret, size);
	return n;
}

/* Of a file of keys, or with none the number that is all of it; 0 where there is none. */
static uint64_t value(const struct guard *g, const char *file, const char *key)
{
	char text[512];

	if (groups_file(g, file, text, sizeof(text)) == 0)
		return 0;
	return key ? groups_value(text, key) : strtoull(text, NULL, 10);
}

void groups_look(const struct guard *g)
{
	const uint64_t kills =
		value(g, "memory.events", "oom_kill") ?: value(g, "memory.oom_control", "oom_kill");
	const uint64_t forks = value(g, "pids.events", "max");

	if (kills)
		note_add(g->out,
			 &(struct guard_note){
				 .count = kills,
				 .rule = GUARD_MEMORY,
				 .nr = -1,
				 .a0 = value(g, "memory.max", NULL)
					       ?: value(g, "memory.limit_in_bytes", NULL),
				 .a1 = value(g, "memory.peak", NULL)
					       ?: value(g, "memory.max_usage_in_bytes", NULL) });
	if (forks)
		note_add(g->out, &(struct guard_note){ .count = forks,
						       .rule = GUARD_PIDS,
						       .nr = -1,
						       .a0 = value(g, "pids.max", NULL) });
}

/* Once read, the file says by poll(2) that it changed: POLLPRI, also when it is removed. */
int groups_watch_forks(const struct guard *g)
{
	char path[512], text[64];
	int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/pids.events", g->cgroup);
	for (size_t i = 0; fd < 0 && i < g->groups_n; i++)
		fd = openat(g->groups[i], path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!read(fd, text, sizeof(text));
	return fd;
}

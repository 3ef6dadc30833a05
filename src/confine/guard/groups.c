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

/* The file of one group; 0 where there is none. */
static uint64_t value(const struct guard *g, size_t i, const char *file, const char *key)
{
	char path[512], text[512];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", g->cgroup, file);
	fd = openat(g->groups[i], path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return groups_value(text, key);
}

void groups_look(const struct guard *g)
{
	uint64_t kills = 0, forks = 0;

	for (size_t i = 0; i < g->groups_n; i++) {
		kills = kills ?: value(g, i, "memory.events", "oom_kill");
		kills = kills ?: value(g, i, "memory.oom_control", "oom_kill");
		forks = forks ?: value(g, i, "pids.events", "max");
	}
	if (kills)
		note_add(g->out,
			 &(struct guard_note){ .count = kills, .rule = GUARD_MEMORY, .nr = -1 });
	if (forks)
		note_add(g->out,
			 &(struct guard_note){ .count = forks, .rule = GUARD_PIDS, .nr = -1 });
}

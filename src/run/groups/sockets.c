/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/sockets.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MEMORY "/sys/fs/cgroup/memory"
#define LIMIT_FILE "memory.kmem.tcp.limit_in_bytes"

enum { SHARE = 4 };
#define LEAST ((uint64_t)8 << 20)

static int limit(const char *folder, uint64_t memory, struct err *e)
{
	const uint64_t most = memory / SHARE < LEAST ? LEAST : memory / SHARE;
	auto_free char *file = NULL;
	auto_close int fd = -1;

	if (asprintf(&file, "%s/" LIMIT_FILE, folder) < 0)
		return FAIL_NOMEM(e);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make '%s'", folder);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%llu", (unsigned long long)most) < 0)
		return FAIL_SYS(e, "limit the memory of sockets in '%s'", folder);
	return 0;
}

int groups_limit_sockets(const char *cgroup, uint64_t memory, struct err *e)
{
	auto_free char *folder = NULL;

	if (memory == 0 || access(MEMORY "/" LIMIT_FILE, W_OK) < 0)
		return 0;
	if (asprintf(&folder, MEMORY "%s", cgroup) < 0)
		return FAIL_NOMEM(e);
	return limit(folder, memory, e);
}

int groups_limit_sockets_of_user(const struct groups *g, uint64_t memory, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && memory && i < g->n; i++) {
		auto_free char *file = NULL;

		if (asprintf(&file, "%s/" LIMIT_FILE, g->path[i]) < 0)
			return FAIL_NOMEM(e);
		if (access(file, F_OK) == 0)
			r = limit(g->path[i], memory, e);
	}
	return r;
}

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

int groups_limit_sockets(const char *cgroup, uint64_t memory, struct err *e)
{
	const uint64_t most = memory / SHARE < LEAST ? LEAST : memory / SHARE;
	auto_free char *folder = NULL, *file = NULL;
	auto_close int fd = -1;

	if (memory == 0 || access(MEMORY "/" LIMIT_FILE, W_OK) < 0)
		return 0;
	if (asprintf(&folder, MEMORY "%s", cgroup) < 0 ||
	    asprintf(&file, MEMORY "%s/" LIMIT_FILE, cgroup) < 0)
		return FAIL_NOMEM(e);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make '%s'", folder);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%llu", (unsigned long long)most) < 0)
		return FAIL_SYS(e, "limit the memory of sockets in '%s'", folder);
	return 0;
}

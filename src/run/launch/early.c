/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/early.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"

#define LINK ".config.early"

enum { LIMIT_CONFIG = 8 * 1024 * 1024, PIPE_ROOM = 64 * 1024 };

bool early_can(const struct launch *l)
{
	return !l->conmon && !l->bundle && l->machine->cgroups != CGROUP_DENIED &&
	       runtime_early(l->runtime);
}

int early_open(const char *folder, struct err *e)
{
	auto_close int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dir < 0 || (unlinkat(dir, EARLY_CONFIG, 0) < 0 && errno != ENOENT) ||
	    mkfifoat(dir, EARLY_CONFIG, 0600) < 0)
		return FAIL_SYS(e, "make '%s/" EARLY_CONFIG "'", folder);
	/* Both ends, so that nobody waits for the other and nothing breaks where one is killed. */
	fd = openat(dir, EARLY_CONFIG, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? FAIL_SYS(e, "open '%s/" EARLY_CONFIG "'", folder) : fd;
}

static int replace(int dir, struct err *e)
{
	if ((unlinkat(dir, LINK, 0) < 0 && errno != ENOENT) ||
	    linkat(dir, "config.json", dir, LINK, 0) < 0 ||
	    renameat(dir, LINK, dir, EARLY_CONFIG) < 0)
		return FAIL_SYS(e, "name config.json '" EARLY_CONFIG "'");
	return 0;
}

int early_feed(const char *folder, int fifo, struct err *e)
{
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	auto_close int owned = fifo;
	int r = dir < 0 ? FAIL_SYS(e, "open '%s'", folder) : replace(dir, e);

	if (r == 0)
		r = fs_read(dir, "config.json", LIMIT_CONFIG, &text, e);
	if (r < 0)
		return r;
	if (text.n > PIPE_ROOM && fcntl(fifo, F_SETPIPE_SZ, (int)text.n) < 0)
		return FAIL_SYS(e, "a pipe for %zu bytes of config.json", text.n);
	/* There is room for all of it, whether it is being read or not. */
	return write(fifo, buf_str(&text), text.n) == (ssize_t)text.n
		       ? 0
		       : FAIL_SYS(e, "hand config.json to the runtime");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/userns.h"

int file_put(int folder, const char *name, const void *p, size_t n, struct err *e)
{
	char temp[64];
	auto_close int fd = -1;
	int r = fs_temp_name(".tmp-", temp, sizeof(temp), e);

	if (r < 0)
		return r;
	/* Readable by all: hosts and resolv.conf are mounted into the container as they are. The
	 * folder itself is root's alone. */
	fd = openat(folder, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return FAIL_SYS(e, "write '%s'", name);
	r = fs_write_all(fd, p, n, e);
	if (r == 0 && (fchmod(fd, 0644) < 0 || renameat(folder, temp, folder, name) < 0))
		r = FAIL_SYS(e, "finish");
	if (r < 0) {
		(void)unlinkat(folder, temp, 0);
		return WRAP(e, r, "write '%s'", name);
	}
	return 0;
}

struct tree {
	int parent;
	const char *path;
};

static int remove_inside(void *arg, struct err *e)
{
	const struct tree *t = arg;

	return fs_remove_tree(t->parent, t->path, e);
}

int file_remove_tree(int parent, const char *path, struct err *e)
{
	struct err why = ERR_INIT;

	if (geteuid() == 0)
		return fs_remove_tree(parent, path, e);
	/* Most have left nothing of that kind, and a namespace takes two programs to make. */
	if (fs_remove_tree(parent, path, &why) == 0)
		return 0;
	return userns_call(remove_inside, &(struct tree){ parent, path }, e);
}

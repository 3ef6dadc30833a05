/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/reexec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#define VARIABLE "_LIBCONTAINER_CLONED_BINARY"

void reexec_spare(const char *program)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_free char *path = realpath(program, NULL);
	struct statvfs there;
	auto_close int fd = -1;

	/* By us before, or by who mounted the system. */
	if (path && statvfs(path, &there) == 0 && there.f_flag & ST_RDONLY) {
		(void)setenv(VARIABLE, "1", 1);
		return;
	}
	fd = path ? open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC) : -1;
	if (fd >= 0 && mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0 &&
	    move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0)
		(void)setenv(VARIABLE, "1", 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/berth.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/userns.h"

void berth_free(struct berth *s)
{
	free(s->path);
	if (s->path) {
		(void)close(s->fd);
		if (s->userns >= 0)
			(void)close(s->userns);
	}
	*s = (struct berth)BERTH_INIT;
}

static char *choose_path(const char *folder)
{
	char *path = NULL;

	if (!userns_inside())
		return strdup(BERTH_ROOT);
	return asprintf(&path, "%s/berth", folder) < 0 ? NULL : path;
}

void berth_close(const char *folder)
{
	auto_free char *path = choose_path(folder);

	if (path)
		(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

int berth_open(const char *folder, const char *userns_file, struct berth *ret, struct err *e)
{
	struct berth s = BERTH_INIT;
	int r = 0;

	s.path = choose_path(folder);
	if (!s.path)
		return FAIL_NOMEM(e);
	if (mkdir(s.path, 0711) < 0 && errno != EEXIST)
		r = FAIL_SYS(e, "make '%s'", s.path);
	else if (mount("tmpfs", s.path, "tmpfs", MS_NOSUID | MS_NODEV,
		       "size=2m,nr_inodes=2048,mode=0711") < 0)
		r = FAIL_SYS(e, "mount tmpfs on '%s'", s.path);
	if (r == 0) {
		s.fd = open(s.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = s.fd < 0 ? FAIL_SYS(e, "open '%s'", s.path) : 0;
	}
	/* In a user's own namespace the container's ids are his, and nothing is translated. */
	if (r == 0 && userns_file && !userns_inside()) {
		s.userns = open(userns_file, O_RDONLY | O_CLOEXEC);
		r = s.userns < 0 ? FAIL_SYS(e, "open '%s'", userns_file) : 0;
	}
	if (r < 0) {
		berth_free(&s);
		return r;
	}
	*ret = s;
	return 0;
}

static int translate(const struct berth *s, int tree, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)s->userns };
	int why, r;

	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) == 0)
		return 0;
	why = errno;
	r = FAIL_SYS(e, "map the ids of a mount");
	return why == EINVAL ? err_hint(e, r,
					"its filesystem or this kernel has no idmapped mounts: put "
					"the state on ext4, xfs or btrfs (plimsoll doctor)")
			     : r;
}

/* A folder or file to mount on, named by a number. */
static int make_target(struct berth *s, int fd, char **ret_path, struct err *e)
{
	struct stat st;
	char name[24];

	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "look at what is to be mounted");
	(void)snprintf(name, sizeof(name), "%zu", s->n++);
	if (S_ISDIR(st.st_mode) ? mkdirat(s->fd, name, 0700) < 0
				: mknodat(s->fd, name, S_IFREG | 0600, 0) < 0)
		return FAIL_SYS(e, "make '%s/%s'", s->path, name);
	return asprintf(ret_path, "%s/%s", s->path, name) < 0 ? FAIL_NOMEM(e) : 0;
}

int berth_show(struct berth *s, int fd, bool own_ids, char **ret_path, struct err *e)
{
	const unsigned how = AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	auto_close int tree = open_tree(fd, "", how);
	auto_free char *path = NULL;
	int r = tree < 0 ? FAIL_SYS(e, "clone a mount") : 0;

	if (r == 0 && own_ids && s->userns >= 0)
		r = translate(s, tree, e);
	if (r == 0)
		r = make_target(s, fd, &path, e);
	if (r == 0 && move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = FAIL_SYS(e, "mount on '%s'", path);
	if (r == 0)
		*ret_path = TAKE(path);
	return r;
}

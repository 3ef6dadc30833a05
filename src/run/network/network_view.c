/* SPDX-License-Identifier: Apache-2.0 */
#include "run/network/network_view.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define RESOLV_CONF "/etc/resolv.conf"

static int cover(const char *folder)
{
	return mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		     "size=64k,nr_inodes=64,mode=0755");
}

static int make_file(const char *path)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -1 : 0;
}

/* Held by a descriptor, since it may itself lie below what is covered. */
static int take(const char *path, unsigned how)
{
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | how);
}

static int show(int tree, const char *at)
{
	return make_file(at) < 0 ? -1 : move_mount(tree, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH);
}

/* A link to where a manager of networks keeps it: what it leads to, which may not be opened there.
 */
static int take_resolv_conf(void)
{
	struct stat st;

	return lstat(RESOLV_CONF, &st) < 0 || !S_ISLNK(st.st_mode) ? -1 : take(RESOLV_CONF, 0);
}

/* The rest of /run is left: the system's log is there. Where it has no such folder, and we may not
 * make one, all of it is covered. */
static int make_folders(void)
{
	if (mkdir("/run/user", 0755) < 0 && errno != EEXIST &&
	    (cover("/run") < 0 || mkdir("/run/user", 0755) < 0))
		return -1;
	if (cover("/run/user") < 0 || mkdir("/run/user/0", 0755) < 0 || mkdir(VIEW_NETNS, 0755) < 0)
		return -1;
	return cover("/tmp");
}

static int fill(const struct network_view *v, int netns, int pid_file, int packets)
{
	char at[sizeof(VIEW_NETNS) + LIMIT_VIEW_NAME];

	network_view_path(v->name, at);
	if (make_folders() < 0 || show(netns, at) < 0 || show(pid_file, VIEW_PID_FILE) < 0)
		return -1;
	return v->packets ? show(packets, VIEW_PACKETS) : 0;
}

void network_view_path(const char *name, char ret[static sizeof(VIEW_NETNS) + LIMIT_VIEW_NAME])
{
	(void)snprintf(ret, sizeof(VIEW_NETNS) + LIMIT_VIEW_NAME, VIEW_NETNS "/%s", name);
}

int network_view_enter(void *arg)
{
	const struct network_view *v = arg;
	auto_close int netns = -1, pid_file = -1, packets = -1, resolv = -1;

	if (make_file(v->pid_file) < 0 || unshare(CLONE_NEWNS) < 0)
		return -1;
	netns = take(v->netns, AT_SYMLINK_NOFOLLOW);
	pid_file = take(v->pid_file, AT_SYMLINK_NOFOLLOW);
	packets = v->packets ? take(v->packets, AT_SYMLINK_NOFOLLOW) : -1;
	if (netns < 0 || pid_file < 0 || (v->packets && packets < 0))
		return -1;
	resolv = take_resolv_conf();
	if (fill(v, netns, pid_file, packets) < 0)
		return -1;
	return resolv < 0 ? 0
			  : move_mount(resolv, "", AT_FDCWD, RESOLV_CONF, MOVE_MOUNT_F_EMPTY_PATH);
}

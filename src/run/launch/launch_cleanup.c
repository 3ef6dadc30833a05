/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/groups/groups.h"
#include "run/groups/helpers.h"
#include "run/launch/join.h"
#include "run/launch/launch.h"
#include "run/launch/launch_network.h"

static void forget(const char *folder, const char *id)
{
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *notes = NULL;

	if (asprintf(&notes, RUNTIME_STATE "/%s", id) > 0 && dir >= 0)
		(void)fs_remove_tree(dir, notes, NULL);
}

int launch_cleanup(const char *folder, const char *id, const char *cgroup, const struct runtime *rt,
		   struct err *e)
{
	static const char *const mounted[] = { "rootfs",      "upper",	    "disk",
					       RUNTIME_STATE, LAUNCH_NETNS, LAUNCH_USERNS,
					       LAUNCH_PIDNS,  LAUNCH_IPCNS, LAUNCH_CGROUPNS };
	static const char *const files[] = { LAUNCH_NETNS, LAUNCH_USERNS,   LAUNCH_PIDNS,
					     LAUNCH_IPCNS, LAUNCH_CGROUPNS, LAUNCH_PASTA_PID };
	auto_free char *netns = launch_path(folder, LAUNCH_NETNS);
	auto_free char *pid_file = launch_path(folder, LAUNCH_PASTA_PID);
	auto_free char *groups = launch_path(folder, GROUPS_FILE);
	struct err ignored = ERR_INIT;
	int r;

	if (!netns || !pid_file || !groups)
		return FAIL_NOMEM(e);
	network_stop(netns, pid_file);
	/* The runtime's own removal first; the cgroup's members are ended whatever it says. Without
	 * cgroups the processes are gone, and its notes go with the folder. */
	if (cgroups_denied())
		forget(folder, id);
	else if (rt)
		(void)runtime_delete(rt, folder, id, true, &ignored);
	for (size_t i = 0; i < sizeof(mounted) / sizeof(*mounted); i++) {
		auto_free char *path = launch_path(folder, mounted[i]);

		if (path)
			(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		auto_free char *path = launch_path(folder, files[i]);

		if (path)
			(void)unlink(path);
	}
	r = groups_remove(folder, cgroup, e);
	helpers_remove(cgroup);
	if (r == 0)
		(void)unlink(groups);
	return r;
}

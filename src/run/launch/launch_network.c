/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/launch_network.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/launch/join.h"
#include "run/launch/namespaces.h"

char *launch_path(const char *folder, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* The namespaces that are made before the runtime, and what serves the network in them. */
int launch_network(const struct launch *l, char **ret_netns, struct pasta *ret, struct err *e)
{
	auto_free char *netns = launch_path(l->folder, LAUNCH_NETNS);
	auto_free char *userns = launch_path(l->folder, LAUNCH_USERNS);
	auto_free char *pid_file = launch_path(l->folder, LAUNCH_PASTA_PID);
	const struct network_opts o = { .ports = l->ports };
	const struct namespaces_opts own = { l->id_base, l->network,
					     runtime_limits_outside(l->runtime), l->processes };
	int r;

	if (!netns || !userns || !pid_file)
		return FAIL_NOMEM(e);
	if (l->join)
		r = join_namespaces(l, userns, netns, e);
	else if (l->userns)
		r = namespaces_make(userns, l->host_network ? NULL : netns, &own, e);
	else
		r = network_make(netns, e);
	if (r == 0 && l->network)
		r = network_start(netns, &o, pid_file, ret, e);
	if (!l->host_network)
		*ret_netns = TAKE(netns);
	return r;
}

/* Another process's network namespace by a file of our own: its /proc/PID has no meaning to a
 * runtime that lives in a process namespace of its own. */
int launch_network_of(const struct launch *l, char **ret_netns, struct err *e)
{
	auto_free char *file = launch_path(l->folder, LAUNCH_NETNS);
	auto_close int fd =
		file ? open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

	if (!file)
		return FAIL_NOMEM(e);
	if (fd < 0 || mount(l->netns, file, NULL, MS_BIND, NULL) < 0)
		return FAIL_SYS(e, "bind network namespace to '%s'", file);
	*ret_netns = TAKE(file);
	return 0;
}

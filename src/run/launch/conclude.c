/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/conclude.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/launch/launch_network.h"
#include "run/root/berth.h"

static void free_ports(const struct launch *l)
{
	auto_free char *netns = launch_path(l->folder, LAUNCH_NETNS);
	auto_free char *pid_file = launch_path(l->folder, LAUNCH_PASTA_PID);

	if (netns && pid_file)
		network_stop(netns, pid_file);
}

void conclude_leave(const struct launch *l, int report)
{
	const int keep[] = { report, l->folder_fd };
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (l->ports && l->ports->n)
		free_ports(l);
	if (l->binds)
		berth_close(l->folder);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	(void)setsid();
	(void)!chdir("/");
	for (int i = 0; null >= 0 && i < 3; i++)
		(void)dup2(null, i);
	proc_close_others(keep, 2);
	(void)TAKE_FD(null);
}

void conclude_rest(const struct launch *l, int report, pid_t runtime)
{
	struct pollfd p = { .fd = report, .events = 0 };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	while (runtime > 0 && waitpid(runtime, NULL, 0) < 0 && errno == EINTR)
		;
	l->conclude(l->arg);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/gate.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/launch/launch_network.h"
#include "run/network/closed.h"

int gate_close(int folder, struct err *e)
{
	auto_close int fd =
		openat(folder, GATE_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? FAIL_SYS(e, "make '" GATE_FILE "'") : 0;
}

bool gate_closed(int folder)
{
	return faccessat(folder, GATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Others may hold a copy of the other end for a moment longer than the one who decides lives. So
 * the signal that tells of his death counts, too. */
static int await_word(const struct gate *g, struct err *e)
{
	auto_close int signals = -1;
	struct pollfd p[2];
	sigset_t set;
	char word = 0;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return FAIL_SYS(e, "signalfd");
	p[0] = (struct pollfd){ .fd = g->go, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = signals, .events = POLLIN };
	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return FAIL_SYS(e, "poll");
	if (p[1].revents || recv(g->go, &word, 1, 0) != 1)
		return FAIL(e, E_SIGNAL, "interrupted");
	return 0;
}

static int open_gate(const struct gate *g, struct err *e)
{
	auto_free char *path = NULL;

	if (asprintf(&path, "%s/" GATE_FILE, g->folder) < 0)
		return FAIL_NOMEM(e);
	return unlink(path) < 0 && errno != ENOENT ? FAIL_SYS(e, "remove '%s'", path) : 0;
}

/* Before anything of the image's is executed. */
static int network_ready(struct gate *g, struct err *e)
{
	auto_free char *netns = launch_path(g->folder, LAUNCH_NETNS);
	auto_free char *pid_file = launch_path(g->folder, LAUNCH_PASTA_PID);
	int r = netns && pid_file ? network_started(&g->pasta, e) : FAIL_NOMEM(e);

	return r == 0 ? closed_attach(netns, pid_file, g->ports, e) : r;
}

int gate_pass(struct gate *g, struct err *e)
{
	int r = g->pasta.pid > 0 ? network_ready(g, e) : 0;

	if (r == 0 && g->go >= 0)
		r = await_word(g, e);
	return r == 0 && g->go >= 0 ? open_gate(g, e) : r;
}

void gate_abandon(struct gate *g)
{
	struct err ignored = ERR_INIT;

	if (g->pasta.pid > 0)
		(void)network_started(&g->pasta, &ignored);
}

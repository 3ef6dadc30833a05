/* SPDX-License-Identifier: Apache-2.0 */
/* podman's --sdnotify conmon: the service manager is told which process is the service's. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "cli/container/run_attempt.h"

int run_notify_check(const struct attempt *a, struct err *e)
{
	const char *mode = a->opts->sdnotify ?: "ignore";
	const bool known = strcmp(mode, "conmon") == 0;

	if (known && !a->opts->detach && !a->create_only && !a->again)
		return FAIL(e, E_USAGE, "--sdnotify conmon goes with --detach");
	if (known || strcmp(mode, "ignore") == 0)
		return 0;
	return err_hint(e,
			FAIL(e, E_USAGE,
			     "--sdnotify %.40s: the host's service manager is not to be reached "
			     "from a container",
			     mode),
			"--sdnotify conmon tells it of the start; plimsoll wait --condition "
			"healthy waits for more");
}

static int send_to(const char *path, const char *text, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const size_t n = strlen(path);

	if (fd < 0)
		return FAIL_SYS(e, "socket");
	if ((path[0] != '/' && path[0] != '@') || n >= sizeof(to.sun_path))
		return FAIL(e, E_USAGE, "NOTIFY_SOCKET '%.100s': want a path, or @ and a name",
			    path);
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return FAIL_SYS(e, "tell '%.100s'", path);
	return 0;
}

int run_notify(const struct state *state, const struct run_cli_opts *o, const char *manager,
	       const char *id, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	char text[64];
	int r;

	if (!manager || !*manager || strcmp(o->sdnotify ?: "ignore", "conmon") != 0)
		return 0;
	r = container_find(state, id, &found, e);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1", (int)found.monitor.pid);
	r = send_to(manager, text, e);
	return r < 0 ? WRAP(e, r, "--sdnotify conmon") : 0;
}

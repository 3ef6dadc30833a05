/* SPDX-License-Identifier: Apache-2.0 */
#include "run/denials/denials_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/container.h"
#include "run/launch/guard.h"

/* Its end is looked for; the guard says its last a moment after. */
enum { LOOK_MS = 200, LAST_MS = 300 };

int denials_watch(int folder, struct err *e)
{
	auto_close int notes =
		openat(folder, GUARD_NOTES, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	auto_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", notes);
	if (notes < 0 || watch < 0 || inotify_add_watch(watch, path, IN_MODIFY) < 0)
		return FAIL_SYS(e, "watch '" GUARD_NOTES "'");
	return TAKE_FD(watch);
}

void denials_watched(int watch)
{
	char events[4096];

	while (read(watch, events, sizeof(events)) > 0)
		;
}

int denials_await(const struct container *c, int watch, struct err *e)
{
	struct pollfd p = { .fd = watch, .events = POLLIN };
	int status, r = 0;

	while (r == 0) {
		const bool over =
			container_exit_status(c, &status, NULL) == 0 || !process_alive(&c->monitor);

		if (poll(&p, 1, over ? LAST_MS : LOOK_MS) > 0) {
			denials_watched(watch);
			return 1;
		}
		if (over)
			return 0;
		r = proc_interrupted(e);
	}
	return r;
}

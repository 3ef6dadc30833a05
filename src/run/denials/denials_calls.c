/* SPDX-License-Identifier: Apache-2.0 */
/* Of the system calls that are refused by name: which a profile can give, and what serves instead
 * of the others. */
#include <stddef.h>
#include <string.h>

#include "confine/syscalls.h"
#include "run/denials/denials.h"

#define MOUNTS                                                                                     \
	"have it mounted before it starts: -v, --mount or --tmpfs (an overlay or a network file "  \
	"system: by the host, then -v)"
#define CLOCK "the clock is the host's: set it there"
#define IO_URING "io_uring_setup, io_uring_enter, io_uring_register"
#define KEYS "add_key, keyctl, request_key"

/* Those that are in no row are given by a profile as they are. */
static const struct {
	const char *call;
	struct denial_advice advice;
} table[] = {
	{ "acct", { NULL, NULL, NULL } },
	{ "add_key", { KEYS, NULL, NULL } },
	{ "adjtimex", { NULL, NULL, CLOCK } },
	{ "bpf", { NULL, NULL, NULL } },
	{ "chroot", { "chroot", "--cap-add SYS_CHROOT", NULL } },
	{ "clock_adjtime", { NULL, NULL, CLOCK } },
	{ "clock_settime", { NULL, NULL, CLOCK } },
	{ "clone",
	  { NULL, NULL,
	    "run it without a sandbox of its own (browsers: --no-sandbox): the container is "
	    "one" } },
	{ "create_module", { NULL, NULL, NULL } },
	{ "delete_module", { NULL, NULL, "load and unload modules on the host" } },
	{ "fanotify_init", { NULL, NULL, "inotify is there" } },
	{ "fanotify_mark", { NULL, NULL, "inotify is there" } },
	{ "finit_module", { NULL, NULL, "load and unload modules on the host" } },
	{ "fsconfig", { NULL, NULL, MOUNTS } },
	{ "fsmount", { NULL, NULL, MOUNTS } },
	{ "fsopen", { NULL, NULL, MOUNTS } },
	{ "fspick", { NULL, NULL, MOUNTS } },
	{ "init_module", { NULL, NULL, "load and unload modules on the host" } },
	{ "io_uring_enter", { IO_URING, NULL, NULL } },
	{ "io_uring_register", { IO_URING, NULL, NULL } },
	{ "io_uring_setup", { IO_URING, NULL, NULL } },
	{ "ioperm", { NULL, NULL, NULL } },
	{ "iopl", { NULL, NULL, NULL } },
	{ "kexec_file_load", { NULL, NULL, NULL } },
	{ "kexec_load", { NULL, NULL, NULL } },
	{ "keyctl", { KEYS, NULL, NULL } },
	{ "lookup_dcookie", { NULL, NULL, NULL } },
	{ "mount", { NULL, NULL, MOUNTS } },
	{ "mount_setattr", { NULL, NULL, MOUNTS } },
	{ "move_mount", { NULL, NULL, MOUNTS } },
	{ "open_by_handle_at", { NULL, NULL, NULL } },
	{ "open_tree", { NULL, NULL, MOUNTS } },
	{ "perf_event_open", { NULL, NULL, "measure from the host" } },
	{ "pivot_root", { NULL, NULL, MOUNTS } },
	{ "quotactl", { NULL, NULL, "set quotas on the host" } },
	{ "reboot", { NULL, NULL, "end the container: plimsoll stop" } },
	{ "request_key", { KEYS, NULL, NULL } },
	{ "setdomainname", { NULL, NULL, NULL } },
	{ "sethostname", { NULL, NULL, "--hostname NAME gives it one" } },
	{ "setns", { NULL, NULL, NULL } },
	{ "settimeofday", { NULL, NULL, CLOCK } },
	{ "swapoff", { NULL, NULL, NULL } },
	{ "swapon", { NULL, NULL, NULL } },
	{ "syslog", { NULL, NULL, "read the kernel's log on the host" } },
	{ "umount2", { NULL, NULL, MOUNTS } },
	{ "unshare",
	  { NULL, NULL,
	    "run it without a sandbox of its own (browsers: --no-sandbox): the container is "
	    "one" } },
	{ "vhangup", { NULL, NULL, "start what is to run instead of getty or login" } },
};

struct denial_advice denial_advice_of(const char *call)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].call, call) == 0)
			return table[i].advice;
	for (const struct syscall_rule *s = syscalls_denied; s->name; s++)
		if (strcmp(s->name, call) == 0)
			return (struct denial_advice){ .profile = s->name };
	return (struct denial_advice){ NULL, NULL, NULL };
}

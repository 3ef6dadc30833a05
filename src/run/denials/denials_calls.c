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
#define PLACEMENT "get_mempolicy, mbind, move_pages, set_mempolicy"
#define KEYS "add_key, keyctl, request_key"

/* Those that are in no row are given by a profile as they are. */
static const struct {
	const char *call;
	struct denial_advice advice;
} table[] = {
	{ "acct", { NULL, NULL } },
	{ "add_key", { KEYS, NULL } },
	{ "adjtimex", { NULL, CLOCK } },
	{ "bpf", { NULL, NULL } },
	{ "chroot", { NULL, NULL } },
	{ "clock_adjtime", { NULL, CLOCK } },
	{ "clock_settime", { NULL, CLOCK } },
	{ "clone",
	  { NULL, "run it without a sandbox of its own (browsers: --no-sandbox): the container is "
		  "one" } },
	{ "create_module", { NULL, NULL } },
	{ "delete_module", { NULL, "load and unload modules on the host" } },
	{ "fanotify_init", { NULL, "inotify is there" } },
	{ "fanotify_mark", { NULL, "inotify is there" } },
	{ "finit_module", { NULL, "load and unload modules on the host" } },
	{ "fsconfig", { NULL, MOUNTS } },
	{ "fsmount", { NULL, MOUNTS } },
	{ "fsopen", { NULL, MOUNTS } },
	{ "fspick", { NULL, MOUNTS } },
	{ "get_mempolicy", { PLACEMENT, NULL } },
	{ "init_module", { NULL, "load and unload modules on the host" } },
	{ "io_uring_enter", { IO_URING, NULL } },
	{ "io_uring_register", { IO_URING, NULL } },
	{ "io_uring_setup", { IO_URING, NULL } },
	{ "ioperm", { NULL, NULL } },
	{ "iopl", { NULL, NULL } },
	{ "kexec_file_load", { NULL, NULL } },
	{ "kexec_load", { NULL, NULL } },
	{ "keyctl", { KEYS, NULL } },
	{ "lookup_dcookie", { NULL, NULL } },
	{ "mbind", { PLACEMENT, NULL } },
	{ "mount", { NULL, MOUNTS } },
	{ "mount_setattr", { NULL, MOUNTS } },
	{ "move_mount", { NULL, MOUNTS } },
	{ "move_pages", { PLACEMENT, NULL } },
	{ "open_by_handle_at", { NULL, NULL } },
	{ "open_tree", { NULL, MOUNTS } },
	{ "perf_event_open", { NULL, "measure from the host" } },
	{ "pivot_root", { NULL, MOUNTS } },
	{ "quotactl", { NULL, "set quotas on the host" } },
	{ "reboot", { NULL, "end the container: plimsoll stop" } },
	{ "request_key", { KEYS, NULL } },
	{ "set_mempolicy", { PLACEMENT, NULL } },
	{ "setdomainname", { NULL, NULL } },
	{ "sethostname", { NULL, "--hostname NAME gives it one" } },
	{ "setns", { NULL, NULL } },
	{ "settimeofday", { NULL, CLOCK } },
	{ "swapoff", { NULL, NULL } },
	{ "swapon", { NULL, NULL } },
	{ "syslog", { NULL, "read the kernel's log on the host" } },
	{ "umount2", { NULL, MOUNTS } },
	{ "unshare",
	  { NULL, "run it without a sandbox of its own (browsers: --no-sandbox): the container is "
		  "one" } },
	{ "vhangup", { NULL, "start what is to run instead of getty or login" } },
};

struct denial_advice denial_advice_of(const char *call)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].call, call) == 0)
			return table[i].advice;
	for (const struct syscall_rule *s = syscalls_denied; s->name; s++)
		if (strcmp(s->name, call) == 0)
			return (struct denial_advice){ s->name, NULL };
	return (struct denial_advice){ NULL, NULL };
}

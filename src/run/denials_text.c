/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "confine/syscalls.h"
#include "run/denials.h"

#define CALL_NAME 64

static const char *call_name(const struct denial *d, char ret[static CALL_NAME])
{
	char *name = d->nr < 0 ? NULL : seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, d->nr);

	(void)snprintf(ret, CALL_NAME, "%s", name ?: "?");
	free(name);
	return ret;
}

static bool is_call(const struct denial *d, const char *name)
{
	char own[CALL_NAME];

	return strcmp(call_name(d, own), name) == 0;
}

static const char *family_name(uint64_t family)
{
	static const struct {
		uint64_t family;
		const char *name;
	} table[] = {
		{ AF_INET, "AF_INET" },		 { AF_INET6, "AF_INET6" }, { AF_ALG, "AF_ALG" },
		{ AF_PACKET, "AF_PACKET" },	 { AF_VSOCK, "AF_VSOCK" }, { AF_KEY, "AF_KEY" },
		{ AF_BLUETOOTH, "AF_BLUETOOTH" }
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].family == family)
			return table[i].name;
	return "?";
}

/* A raw socket of the families that are given: what is missing is the capability. */
static bool raw_socket(const struct denial *d)
{
	return d->rule == DENIAL_SECCOMP && is_call(d, "socket") &&
	       (d->a0 == AF_INET || d->a0 == AF_INET6);
}

void denial_what(const struct denial *d, struct buf *ret)
{
	char name[CALL_NAME];

	(void)call_name(d, name);
	switch (d->rule) {
	case DENIAL_MEMORY: buf_puts(ret, "a process was killed for memory"); return;
	case DENIAL_PIDS: buf_puts(ret, "a process or thread could not be made"); return;
	case DENIAL_OTHERS: buf_puts(ret, "more than is kept"); return;
	case DENIAL_SECCOMP:
		if (is_call(d, "socket"))
			buf_printf(ret, "socket(%s%s)", family_name(d->a0),
				   d->a1 == SOCK_RAW ? ", SOCK_RAW" : "");
		else if (is_call(d, "ioctl"))
			buf_printf(ret, "ioctl(%s)", d->a1 == TIOCSTI ? "TIOCSTI" : "TIOCLINUX");
		else if (is_call(d, "clone"))
			buf_puts(ret, "clone(CLONE_NEW...)");
		else if (is_call(d, "memfd_create"))
			buf_puts(ret, "memfd_create(MFD_EXEC)");
		else
			buf_printf(ret, "%s()", name);
		return;
	case DENIAL_READONLY:
	case DENIAL_NOEXEC:
	case DENIAL_CAPABILITY: break;
	}
	buf_puts(ret, name);
	if (*d->path)
		buf_printf(ret, " %s", d->path);
	else
		buf_puts(ret, "()");
}

static const char *table_why(const char *name)
{
	for (const struct syscall_rule *s = syscalls_denied; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s->why;
	return NULL;
}

static const char *seccomp_why(const char *name)
{
	if (strcmp(name, "socket") == 0)
		return "only unix, inet, inet6 and netlink route sockets are given";
	if (strcmp(name, "ioctl") == 0)
		return "types into a terminal";
	if (strcmp(name, "clone") == 0)
		return "makes namespaces";
	if (strcmp(name, "memfd_create") == 0)
		return "memory that can be executed as a program";
	return table_why(name) ?: "";
}

static void put_cap(unsigned cap, const char *before, struct buf *ret)
{
	const char *name = cap_name(cap);

	buf_printf(ret, "%s%s", before, name ? name + strlen("CAP_") : "?");
}

void denial_why(const struct denial *d, struct buf *ret)
{
	char name[CALL_NAME];

	switch (d->rule) {
	case DENIAL_SECCOMP:
		if (raw_socket(d)) {
			buf_puts(ret, "the capability NET_RAW is missing");
			return;
		}
		(void)call_name(d, name);
		buf_printf(ret, "the system call list: %s", seccomp_why(name));
		return;
	case DENIAL_READONLY: buf_puts(ret, "this is read-only"); return;
	case DENIAL_NOEXEC: buf_puts(ret, "nothing is executed from there (noexec)"); return;
	case DENIAL_CAPABILITY:
		put_cap(d->cap, "the capability ", ret);
		buf_puts(ret, " is missing");
		return;
	case DENIAL_MEMORY: buf_puts(ret, "all of its memory was used"); return;
	case DENIAL_PIDS: buf_puts(ret, "there were as many as the limit allows"); return;
	case DENIAL_OTHERS: buf_puts(ret, "the list of refusals is full"); return;
	}
}

/* The folder in which something was to be changed. */
static void put_folder(const char *path, struct buf *ret)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		buf_puts(ret, path);
	else
		buf_printf(ret, "%.*s", (int)(slash - path), path);
}

static void seccomp_remedy(const struct denial *d, struct buf *ret)
{
	char name[CALL_NAME];

	(void)call_name(d, name);
	if (raw_socket(d))
		buf_puts(ret, "--cap-add NET_RAW");
	else if (table_why(name))
		buf_printf(ret, "profile: syscalls: [%s]", name);
}

static bool beneath(const char *path, const char *const *folders)
{
	for (; *folders; folders++) {
		const size_t n = strlen(*folders);

		if (strncmp(path, *folders, n) == 0 && (path[n] == '/' || !path[n]))
			return true;
	}
	return false;
}

/* A folder in memory, unless that would hide what the image has there. */
static void readonly_remedy(const char *path, struct buf *ret)
{
	static const char *const never[] = { "/proc", "/sys", NULL };
	static const char *const programs[] = { "/bin", "/boot", "/etc", "/lib", "/lib64",
						"/opt", "/sbin", "/usr", NULL };
	const bool top = strrchr(path, '/') == path;

	if (beneath(path, never))
		return;
	if (top || beneath(path, programs)) {
		buf_puts(ret, "--read-only=false");
		return;
	}
	buf_puts(ret, "--tmpfs ");
	put_folder(path, ret);
	buf_puts(ret, ", or -v NAME:");
	put_folder(path, ret);
}

void denial_remedy(const struct denials *all, const struct denial *d, struct buf *ret)
{
	(void)all;
	switch (d->rule) {
	case DENIAL_SECCOMP: seccomp_remedy(d, ret); return;
	case DENIAL_READONLY: readonly_remedy(d->path, ret); return;
	case DENIAL_NOEXEC:
		if (strncmp(d->path, "/dev/", 5) == 0 || strncmp(d->path, "/proc/", 6) == 0)
			return;
		buf_puts(ret, "--tmpfs ");
		put_folder(d->path, ret);
		buf_puts(ret, ":exec");
		return;
	case DENIAL_CAPABILITY: put_cap(d->cap, "--cap-add ", ret); return;
	case DENIAL_MEMORY: buf_puts(ret, "--memory"); return;
	case DENIAL_PIDS: buf_puts(ret, "--pids-limit"); return;
	case DENIAL_OTHERS: return;
	}
}

bool denial_usual(const struct denial *d)
{
	/* Asked for by run-times and libraries to see whether they may; all have another way. */
	static const char *const calls[] = {
		"io_uring_setup",    "get_mempolicy", "set_mempolicy",	 "mbind",
		"name_to_handle_at", "kcmp",	      "process_madvise", "move_pages",
		"perf_event_open",   "userfaultfd",   "adjtimex",	 "clock_adjtime",
	};
	static const char *const parts[] = { "/__pycache__", "_history", "/.cache/", "/.lesshst" };

	for (size_t i = 0; d->rule == DENIAL_SECCOMP && i < sizeof(calls) / sizeof(*calls); i++)
		if (is_call(d, calls[i]))
			return true;
	for (size_t i = 0; d->rule == DENIAL_READONLY && i < sizeof(parts) / sizeof(*parts); i++)
		if (strstr(d->path, parts[i]))
			return true;
	return false;
}

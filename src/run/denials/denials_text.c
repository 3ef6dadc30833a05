/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "confine/syscalls.h"
#include "run/denials/denials.h"

const char *denial_call(const struct denial *d, char ret[static DENIAL_CALL])
{
	char *name = d->nr < 0 ? NULL : seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, d->nr);

	(void)snprintf(ret, DENIAL_CALL, "%s", name ?: "?");
	free(name);
	return ret;
}

static bool is_call(const struct denial *d, const char *name)
{
	char own[DENIAL_CALL];

	return strcmp(denial_call(d, own), name) == 0;
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

static const char *const limits[] = { "cpu",	  "fsize", "data",   "stack",
				      "core",	  "rss",   "nproc",  "nofile",
				      "memlock",  "as",	   "locks",  "sigpending",
				      "msgqueue", "nice",  "rtprio", "rttime" };

const char *denial_limit_name(const struct denial *d)
{
	return d->a0 < sizeof(limits) / sizeof(*limits) ? limits[d->a0] : NULL;
}

static void put_size(uint64_t bytes, struct buf *ret)
{
	if (bytes >= 1 << 20)
		buf_printf(ret, "%llu MiB", (unsigned long long)(bytes >> 20));
	else
		buf_printf(ret, "%llu KiB", (unsigned long long)(bytes >> 10));
}

static void seccomp_what(const struct denial *d, const char *name, struct buf *ret)
{
	if (is_call(d, "socket"))
		buf_printf(ret, "socket(%s%s)", family_name(d->a0),
			   d->a1 == SOCK_RAW ? ", SOCK_RAW" : "");
	else if (is_call(d, "ioctl"))
		buf_printf(ret, "ioctl(%s)",
			   d->a1 == TIOCSTI    ? "TIOCSTI"
			   : d->a1 == TIOCSETD ? "TIOCSETD"
					       : "TIOCLINUX");
	else if (is_call(d, "clone"))
		buf_puts(ret, "clone(CLONE_NEW...)");
	else if (is_call(d, "memfd_create"))
		buf_puts(ret, "memfd_create(MFD_EXEC)");
	else
		buf_printf(ret, "%s()", name);
}

void denial_what(const struct denial *d, struct buf *ret)
{
	char name[DENIAL_CALL];

	(void)denial_call(d, name);
	switch (d->rule) {
	case DENIAL_MEMORY:
		buf_printf(ret, "%s was killed for memory", *d->path ? d->path : "a process");
		return;
	case DENIAL_PIDS: buf_puts(ret, "a process or thread could not be made"); return;
	case DENIAL_OTHERS: buf_puts(ret, "more than is kept"); return;
	case DENIAL_SECCOMP: seccomp_what(d, name, ret); return;
	case DENIAL_SPACE:
	case DENIAL_INODES: buf_printf(ret, "writing to %s", d->path); return;
	case DENIAL_APPARMOR:
		buf_puts(ret, d->apparmor && *d->apparmor->what ? d->apparmor->what : "something");
		return;
	case DENIAL_FILES:
		buf_printf(ret, "opening files or connections in %s", *d->path ? d->path : "?");
		return;
	case DENIAL_RLIMIT:
		if (d->a0 == RLIMIT_MEMLOCK && starts_with(name, "mlock")) {
			buf_printf(ret, "%s: memory that is never swapped", name);
			return;
		}
		buf_printf(ret, "%s: raising the limit %s to ", name, denial_limit_name(d) ?: "?");
		if (d->a1 >= INT64_MAX)
			buf_puts(ret, "no limit");
		else
			buf_printf(ret, "%llu", (unsigned long long)d->a1);
		return;
	case DENIAL_READONLY:
	case DENIAL_NOEXEC:
	case DENIAL_CAPABILITY:
	case DENIAL_LANDLOCK:
	case DENIAL_PORT:
	case DENIAL_NETWORK:
	case DENIAL_ID:
	case DENIAL_UNMADE:
	case DENIAL_SETID: break;
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

static const char *seccomp_why(const struct denial *d, const char *name)
{
	if (strcmp(name, "socket") == 0 && d->a0 == AF_NETLINK && d->error == ENOBUFS)
		return "there are 1024 netlink sockets already";
	if (strcmp(name, "io_setup") == 0)
		return "the host's asynchronous requests (fs.aio-max-nr) are not for one alone";
	if (strcmp(name, "socket") == 0)
		return "only unix, inet, inet6 and netlink route sockets are given";
	if (strcmp(name, "ioctl") == 0)
		return d->a1 == TIOCSETD ? "gives a terminal another driver"
					 : "types into a terminal";
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
	char name[DENIAL_CALL];

	switch (d->rule) {
	case DENIAL_SECCOMP:
		if (raw_socket(d)) {
			buf_puts(ret, "the capability NET_RAW is missing");
			return;
		}
		(void)denial_call(d, name);
		buf_printf(ret, "the system call list: %s", seccomp_why(d, name));
		return;
	case DENIAL_READONLY: buf_puts(ret, "this is read-only"); return;
	case DENIAL_NOEXEC: buf_puts(ret, "nothing is executed from there (noexec)"); return;
	case DENIAL_CAPABILITY:
		put_cap(d->cap, "the capability ", ret);
		buf_puts(ret, " is missing");
		return;
	case DENIAL_MEMORY:
		buf_puts(ret, "all of its memory was used");
		if (d->a0 && d->a0 < UINT64_MAX / 4) {
			buf_puts(ret, ", the limit is ");
			put_size(d->a0, ret);
		}
		return;
	case DENIAL_PIDS:
		buf_puts(ret, "there were as many as the limit allows");
		if (d->a0)
			buf_printf(ret, ", %llu", (unsigned long long)d->a0);
		return;
	case DENIAL_OTHERS: buf_puts(ret, "the list of refusals is full"); return;
	case DENIAL_SPACE:
		buf_puts(ret, d->a1 ? "there was not so much room in its "
				    : "it was full, its size is ");
		put_size(d->a0, ret);
		return;
	case DENIAL_INODES:
		buf_printf(ret, "it had as many files as it may, %llu", (unsigned long long)d->a0);
		return;
	case DENIAL_FILES:
		buf_printf(ret, "it had as many as the limit allows, %llu",
			   (unsigned long long)d->a0);
		return;
	case DENIAL_RLIMIT:
		(void)denial_call(d, name);
		buf_puts(ret, starts_with(name, "mlock") ? "it is more than the limit memlock"
							 : "limits are raised only at the start");
		return;
	case DENIAL_PORT:
		buf_printf(ret, "the profile does not name TCP port %llu",
			   (unsigned long long)d->a0);
		return;
	case DENIAL_NETWORK: buf_puts(ret, "there is no network (--network none)"); return;
	case DENIAL_ID:
		buf_printf(ret, "the container has no user or group %llu",
			   (unsigned long long)d->a0);
		return;
	case DENIAL_LANDLOCK: buf_puts(ret, "nothing is added to that folder (Landlock)"); return;
	case DENIAL_APPARMOR:
		buf_printf(ret, "the AppArmor profile %s",
			   d->apparmor && *d->apparmor->profile ? d->apparmor->profile : "?");
		if (d->apparmor && *d->apparmor->mask && *d->path)
			buf_printf(ret, " (%s)", d->apparmor->mask);
		if (d->apparmor && d->apparmor->shared)
			buf_puts(ret, "; all containers under it, of which the kernel's log does "
				      "not say one");
		return;
	case DENIAL_UNMADE:
		buf_puts(ret,
			 "its folder is not there, which elsewhere the system makes at its start");
		return;
	case DENIAL_SETID:
		buf_puts(ret, "it runs without the rights of its owner (no new privileges)");
		return;
	}
}

/* Whether it may, and to keep what it may have: many ask before they know that they want to. */
static bool only_asked(const struct denial *d)
{
	return is_call(d, "capset") || is_call(d, "access") || is_call(d, "faccessat") ||
	       is_call(d, "faccessat2");
}

bool denial_usual(const struct denial *d)
{
	/* Asked for by run-times and libraries to see whether they may; all have another way. */
	static const char *const calls[] = {
		"io_uring_setup",    "get_mempolicy", "set_mempolicy",	 "mbind",
		"name_to_handle_at", "kcmp",	      "process_madvise", "move_pages",
		"perf_event_open",   "userfaultfd",   "adjtimex",	 "clock_adjtime",
	};
	static const char *const parts[] = { "/__pycache__",	"_history", "/.cache/", "/.lesshst",
					     "coredump_filter", "/oom_",    "/comm" };

	/* They go on with what they have; a program that does not has failed. */
	if (d->rule == DENIAL_RLIMIT || d->rule == DENIAL_SETID || d->rule == DENIAL_UNMADE)
		return true;
	if (only_asked(d))
		return true;
	if (d->rule == DENIAL_APPARMOR && d->apparmor && d->apparmor->shared)
		return true;
	for (size_t i = 0; d->rule == DENIAL_SECCOMP && i < sizeof(calls) / sizeof(*calls); i++)
		if (is_call(d, calls[i]))
			return true;
	for (size_t i = 0; d->rule == DENIAL_READONLY && i < sizeof(parts) / sizeof(*parts); i++)
		if (strstr(d->path, parts[i]))
			return true;
	return false;
}

const char *denials_status(int status)
{
	switch (status - 128) {
	case SIGKILL:
		return "killed (SIGKILL) from outside, not for its memory limit: by stop or kill, "
		       "or "
		       "by the host";
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
		return "ended by a fault of its own; what it was refused before, run --explain "
		       "tells";
	case SIGSYS:
		return "ended by SIGSYS: a system call of a foreign architecture (32-bit, x32), "
		       "which "
		       "nothing allows, or a filter that the program made itself";
	default: return NULL;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/apparmor.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"

/* What stands in every profile. Denials that other rules must not undo are written as such, and
 * logged (audit); what no rule allows is denied and logged by itself. */
static const char within[] =
	"\t# Signals go to the container's own processes, and come from those or from who started "
	"it.\n"
	"\tsignal (send, receive) peer=@{profile_name},\n"
	"\tsignal (receive) peer=unconfined,\n"
	"\tsignal (receive) peer={plimsoll,conmon,crun,runc},\n\n"
	"\t# The socket families of the system call list.\n"
	"\tnetwork unix,\n"
	"\tnetwork inet stream,\n"
	"\tnetwork inet dgram,\n"
	"\tnetwork inet6 stream,\n"
	"\tnetwork inet6 dgram,\n"
	"\tnetwork netlink raw,\n"
	"\tnetwork netlink dgram,\n";

static const char no_mounts[] = "\taudit deny mount,\n"
				"\taudit deny remount,\n"
				"\taudit deny umount,\n"
				"\taudit deny pivot_root,\n";

static const char seen[] = "\t# What tools as ps and top read of other processes.\n"
			   "\tptrace (read, readby) peer=@{profile_name},\n";

/* A forced write into memory that is mapped for reading only goes by one of these two (Dirty COW,
 * CVE-2016-5195): only both together stop it. process_vm_writev(2) counts as tracing. */
static const char no_trace[] = "\taudit deny ptrace (trace, tracedby),\n";
static const char no_mem[] = "\taudit deny /proc/*/{,task/*/}mem wl,\n";

static bool has_option(const char *options, const char *option)
{
	struct str rest = str_of(options), word;

	while (str_cut(&rest, ',', &word))
		if (str_eqz(word, option))
			return true;
	return false;
}

static bool has_syscall(const struct profile *p, const char *name)
{
	for (const char *const *s = p->syscalls; s && *s; s++)
		if (strcmp(*s, name) == 0)
			return true;
	return false;
}

/* A path as a pattern that matches it. What could mean something to the parser becomes "?", any
 * one byte: a path of the user's choice adds no rule. Without a "/" at the end. */
static void put_path(const char *path, struct buf *b)
{
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] == '/')
		n--;
	for (size_t i = 0; i < n; i++) {
		const bool plain =
			isalnum((unsigned char)path[i]) || (path[i] && strchr("/._-+", path[i]));

		buf_putc(b, plain ? path[i] : '?');
	}
}

/* /dev holds devices and the shim: written to and not executed, but for that. */
static void put_dev(struct buf *b)
{
	buf_puts(b, "\t/dev/** rw,\n"
		    "\taudit deny /dev/{[^s],s[^h],sh[^i],shm/}** x,\n");
}

/* In /proc nothing is written, or, where the profile lets it be writable, what is of processes. */
static void put_proc(const char *options, struct buf *b)
{
	if (has_option(options, "ro")) {
		buf_puts(b, "\taudit deny /proc/** wl,\n");
		return;
	}
	buf_puts(b, "\t/proc/[0-9]*/** rw,\n"
		    "\taudit deny /proc/[^0-9]** wl,\n");
}

static void put_mount(const char *target, const char *type, const char *options, struct buf *b)
{
	if (strcmp(type, "proc") == 0)
		put_proc(options, b);
	if (strcmp(target, "/dev") == 0) {
		put_dev(b);
		return;
	}
	if (has_option(options, "noexec")) {
		buf_puts(b, "\taudit deny ");
		put_path(target, b);
		buf_puts(b, "/** x,\n");
	}
	if (strcmp(type, "proc") == 0 || has_option(options, "ro"))
		return;
	buf_putc(b, '\t');
	put_path(target, b);
	buf_puts(b, "{,/**} rwlk,\n");
}

/* Of what is masked, the folders: should the mask fail, nothing in them is read. */
static void put_masked(const struct profile *p, struct buf *b)
{
	buf_puts(b, "\n\t# Masked: if a mask failed, this would hold.\n"
		    "\taudit deny /proc/kcore rwlkmx,\n");
	for (const char *const *m = p->masked; *m; m++) {
		if (strncmp(*m, "/sys/", 5) != 0)
			continue;
		buf_puts(b, "\taudit deny ");
		put_path(*m, b);
		buf_puts(b, "/** rwlkmx,\n");
	}
}

static void put_files(const struct spec *s, struct buf *b)
{
	buf_puts(b, "\n\t# Every file may be read, and executed where it cannot be written.\n"
		    "\t/ r,\n"
		    "\t/** rkmix,\n");
	if (!s->root_readonly)
		buf_puts(b, "\t/** wl,\n");
	for (const struct profile_mount *m = s->profile->mounts; m->target; m++)
		put_mount(m->target, m->type, m->options, b);
	for (size_t i = 0; i < s->mounts_n; i++)
		put_mount(s->mounts[i].target, s->mounts[i].type, s->mounts[i].options, b);
	/* Message queues have no folder in the kernel's eyes; the root's own files are read-only.
	 */
	buf_puts(b, "\t/* rw,\n"
		    "\taudit deny /sys/** wl,\n");
	buf_puts(b, no_mem);
}

static void put_caps(const struct spec *s, struct buf *b)
{
	for (unsigned i = 0; cap_name(i); i++) {
		if (!(s->caps & (1ULL << i)))
			continue;
		buf_puts(b, "\tcapability ");
		for (const char *c = cap_name(i) + 4; *c; c++)
			buf_putc(b, (char)tolower((unsigned char)*c));
		buf_puts(b, ",\n");
		if (strcmp(cap_name(i), "CAP_NET_RAW") == 0)
			buf_puts(b, "\tnetwork inet raw,\n\tnetwork inet6 raw,\n");
	}
}

/* What stands between the braces: all that the name is made of. */
static void put_body(const struct spec *s, const struct apparmor_kernel *k, struct buf *b)
{
	const struct profile *p = s->profile;

	buf_puts(b, within);
	put_caps(s, b);
	if (k->abi4)
		buf_puts(b, "\tmqueue,\n\taudit deny userns,\n");
	buf_puts(b, "\n");
	buf_puts(b, seen);
	buf_puts(b, has_syscall(p, "ptrace") ? "\tptrace (trace, tracedby) peer=@{profile_name},\n"
					     : no_trace);
	buf_puts(b, has_syscall(p, "mount") ? "\tmount,\n\tremount,\n\tumount,\n" : no_mounts);
	put_files(s, b);
	put_masked(p, b);
}

int apparmor_text(const struct spec *s, const struct apparmor_kernel *k, struct buf *ret,
		  char ret_name[static APPARMOR_NAME + 1], struct err *e)
{
	auto_buf body = BUF_INIT(LIMIT_APPARMOR_TEXT);
	struct digest d;
	int r;

	put_body(s, k, &body);
	r = buf_check(&body, "AppArmor profile", e);
	if (r < 0)
		return r;
	digest_of(buf_str(&body), body.n, &d);
	(void)snprintf(ret_name, APPARMOR_NAME + 1, APPARMOR_PREFIX "%.24s", digest_hex(&d));
	buf_printf(ret,
		   "# Made by plimsoll from its table of what a container may do. The name is the "
		   "digest of the rules.\n"
		   "abi <abi/%s>,\n\n"
		   "profile %s flags=(attach_disconnected,mediate_deleted) {\n",
		   k->abi4 ? "4.0" : "3.0", ret_name);
	buf_puts(ret, buf_str(&body));
	buf_puts(ret, "}\n");
	return buf_check(ret, "AppArmor profile", e);
}

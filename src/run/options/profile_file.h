/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"
#include "confine/profile.h"

/* clang-format off */
/*
 * A profile as a file: what one service needs beyond the default, or does without. YAML; these are
 * all the keys, each may be left out, and another one is an error:
 *
 *     name: nginx
 *     capabilities: [service]       # names, and the named set
 *     syscalls: [ptrace]            # of those that are refused
 *     write: [/var/lib/nginx, "/var/cache/nginx:size=256m"]   # folders in memory, as the image has them
 *     exec: [/tmp]                  # what can be written there can be executed
 *     bind: [80, 443]               # TCP ports; nothing else can be listened on
 *     connect: [5432]               # and nothing else connected to; [] is nothing
 *     limits: {memory: 256m, pids: 64, cpus: 0.5, nofile: 1024, disk: 2g}
 *     read-only: true               # the root
 *     proc: read-only               # or writable
 *     seccomp: on                   # off: every system call
 *     landlock: on
 *     apparmor: on
 *
 * What takes a protection away (proc: writable, and the three that can be off) needs policy:
 * profile_file_needs().
 */
/* clang-format on */
enum { LIMIT_PROFILE = 64 * 1024, LIMIT_PROFILE_ENTRIES = 256 };

struct profile_file {
	struct profile p; /* the default one with the changes; points into the rest */
	bool writable;	  /* read-only: false */
	uint64_t cpu_milli, memory, pids, disk; /* 0: the default's */
	char *name;
	struct strv caps;  /* as --cap-add has them */
	struct strv write; /* "PATH[:OPTIONS]", as --tmpfs has them */
	struct strv syscalls, exec;
	uint16_t *bind, *connect;
	struct profile_mount *mounts;
	struct strv options; /* of mounts */
};

/* E_FORMAT with file and key. ret is to be freed, and its address must stay. */
int profile_file_parse(const char *text, size_t n, const char *what, struct profile_file *ret,
		       struct err *e);
int profile_file_read(const char *path, struct profile_file *ret, struct err *e);
void profile_file_free(struct profile_file *f);
static inline void profile_file_release(struct profile_file *f)
{
	profile_file_free(f);
}
#define auto_profile_file __attribute__((cleanup(profile_file_release))) struct profile_file

/* The words of run/options/allow.h that policy must allow for it: "profile:seccomp-off" and so on,
 * NULL at the end. ret: room for PROFILE_NEEDS. */
enum { PROFILE_NEEDS = 8 };
void profile_file_needs(const struct profile_file *f, const char *ret[static PROFILE_NEEDS]);

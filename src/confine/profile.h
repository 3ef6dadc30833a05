/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * What a container may do, as tables that a person can read top to bottom. profile.c holds what the
 * kernel is asked to mount, mask and limit; syscalls.c the system calls. spec.c turns a profile
 * into an OCI runtime configuration; nothing is decided there.
 */
struct profile_cap {
	const char *name; /* "CAP_CHOWN" */
	const char *why;
};

struct profile_mount {
	const char *target, *type, *source;
	const char *options; /* comma-separated */
	const char *why;
};

struct profile_limits {
	uint64_t memory;    /* bytes; swap is never added to it */
	uint64_t pids;	    /* processes and threads */
	uint64_t cpu_milli; /* thousandths of a core; 0: no quota */
	uint64_t nofile;    /* open files, capped at what the host gave us */
	uint64_t disk;	    /* bytes of a writable root with anonymous volumes; 0: the disk's */
	uint64_t signals;   /* queued, and timers, of one user; capped like it. 0: the host's */
};

/* TCP ports of one kind. Not restricted: every one. */
struct profile_ports {
	bool restricted;
	const uint16_t *v;
	size_t n;
};

struct profile {
	const char *name;
	const struct profile_cap *caps; /* ends with a NULL name */
	const struct profile_mount *mounts;
	const char *const *masked;   /* paths that read as empty; ends with NULL */
	const char *const *readonly; /* paths that cannot be written; ends with NULL */
	struct profile_limits limits;
	struct profile_ports bind, connect;
	const char *const *syscalls; /* of syscalls_denied, allowed all the same; may be NULL */
	/* Protections that are off. Policy has to allow each. */
	bool no_seccomp, no_landlock, no_apparmor, no_selinux;
	const char *apparmor; /* a loaded profile of AppArmor's instead of ours; NULL: ours */
	bool new_privileges;  /* setuid programs work; not with Landlock, which rules them out */
	bool all_caps;	      /* every one that who starts it has */
	bool host_devices;    /* the host's, all of them */
	bool proc_writable;   /* /proc/PID/mem can be written, as far as the rest lets it */
	bool root_readonly;
};

/* Containers: no capabilities, read-only root. */
extern const struct profile profile_default;
/* --privileged: every capability and device, nothing filtered or masked. What is left are
 * namespaces and limits. */
extern const struct profile profile_privileged;
/* RUN steps of a build: what dpkg, apt and tar need, writable root. */
extern const struct profile profile_build;

/* The named set "service": what a service started as root needs to drop to its own user. */
extern const struct profile_cap profile_service_caps[];

/* A set of capabilities, bit N is capability number N (capabilities(7)). */
uint64_t caps_of(const struct profile_cap *table);
/* "CHOWN", "cap_chown" or "CAP_CHOWN" to its number; E_USAGE when there is no such capability. */
int cap_parse(const char *name, unsigned *ret, struct err *e);
const char *cap_name(unsigned number); /* "CAP_CHOWN"; NULL when unknown */

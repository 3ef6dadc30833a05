/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/json.h"
#include "base/str.h"
#include "confine/profile.h"
#include "confine/user.h"

/*
 * An OCI runtime configuration (runtime-spec 1.0, config.md and config-linux.md) from a profile and
 * what is asked of one container. Pure: no file is read and nothing is decided but by the tables.
 */
struct spec_mount {
	const char *target, *type, *source;
	const char *options; /* comma-separated */
};

struct spec_rlimit {
	const char *type; /* "RLIMIT_FSIZE" */
	uint64_t soft, hard;
};

#define SPEC_HOST "host"
struct spec {
	const struct profile *profile;
	const char *root; /* absolute path of the prepared root filesystem */
	bool root_readonly;
	const char *hostname;
	const char *cgroup; /* "/plimsoll-<id>"; NULL: none, and no limits but nofile */
	uint32_t ids;	    /* how many ids its user namespace has; 0: all there are */
	const char *userns; /* file of its user namespace; NULL: that of the runtime */
	uint32_t id_base;   /* id 0 of it, as the runtime sees it */
	/* Files of namespaces that it joins; NULL: a fresh one (of the network an empty one);
	 * SPEC_HOST: that of the runtime. */
	const char *netns, *pidns, *ipcns, *utsns;
	bool network_shared; /* netns is not its own: its settings stay as they are */
	const char *shm;     /* a folder shown as /dev/shm, where ipcns is not its own */
	bool no_mqueue;	     /* there is none to be shown, where ipcns is the host's */
	bool no_network;     /* nothing but loopback will be in it */
	bool cgroup_ns;	     /* there are groups, and we make one */
	const char *const *argv, *const *env; /* end with NULL */
	const char *cwd;
	const struct user *user;
	bool shim;	    /* is mounted at SHIM_PATH (shim.h), and comes first */
	const char *filter; /* a filter that the shim puts on the command besides ours
			       (seccomp_file.h); or NULL */
	bool init; /* and stays; then it is mounted without shim, too, and restricts nothing */
	bool held; /* an AppArmor profile will be on it: as for init, since exec takes it by that */
	bool gated;	   /* and waits for a byte on descriptor 3 before it executes the command */
	const char *guard; /* its socket (syscalls.h, struct seccomp_guard); NULL: there is none */
	bool look;	   /* it also looks at what others than the filter refuse */
	bool look_reads;   /* and at what is opened to be read */
	bool new_privileges; /* setuid programs work; not with the shim, which rules them out */
	bool terminal;
	unsigned short rows, columns; /* of the terminal; 0 is not known */
	uint64_t caps;
	struct profile_limits limits; /* nofile and signals already capped at our hard limits */
	const struct spec_rlimit *rlimits; /* beyond open files and core, or instead of them */
	size_t rlimits_n;
	const struct spec_mount *mounts; /* beyond the profile's; in this order, after them */
	size_t mounts_n;
};

/* The whole config.json. Owned. */
int spec_json(const struct spec *s, json_t **ret, struct err *e);
/* Its "process" member alone, for a further process in a running container. Owned. */
int spec_process_json(const struct spec *s, json_t **ret, struct err *e);

/* A process's "capabilities". Owned; NULL: out of memory. */
json_t *spec_caps_json(uint64_t caps);

/*
 * What to run, from an image's configuration (image-spec config.md, "config": Entrypoint, Cmd, Env,
 * WorkingDir, User, StopSignal) and the command line. exec may be NULL.
 */
enum { LIMIT_ARGS = 4096, LIMIT_ENV = 4096 };
#define LIMIT_ARG_BYTES ((size_t)1024 * 1024)

struct command_opts {
	const char *entrypoint;	 /* NULL: the image's; "" and "[]" clear it; a program, or a list in
				    JSON. Replacing it drops Cmd too */
	const char *const *args; /* instead of Cmd; NULL or empty: the image's */
	const struct strv *env;	 /* "K=V" set or replaced, "K" removed; may be NULL */
	const char *user, *workdir; /* NULL: the image's */
};
struct command_line {
	struct strv argv, env;
	char *cwd;	 /* absolute, "/" when nothing says otherwise */
	char *user;	 /* "user[:group]" as written; "" is root */
	int stop_signal; /* SIGTERM when nothing says otherwise */
};
int command_resolve(const json_t *exec, const struct command_opts *o, struct command_line *ret,
		    struct err *e);
void command_free(struct command_line *c);
static inline void command_release(struct command_line *c)
{
	command_free(c);
}
#define auto_command __attribute__((cleanup(command_release))) struct command_line

/* "SIGTERM", "TERM" or "15" to its number; E_USAGE when there is no such signal. */
int signal_parse(const char *name, int *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/runtime.h"
#include "run/machine.h"
#include "run/network/network.h"

/*
 * A supervisor: one forked process per container or build step that enters a private mount
 * namespace, makes the network, has the root prepared, starts the OCI runtime in there and cleans
 * up behind it. Nothing is ever mounted on the host, and when plimsoll itself is killed the
 * supervisor still ends the container and cleans up.
 *
 * The folder is the OCI bundle and holds all there is to know: config.json, pidfile (the
 * container's first process), exit (its status, once ended), oci.log and oci/ (the runtime's own
 * messages and state), netns, userns, pasta.pid.
 */
#define LAUNCH_NETNS "netns"
#define LAUNCH_USERNS "userns"
#define LAUNCH_CGROUPNS "cgroupns"
#define LAUNCH_PASTA_PID "pasta.pid"
struct join;
struct launch {
	const char *folder; /* absolute */
	const char *bundle; /* where config.json is; NULL: the folder */
	const char *id;
	const char *cgroup; /* "/plimsoll-<id>" */
	const struct machine *machine;
	const struct runtime *runtime;
	bool network; /* by pasta; else an empty network namespace */
	/* A user namespace of its own, in <folder>/userns, and its network namespace in
	 * <folder>/netns: namespaces.h. Not for build steps. */
	bool userns;
	uint32_t id_base;
	uint64_t processes;	 /* limit where no control group sets one: namespaces.h */
	bool host_network;	 /* no network namespace is made */
	const struct join *join; /* another container, whose namespaces it has (join.h); or NULL */
	bool guard;		 /* refused calls are answered by plimsoll-guard: guard.h */
	const char *netns;	 /* a namespace that has a network; NULL: made anew */
	const struct ports *ports; /* may be NULL */
	/* In the supervisor: mounts the root and writes config.json. netns is NULL when the runtime
	 * is to make an empty one. On failure *ret_status may become 126 or 127. */
	int (*prepare)(void *arg, const char *netns, int *ret_status, struct err *e);
	void (*finish)(void *arg); /* after the runtime ended; may be NULL */
	/* Of one in the foreground. Its end is reported first: then the supervisor has nothing of
	 * the caller's any more, waits until launch_release(), and has this clean up. NULL: it
	 * cleans up, then reports, as it does in any case when something failed. */
	void (*conclude)(void *arg);
	int folder_fd; /* of the folder: with this one alone */
	bool binds; /* it may see folders of the host's, which are free again when it is reported */
	void *arg;
	int in, out, err; /* the process's, as in struct proc */
	uint64_t timeout; /* in the foreground: seconds after which it is killed; 0: none */
	bool terminal; /* the runtime makes one and copies: these are its own, not the container's
			*/
	uint64_t
		log_max; /* in the foreground, what it prints is kept besides (output_log.h); 0: not
			  */
	bool own_session; /* out of reach of the terminal */
	/* Instead of running in the foreground: conmon's argv, which is started and left behind.
	 * The supervisor then ends as soon as the container runs. */
	const char *const *conmon;
	/* What follows its end, where conmon cannot do that itself (launch_nest.h); the id is
	 * added. May be NULL. */
	const char *const *exit_command;
	/* Once it runs: takes note of conmon's process. NULL: its monitor is the supervisor. */
	int (*started)(void *arg, pid_t conmon, struct err *e);
	/* For launch_decide(): whether it may run (gate.h). NULL: it may. */
	int (*decide)(void *arg, struct err *e);
	void *decide_arg;
};

struct supervisor {
	pid_t pid;
	int report;	/* pipe */
	int go;		/* socket for the word of launch_decide(); -1: none is awaited */
	bool concludes; /* after launch_wait(): it cleans up after launch_release() */
};

#define SUPERVISOR_INIT { -1, -1, -1, false }

int launch_start(const struct launch *l, struct supervisor *ret, struct err *e);
/* Lets it run when it may; otherwise ends it, waits for that, and returns why. Between
 * launch_start() and launch_wait(), in every case. */
int launch_decide(const struct launch *l, struct supervisor *s, struct err *e);
/* Waits for the end. 0 and the container's own status, or an error and STATUS_*. */
int launch_wait(struct supervisor *s, int *ret_status, struct err *e);
/* The container's folder is needed no more. Also by the end of this process. */
void launch_release(struct supervisor *s);
/* Asks it to end the container and clean up; launch_wait() then returns soon. */
void launch_abort(const struct supervisor *s);

/* After the end, or from elsewhere when the supervisor is gone: network, runtime state, cgroup and
 * what this mount namespace still has mounted in the folder. May be repeated. rt NULL: the runtime
 * is not to be had. */
int launch_cleanup(const char *folder, const char *id, const char *cgroup, const struct runtime *rt,
		   struct err *e);

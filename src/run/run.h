/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "confine/share.h"
#include "confine/spec.h"
#include "oci/store.h"
#include "run/container.h"
#include "run/launch/launch.h"
#include "run/life/health.h"
#include "run/life/restart.h"
#include "run/network/network.h"
#include "run/root/volume.h"

/*
 * A container's life. Nothing here decides trust: run_start() starts exactly the manifest whose
 * descriptor it is given, and the caller has admitted that digest.
 */
struct run_policy;
struct denials;
/* Limits of disks, "DEVICE:N"; each may be NULL. */
struct run_disks {
	const struct strv *weight, *read_bps, *write_bps, *read_iops, *write_iops;
};
struct run_opts {
	const char *name;    /* NULL: made from the id */
	const char *image;   /* as the user wrote it, for ps; may be NULL */
	const char *runtime; /* runtime_find() */
	struct command_opts command;
	const struct profile *profile; /* NULL: the default one */
	const struct strv *profile_caps,
		*profile_write; /* its, as cap_add and tmpfs; may be NULL */
	const char
		*seccomp_file; /* besides the profile's own filter (seccomp_file.h); may be NULL */
	bool init; /* the shim stays its first process, and the command is a child of it */
	bool detach, interactive, tty, auto_remove;
	bool no_stdout, no_stderr; /* in the foreground, not handed on */
	bool writable;		   /* --read-only=false: a root on disk, gone with rm */
	bool no_network;    /* none by pasta: an empty one, the host's, or another container's */
	struct share share; /* what of the host's policy allows is known */
	const struct ports *ports;		     /* may be NULL */
	bool publish_all;			     /* what the image exposes, too */
	const struct strv *expose;		     /* and these, "PORT[/udp]" */
	const struct strv *volumes, *mounts, *tmpfs; /* as volume.h reads them; may be NULL, as
							the next */
	const struct strv *labels;		     /* "K=V" */
	const struct strv *cap_add, *cap_drop;	     /* names, or ALL for drop */
	const struct strv *hosts;		     /* "NAME:ADDRESS" */
	const struct strv *dns, *dns_search, *dns_options; /* of resolv.conf(5) */
	const struct strv *ulimits;			   /* as run_parse_ulimit() takes them */
	const struct strv *groups;	  /* names or numbers, the user's besides its own */
	const struct strv *sysctls;	  /* "KEY=VALUE" */
	const struct strv *devices;	  /* "PATH[:TARGET][:rwm]"; whether policy allows them is
					     known */
	const char *hostname;		  /* NULL: the short id */
	const char *cpuset, *cpuset_mems; /* "0-1,3"; NULL: all */
	uint64_t cpu_quota, cpu_period;	  /* microseconds; 0: what cpu_milli says */
	bool has_swappiness;
	uint64_t swappiness;   /* 0 to 100 */
	uint64_t blkio_weight; /* 0: not given */
	struct run_disks disks;
	int umask;				/* -1: not given */
	uint64_t timeout;			/* seconds after which it is killed; 0: none */
	uint64_t memory, pids, cpu_milli, disk; /* 0: the profile's */
	uint64_t memory_reservation, memory_swap, shm_size, cpu_shares; /* 0: the profile's */
	int oom_score_adj; /* never below that of who calls us */
	int stop_signal;   /* 0: the image's */
	int stop_timeout;  /* seconds; -1: not given */
	uint64_t log_max;  /* bytes of its log; 0: LOG_MAX_DEFAULT */
	/* What the machine may lack, and what is allowed by name, and why this one needs it. NULL:
	 * nothing. */
	const struct run_policy *policy;
	const char *reason;
	/* Written to the container's run.json: what it takes to start it again. May be NULL. */
	const json_t *asked;
	const struct strv *secrets; /* as secrets.h reads them */
	struct health_opts health;
	struct restart_policy restart; /* of a detached one */
	bool restarting;	       /* nobody asked for this start but the policy */
	bool create_only;	       /* make the record, and start nothing */
	const char *again; /* id of a container that is there and does not run: start that one */
	/* Have plimsoll-guard look also at what others than the filter refuse (confine/syscalls.h).
	 */
	bool look;
	bool look_reads; /* and at what is opened only to be read, which takes time */
	/* Called at the end of one in the foreground with what it was refused (denials.h), before
	 * its folder may go; status is its own. May be NULL. */
	void (*denied)(void *arg, const struct denials *d, int status);
	/* The same while it runs, each time there is more; all so far. May be NULL. */
	void (*denied_now)(void *arg, const struct denials *d);
	void *denied_arg;
	/* Run by the monitor of a detached container once it ended; its id is added. NULL: what is
	 * left is cleaned by the next command. */
	const char *const *exit_command;
	/* Written to the container's admission.json (pipeline/admit/admission.h) before it starts.
	 * May be NULL. */
	const json_t *admission;
	/* Whether the image may run, asked while the container is made (gate.h); it runs once this
	 * returned 0. ret_admission (owned; may stay NULL) then takes the place of the above. Not
	 * before all layers are unpacked. NULL: it was decided before. */
	int (*decide)(void *arg, json_t **ret_admission, struct err *e);
	void *decide_arg;
};

/* What can be said of the options before anything is done: E_USAGE, E_POLICY, E_NOTFOUND. */
int run_check(const struct state *state, const struct run_opts *o, struct err *e);

/*
 * Starts it. In the foreground this returns when it ended, *ret_status being its own status (128 +
 * N for a signal); detached, once it runs, *ret_status 0. On failure *ret_status is 125, or 126 and
 * 127 when the command could not be invoked or was not found. ret_id receives the id.
 */
int run_start(const struct state *state, const struct store *store, const struct desc *manifest,
	      const struct run_opts *o, struct progress *p, char ret_id[static CONTAINER_ID + 1],
	      int *ret_status, struct err *e);

/* Parsers of option values; all E_USAGE. "512m", "1g", "65536"; "1.5" cores in thousandths. */
int run_parse_size(const char *text, uint64_t *ret, struct err *e);
int run_parse_cpus(const char *text, uint64_t *ret_milli, struct err *e);
/* "nofile=1024[:2048]", the names of docker; -1 is no limit. */
int run_parse_ulimit(const char *text, struct spec_rlimit *ret, struct err *e);
/* "NAME:ADDRESS" or "NAME=ADDRESS", IPv6 in brackets or not; appends the line of /etc/hosts. */
int run_parse_host(const char *text, struct buf *ret, struct err *e);
/* "K=V"; "K" takes our own variable, and is there to take the image's away when we have none; "K*"
 * takes all of ours that begin so. Appends. */
int run_parse_env(const char *text, struct strv *ret, struct err *e);
/* Lines "K=V" or "K" (ours, or nothing), as docker reads them: "#" begins a comment, no blanks in
 * names, values as they stand. Appends. */
int run_parse_env_file(const char *path, struct strv *ret, struct err *e);
/* The same of labels, where "K" alone has no value. */
int run_parse_label_file(const char *path, struct strv *ret, struct err *e);
/* "0" to "1000". */
int run_parse_oom_score(const char *text, int *ret, struct err *e);
/* Whether anybody is given it who asks: it concerns a container's own. "service" is. */
bool run_cap_is_free(const char *name);
/* What is not must be among what policy granted. */
int run_parse_caps(const struct strv *add, const struct strv *drop, uint64_t base,
		   const struct run_policy *policy, uint64_t *ret, struct err *e);

struct exec_opts {
	const char *const *argv; /* ends with NULL */
	const struct strv *env;	 /* may be NULL */
	const char *user, *workdir;
	bool interactive, tty;
	bool detach; /* returns once it was started; nobody hears of its end */
	/* Every capability in its user namespace, and neither Landlock nor no_new_privs; the
	 * container's system call list stays. Whether policy allows it is known. */
	bool privileged;
};
/* Runs a further process in a running container, as confined as the first. Statuses as run_start.
 */
int run_exec(const struct state *state, const char *container, const struct exec_opts *o,
	     int *ret_status, struct err *e);

/* Its stop signal (or this one, unless 0), then SIGKILL after timeout_s seconds; RUN_STOP_TIMEOUT:
 * the container's own, or ten. Already stopped is success. */
enum { RUN_STOP_TIMEOUT = 0x7fffffff };
int run_stop(const struct state *state, const char *container, int signal, unsigned timeout_s,
	     struct err *e);
int run_kill(const struct state *state, const char *container, int signal, struct err *e);
int run_wait(const struct state *state, const char *container, int *ret_status, struct err *e);
/* Stops every process of it, or lets them go on. E_USAGE when it does not run or is so already. */
int run_pause(const struct state *state, const char *container, bool on, struct err *e);
/* A running one only with force. */
int run_remove(const struct state *state, const char *container, bool force, struct err *e);

/* Output of a container, line by line. emit() gets lines without "\n", partial writes joined, and
 * when the line began (nanoseconds since 1970). whole: it had an end; the last one may have none.
 */
struct log_sink {
	int (*emit)(void *arg, bool is_stderr, int64_t when, const char *line, size_t n, bool whole,
		    struct err *e);
	void *arg;
};
/*
 * A log is bounded, so that what a container prints cannot fill the host's disk: at its size conmon
 * begins it anew. driver: what docker's and podman's users name; opts: "max-size=10m". Both may be
 * NULL. E_USAGE for others, with what to do instead.
 */
#define LOG_MAX_DEFAULT ((uint64_t)64 << 20)
#define LOG_MAX_LEAST ((uint64_t)64 << 10)
#define LOG_MAX_MOST ((uint64_t)1 << 30)
int run_parse_log(const char *driver, const struct strv *opts, uint64_t *ret_max, struct err *e);

struct log_opts {
	int64_t tail;	      /* the last N lines, -1 all; of those, what since and until leave */
	int64_t since, until; /* nanoseconds since 1970; 0: no bound */
	bool follow;	      /* until it ends, until is past, or we are interrupted */
};
int run_logs(const struct state *state, const char *container, const struct log_opts *o,
	     const struct log_sink *sink, struct err *e);

/* What conmon's exit command calls: cleans up behind this container if it ended. 1: it is to be
 * started again, once run_await_restart() says so. */
int run_ended(const struct state *state, const char *id, struct err *e);
/* To be held meanwhile; a descriptor, or -1 when it is gone. */
int run_restart_lock(const struct state *state, const char *id, struct err *e);
/* Sleeps as long as its policy has it wait. 1: start it; 0: it was stopped or removed meanwhile, or
 * its policy has enough. failed (may be NULL): why the last try came to nothing. */
int run_await_restart(const struct state *state, const char *id, const struct err *failed,
		      struct err *e);
/* It is not started again, for this reason. */
int run_give_up(const struct state *state, const char *id, const struct err *why, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "run/options/profile_file.h"
#include "run/run.h"

/*
 * What can be asked of a container, as `run` and `create` take it from the command line, and as
 * containers/<id>/run.json keeps it for `start` and `restart`: one table describes both.
 */
struct run_cli_opts {
	bool detach, interactive, tty, rm, writable, ignore_unfixed, privileged, publish_all,
		no_healthcheck, explain, no_explain, init, replace, rmi;
	const char *name, *user, *workdir, *entrypoint, *hostname, *runtime, *network, *pid, *ipc,
		*uts, *userns, *cgroupns, *memory, *memory_reservation, *memory_swap, *cpus,
		*cpuset_cpus, *shm_size, *oom_score_adj, *reason, *health_cmd, *health_interval,
		*health_timeout, *health_start_period, *health_start_interval, *health_on_failure,
		*restart, *stop_signal, *stop_timeout, *log_driver, *cidfile, *pull, *platform,
		*profile, *fail_on, *max_age, *cpu_quota, *cpuset_mems, *memory_swappiness, *umask,
		*timeout, *pidfile, *tz, *sdnotify;
	uint64_t pids_limit, cpu_shares, health_retries, cpu_period, blkio_weight;
	struct strv env, env_file, log_opt, storage_opt, publish, volume, mount, tmpfs, label,
		label_file, cap_add, cap_drop, add_host, dns, dns_search, dns_option, ulimit,
		group_add, sysctl, secret, device, security_opt, annotation, attach, expose,
		unsetenv, volumes_from, blkio_weight_device, device_read_bps, device_write_bps,
		device_read_iops, device_write_iops;
};
extern const struct opt run_option_table[]; /* ends with OPT_END */

/*
 * run_settle.c: makes of what was typed what can be kept: variables and labels taken from files and
 * from our own environment get their values, relative paths become absolute, other containers their
 * ids, and --tz and --volumes-from volumes. kept owns the new strings.
 */
int run_options_settle(const struct state *state, struct run_cli_opts *o, struct strv *kept,
		       struct err *e);

/* {"option name": value} of what is given, without what is of one call only. Owned. */
int run_options_json(const struct run_cli_opts *o, json_t **ret, struct err *e);
/* The inverse. Strings are borrowed from j, lists are owned: run_options_free(). */
int run_options_load(const json_t *j, struct run_cli_opts *ret, struct err *e);
void run_options_free(struct run_cli_opts *o);

/* Set by the units of 'plimsoll generate systemd'. */
#define SYSTEMD_UNIT_VARIABLE "PLIMSOLL_SYSTEMD_UNIT"

/* What opens the host, and exists only where the policy allows it by name (run/options/allow.h). */
struct run_asks {
	const char *seccomp_file; /* borrowed */
	const char *apparmor;	  /* name of a profile, borrowed; NULL: plimsoll's */
	struct strv words;
	bool no_seccomp, no_apparmor, no_landlock, no_selinux, unmasked, new_privileges;
	struct share share;
};
/* E_POLICY for what has no way in at all. */
int run_options_asks(const struct run_cli_opts *o, struct run_asks *ret, struct err *e);

/* run_volumes_from.c: the folders and named volumes of another container, "NAME[:ro]", as -v and
 * --mount would name them; not where something is mounted already. Appends. E_NOTFOUND. */
int run_volumes_from(const struct state *state, const char *text, struct strv *volumes,
		     struct strv *mounts, struct err *e);

/* The options as the run room takes them. Borrows from o and args (which ends with NULL). */
struct run_request {
	struct run_opts run;
	struct ports ports;
	struct profile_file profile;
	struct profile own; /* the profile, with what asks takes off */
	struct run_asks asks;
	/* Words of run/options/allow.h that policy has to allow; ends with NULL. */
	const char *needs[PROFILE_NEEDS];
};
void run_request_free(struct run_request *r);
/* run_options_values.c: its numbers, sizes and words. */
int run_options_values(const struct run_cli_opts *o, struct run_request *ret, struct err *e);
int run_options_request(const struct run_cli_opts *o, const char *image, const char *const *args,
			struct run_request *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "run/container.h"

/* A container as it is shown: in docker's words. */
struct view {
	const struct container *c;
	struct container_status status;
	bool restarting;    /* ended, and its policy is about to start it again */
	const char *state;  /* created, running, paused, exited, restarting */
	char health[16];    /* starting, healthy, unhealthy; "" without a health check */
	char admission[16]; /* of one that runs, what was last decided: admitted, refused, unchecked
			     */
};
int view_of(const struct container *c, struct view *ret, struct err *e);

/* The row of `ps`: ID, Image, Command, CreatedAt, RunningFor, Ports, State, Status, Health,
 * Admission, Names, Labels, Allowed. Owned. full: nothing is cut. */
int view_row(const struct view *v, bool full, json_t **ret, struct err *e);

/* A file of its folder that holds JSON: run.json, health.json, config.json. NULL when it is not
 * there or cannot be read. Owned. */
json_t *view_file(const struct container *c, const char *name);

/* What policy allowed it beyond the profile: [{"what","reason"}] of its admission; NULL: nothing.
 * Owned. */
json_t *view_allowed(const struct container *c);

/* Bytes of its own writable root; 0 for a read-only one. */
uint64_t view_size(const struct container *c);
/* Bytes of the files beneath a path; 0 when it is not there. */
uint64_t view_tree_size(const char *path);

/* What a template may ask for besides: Mounts, Networks, LocalVolumes, Size (0B unless size says
 * to look), Label as a map, and podman's ImageID, Pid, ExitCode, Exited, StartedAt, ExitedAt,
 * Created, AutoRemove, Restarts. */
int view_row_more(const struct view *v, bool full, bool size, json_t *row, struct err *e);
/* "pasta", "none", "host": of its run.json. Borrowed. */
const char *view_network(const json_t *run);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/run.h"

/*
 * Within the supervisor: the root filesystem from layers, checks, volumes and config.json.
 */
struct setup {
	const struct state *state;
	const struct run_opts *opts;
	const struct machine *machine;
	const struct runtime *runtime;
	struct container *c;
	const struct join *join;       /* whose namespaces it has, if any: its pid is not 0 */
	const struct digest *diff_ids; /* unpacked */
	size_t diff_ids_n;
	const json_t *exec; /* the image's configuration; may be NULL */
	const struct command_line *command;
	struct profile_limits limits;
	uint64_t caps;
};
static inline const struct profile *setup_profile(const struct run_opts *o)
{
	return o->profile ?: &profile_default;
}
/* Whether it has a user namespace of its own, and what id 0 of it is on the host. */
bool setup_own_ids(const struct run_opts *o);
uint32_t setup_id_base(const struct setup *s);
/* Whether plimsoll-guard answers its refused calls. */
bool setup_guarded(const struct run_opts *o);
/*
 * Where the container's own folder on the disk is, that of a writable root and of anonymous
 * volumes: on a file system with a bound (disk.h), made at its first start and mounted here at the
 * first call, or its folder itself where policy or the machine's user has none. Owned; ret_fd is to
 * be closed.
 */
int setup_disk(const struct setup *s, char **ret_path, int *ret_fd, struct err *e);

struct berth;
/*
 * The root: layers below, and above them a folder for what must be made to mount on. Of a read-only
 * root that lies in the berth, and ends with it; a writable one is kept on disk until the container
 * is removed. Of s: state, c, the layers, and of its options writable and again.
 */
int setup_root(const struct setup *s, struct berth *berth, char **ret_path, int *ret_root,
	       struct err *e);
/* For struct launch; arg is a struct setup. */
int setup_prepare(void *arg, const char *netns, int *ret_status, struct err *e);

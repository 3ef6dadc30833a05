/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dockerfile/expand.h"

/*
 * The value of RUN's --mount (Dockerfile reference, "RUN --mount"): NAME=VALUE pairs and bare names
 * between commas. Which belong to which type, and what follows when they are missing, is decided
 * here; what they lead to is run_mounts.h's.
 */
enum {
	LIMIT_RUN_MOUNTS = 64, /* of one RUN */
	LIMIT_RUN_MOUNT_NAME = 4096,
};

enum run_mount_type {
	RUN_MOUNT_BIND,
	RUN_MOUNT_CACHE,
	RUN_MOUNT_TMPFS,
	RUN_MOUNT_SECRET,
	RUN_MOUNT_SSH,
};
enum run_mount_sharing { RUN_MOUNT_SHARED, RUN_MOUNT_PRIVATE, RUN_MOUNT_LOCKED };

struct run_mount {
	enum run_mount_type type;
	/* Owned. id: of a cache (NULL: its target), secret (never NULL) or agent (never NULL). */
	char *id;
	char *from;   /* bind, cache: a stage, an image...; NULL: the context, or nothing */
	char *source; /* within from; "/" when not given */
	char *target; /* as written; NULL: only for a secret or agent, which have their own */
	char *env;    /* a secret as this variable; NULL: not */
	bool read_only, required;
	enum run_mount_sharing sharing;
	bool owned; /* mode, uid or gid was given */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size; /* bytes of a tmpfs; 0: not said */
};

/* x replaces variables in the values, other than of from. E_FORMAT does not say where. */
int run_mount_parse(const char *text, const struct expand *x, struct run_mount *ret, struct err *e);
void run_mount_free(struct run_mount *m);
static inline void run_mount_release(struct run_mount *m)
{
	run_mount_free(m);
}
#define auto_run_mount __attribute__((cleanup(run_mount_release))) struct run_mount

/* The value of from alone, owned, before variables have values; NULL when there is none. Nothing
 * else of the text is judged. */
int run_mount_from(const char *text, char **ret, struct err *e);

/* Docker's sizes: "64m", "1.5g" is none; b, k, m, g, t, each also as "KiB" and "kb". */
int run_mount_size(const char *text, uint64_t *ret, struct err *e);

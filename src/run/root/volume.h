/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"

struct run_opts;

/*
 * What a container is given to mount, as -v, --mount and --tmpfs say it. A bind mount shows a
 * folder or file of the host, whose ids are the container's: 0 on the disk is 0 inside, both ways.
 * A named volume is <state>/volumes/NAME/_data with such ids, so that containers with ids of their
 * own can share it; an anonymous one is in the container's folder and goes with it.
 */
enum volume_kind { VOLUME_BIND, VOLUME_NAMED, VOLUME_ANONYMOUS, VOLUME_TMPFS };
enum { LIMIT_VOLUME_NAME = 128, LIMIT_VOLUMES = 60 };

struct volume {
	enum volume_kind kind;
	char *source; /* owned: the host's real path, or a volume's name; NULL otherwise */
	char *target; /* owned, absolute */
	bool read_only;
	bool no_copy; /* a volume does not begin with the image's content */
	bool exec;    /* was asked for; what can be written is not executed without */
	bool no_exec;
	bool own;      /* U: everything in it is given to the container's user */
	char *options; /* owned: a tmpfs's mount options; NULL otherwise */
};
void volume_free(struct volume *v);

struct volumes {
	struct volume v[LIMIT_VOLUMES];
	size_t n;
};
void volumes_free(struct volumes *v);
static inline void volumes_release(struct volumes *v)
{
	volumes_free(v);
}
#define auto_volumes __attribute__((cleanup(volumes_release))) struct volumes

/* All that the options name. E_USAGE; E_NOTFOUND for a path of the host that is not there; E_POLICY
 * for one that no container is given, unless the policy allows "mount:PATH". */
int volumes_parse(const struct state *state, const struct run_opts *o, struct volumes *ret,
		  struct err *e);

/* "HOST:PATH[:OPTIONS]", "NAME:PATH[:OPTIONS]", "PATH": -v. Path and policy are not looked at. */
int volume_parse(const char *text, struct volume *ret, struct err *e);
/* "type=bind,src=...,dst=...,...": --mount (volume_mount.c). */
int volume_parse_mount(const char *text, struct volume *ret, struct err *e);
/* The same with a source that begins with a dot as the whole path. Owned. */
int volume_settle_mount(const char *text, char **ret, struct err *e);
/* "PATH[:size=64m,mode=1777,...]": --tmpfs. */
int volume_parse_tmpfs(const char *text, struct volume *ret, struct err *e);

/*
 * Named volumes. One that containers, running or not, have is in use. A volume's folder holds
 * volume.json ({"name","created","labels"}) and _data; <state>/volumes/lock is held while one is
 * made or removed.
 */
int volume_check_name(const char *name, struct err *e);
/* Made when it is not there; labels ("K=V") may be NULL. A volume that is there stays as it is. */
int volume_create(const struct state *state, const char *name, const struct strv *labels,
		  struct err *e);
/* volume.json with "mountpoint" and "containers" (names) besides. Owned. E_NOTFOUND. */
int volume_describe(const struct state *state, const char *name, json_t **ret, struct err *e);
/* Names, sorted. Appends. */
int volume_list(const struct state *state, struct strv *ret, struct err *e);
/* E_USAGE while a container has it. */
int volume_remove(const struct state *state, const char *name, struct err *e);

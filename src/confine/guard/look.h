/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "confine/guard/guard.h"
#include "confine/guard/task.h"

/*
 * What the looks share: look.c has the table of calls, look_paths.c and look_change.c those about
 * files, look_ids.c about users and limits, look_sockets.c about addresses.
 */
#ifndef ST_RDONLY
#define ST_RDONLY 1
#define ST_NOEXEC 8
#endif

enum kind {
	OPEN,	/* to write: path and flags */
	MAKE,	/* a new name */
	NODE,	/* the same; a device needs more */
	TAKE,	/* a name away */
	MOVE,	/* one away, one new */
	MODE,	/* the owner's to change */
	OWNER,	/* to give away */
	CHANGE, /* what is in it */
	ACCESS, /* asked whether it may be written */
	ROOM,	/* room for what is to be written */
	LOAD,	/* as code into memory */
	EXEC,
	USER,
	GROUP,
	GROUPS,
	SIGNAL, /* another process */
	NICE,
	POLICY,	 /* of scheduling */
	LIMIT,	 /* of resources */
	LOCK,	 /* memory */
	CAPS,	 /* of its own, to be had or kept */
	ADDRESS, /* to listen at */
	PEER,	 /* to connect to */
};

enum { NONE = -1 };

/* Which arguments they are. folder NONE: the working folder; path NONE and folder not: what that
 * descriptor leads to. value: flags, mode, or the first id. */
struct look {
	int nr;
	enum kind kind;
	int folder, path, value;
};

/* One that is being looked at. */
struct looking {
	const struct guard *guard;
	const struct look *look;
	const uint64_t *args;
	struct task task;
	char path[TASK_PATH];
	struct guard_note *note;
};

/* Fills the note; true, for "return refused(…)". The path is its detail unless it has one. */
bool refused(struct looking *l, enum guard_rule rule, unsigned cap, int error);
/* A name in the folder that the path lies in is to come or to go: cuts the path. */
bool look_in_folder(struct looking *l, bool adds);

/* What was found at fd has this path when no link is followed, which is what mounts and rules go
 * by; leaf: a name in it, may be NULL. Becomes the note's detail. */
void look_keep_real_path(struct looking *l, int fd, const char *leaf);
/* Whether its mount has this flag (ST_RDONLY). */
bool look_has_flag(int fd, long flag);
/* Root's lack of a capability is worth a word; that another user may not is as it is anywhere. */
bool look_lacks_override(const struct looking *l, const struct stat *st, unsigned want);

/* look_change.c */
bool look_change(struct looking *l);
/* look_paths.c */
bool look_open(struct looking *l);
bool look_make(struct looking *l);
bool look_take(struct looking *l);
bool look_exec(struct looking *l);
bool look_load(struct looking *l);
bool look_room(struct looking *l);
/* look_ids.c */
bool look_user(struct looking *l);
bool look_group(struct looking *l);
bool look_groups(struct looking *l);
bool look_signal(struct looking *l);
bool look_limit(struct looking *l);
bool look_nice(struct looking *l);
bool look_policy(struct looking *l);
bool look_lock(struct looking *l);
bool look_caps(struct looking *l);
/* look_sockets.c */
bool look_socket(struct looking *l);

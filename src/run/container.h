/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "run/machine.h"
#include "run/network/network.h"

/*
 * The record of one container: <state>/containers/<id>/state.json, written whole before anything of
 * it exists and again when its monitor changes. The folder's other files are launch.h's. Names and
 * new folders are given out under containers/lock.
 *
 * A record whose monitor (the supervisor, or conmon) is gone before it said "clean" is stale:
 * somebody was killed. container_reap() ends what is left of it.
 */
enum { CONTAINER_ID = 64, CONTAINER_SHORT = 12, LIMIT_NAME = 128, LIMIT_STATE_JSON = 4 << 20 };

enum container_kind { CONTAINER_SERVICE, CONTAINER_STEP };

struct container {
	char id[CONTAINER_ID + 1];
	char name[LIMIT_NAME + 1]; /* "" for steps */
	enum container_kind kind;
	int64_t created;
	int created_nanos; /* of that second: which one of two is older */
	bool auto_remove;  /* --rm */
	bool detached, clean;
	int stop_signal;
	int stop_timeout; /* seconds; -1: not given */
	uint32_t id_base; /* its ids on the host begin here: namespaces.h */
	struct process_id monitor;
	char *runtime;			/* path of its OCI runtime; owned, may be NULL */
	char *image, *digest, *command; /* for people; owned, may be NULL */
	json_t *labels;			/* owned object, may be NULL */
	json_t *volumes;		/* names of its named volumes; owned array, may be NULL */
	struct ports *ports;		/* owned, may be NULL */
	char *folder;			/* absolute, owned */
	int fd;				/* of the folder */
};
void container_free(struct container *c);
static inline void container_release(struct container *c)
{
	container_free(c);
}
#define auto_container __attribute__((cleanup(container_release))) struct container
#define CONTAINER_INIT { .fd = -1 }

/* What is true of it at this moment. */
enum container_phase { PHASE_CREATED, PHASE_RUNNING, PHASE_EXITED };
struct container_status {
	enum container_phase phase;
	pid_t pid;		   /* first process, while running */
	int exit;		   /* once exited */
	int64_t started, finished; /* 0: not known */
};

/* Fills id, folder, fd, created and monitor (ourselves), picks a name when none is set, and writes
 * the record. A name that is taken is E_USAGE. */
int container_create(const struct state *state, struct container *c, struct err *e);
/* Takes up again one that is there and does not run: its id is in c, the rest comes from its
 * record. What its last run left is removed, its monitor are we. E_USAGE while it runs;
 * by_policy: E_SIGNAL when somebody stopped it for good. */
int container_again(const struct state *state, struct container *c, bool by_policy, struct err *e);
int container_save(const struct container *c, struct err *e);
/* Its name is a file of its own once it was renamed: whoever holds an older record in memory saves
 * that under the old one. E_USAGE as for container_create(). */
int container_rename(const struct state *state, struct container *c, const char *name,
		     struct err *e);
/* By name, id, or a prefix of the id that only one has. E_NOTFOUND; E_FORMAT for the id of
 * one whose record cannot be read. Steps are not found. */
int container_find(const struct state *state, const char *text, struct container *ret,
		   struct err *e);
int container_status(const struct container *c, struct container_status *ret, struct err *e);
const char *container_cgroup(const struct container *c, char ret[static CONTAINER_ID + 16]);

/* Calls fn for every one whose record is there and cannot be read. */
int container_broken_each(const struct state *state,
			  int (*fn)(void *arg, const char *id, struct err *e), void *arg,
			  struct err *e);
/* One of those, by the beginning of its id, with no more than id and folder. */
int container_broken_open(const struct state *state, const char *text, struct container *ret,
			  struct err *e);
/* Calls fn for every readable record, oldest first; a negative result ends the walk. */
int container_each(const struct state *state,
		   int (*fn)(void *arg, struct container *c, struct err *e), void *arg,
		   struct err *e);

/* Ends what is left of it, records an exit status when there is none (137), marks it clean, or
 * removes its folder if that was asked for. */
int container_cleanup(struct container *c, struct err *e);
int container_remove(struct container *c, struct err *e); /* cleanup, then the folder */
/* Every stale record. One that cannot be cleaned does not stop the others. Those that ended in the
 * foreground and are being cleaned up by their supervisor are awaited: what comes next finds them
 * as whoever ran them believes them to be. */
int container_reap(const struct state *state, struct err *e);
/* Only awaits. */
void container_settle(const struct state *state);
/* Awaits only the one of this name, NULL: none. */
int container_reap_for(const struct state *state, const char *name, struct err *e);

/* The status file that a monitor writes; E_NOTFOUND while it runs. */
int container_exit_status(const struct container *c, int *ret, struct err *e);

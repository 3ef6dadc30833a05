/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/fs.h"
#include "base/progress.h"
#include "base/str.h"
#include "run/step/network.h"

/*
 * One RUN instruction: a command in a root filesystem that somebody else mounted, confined by the
 * build profile. Its output goes to progress line by line; its last lines come back, for the error
 * message. What was made in the root only to mount on (/proc, /etc/resolv.conf...) is taken away
 * again where it was not there before, so it does not become part of the layer.
 */
enum {
	LIMIT_STEP_LINE = 4096,
	STEP_TAIL_LINES = 20,
	LIMIT_STEP_MOUNTS = 64,
	LIMIT_STEP_MASK = 4096,
	LIMIT_STEP_ULIMITS = 16,
};

/* Something to be seen by this step alone. Parents stand before what lies in them. Where a target
 * is not there, it is made: in the root, or in the source of the mount that holds it. */
struct step_bind {
	const char *target; /* absolute, clean */
	const char *source; /* absolute path in this mount namespace; NULL: a tmpfs, with the mode
			     * of the folder below it, 1777 where none was */
	bool folder;	    /* else a file or socket */
	bool read_only;
	bool no_exec;
	uint64_t size; /* of a tmpfs in bytes; 0: the kernel's bound */
};

struct run_step {
	const struct state *state; /* for the scratch folder */
	const char *rootfs;	   /* absolute path of the merged folder, in this mount namespace */
	const char *const *argv, *const *env; /* end with NULL */
	const char *cwd;		      /* absolute; must be there */
	const char *user; /* "user[:group]" by the root's /etc/passwd; "" is root */
	bool network;	  /* by pasta, with DNS; else none but an empty lo */
	const struct step_bind *mounts;
	size_t mounts_n;
	/* Byte strings that its output must not show, at most LIMIT_STEP_MASK long: each becomes
	 * "***". */
	const struct str *masks;
	size_t masks_n;
	/* Where steps share one: started with the first that has a network. NULL: its own. */
	struct step_network *shared;
	/* Receives what it fetched (traffic/record.h) when it ended with 0 and has a shared
	 * network, without what masks hide; may be NULL. Its cap is LIMIT_RECORD_JSON. */
	struct buf *fetched;
	uint64_t memory, pids, shm; /* bytes, processes, bytes of /dev/shm; 0: the profile's */
	const struct strv *ulimits; /* as run_parse_ulimit() takes them; may be NULL */
	const struct strv *hosts;   /* as run_parse_host() takes them; may be NULL */
	int in;			    /* standard input, or -1 */
	struct progress *progress;  /* may be NULL */
	/* At our own terminal, for a person: in, progress and masks are not used, no tail comes
	 * back. E_SYSTEM when there is no terminal. */
	bool terminal;
};

/*
 * 0 when the command ran to its end, however that was: *ret_status is its exit status, 128 + N for
 * a signal. A negative E_* when it could not be run at all (the command is not in the root, the
 * working folder or the user are not there, the machine lacks something), or E_SIGNAL when we were
 * interrupted; nothing of it runs any more then. ret_tail, if given, receives the last
 * STEP_TAIL_LINES lines of output.
 */
int run_step(const struct run_step *s, int *ret_status, struct buf *ret_tail, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/fs.h"
#include "base/progress.h"

/*
 * One RUN instruction: a command in a root filesystem that somebody else mounted, confined by the
 * build profile. Its output goes to progress line by line; its last lines come back, for the error
 * message. What was made in the root only to mount on (/proc, /etc/resolv.conf...) is taken away
 * again where it was not there before, so it does not become part of the layer.
 */
enum { LIMIT_STEP_LINE = 4096, STEP_TAIL_LINES = 20 };

struct run_step {
	const struct state *state; /* for the scratch folder */
	const char *rootfs;	   /* absolute path of the merged folder, in this mount namespace */
	const char *const *argv, *const *env; /* end with NULL */
	const char *cwd;		      /* absolute; must be there */
	const char *user;	   /* "user[:group]" by the root's /etc/passwd; "" is root */
	bool network;		   /* by pasta, with DNS; else none but an empty lo */
	int in;			   /* standard input, or -1 */
	struct progress *progress; /* may be NULL */
};

/*
 * 0 when the command ran to its end, however that was: *ret_status is its exit status, 128 + N for
 * a signal. A negative E_* when it could not be run at all (the command is not in the root, the
 * working folder or the user are not there, the machine lacks something), or E_SIGNAL when we were
 * interrupted; nothing of it runs any more then. ret_tail, if given, receives the last
 * STEP_TAIL_LINES lines of output.
 */
int run_step(const struct run_step *s, int *ret_status, struct buf *ret_tail, struct err *e);

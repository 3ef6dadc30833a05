/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/*
 * What a container changed of its image, running or not: its own writable root compared with the
 * layers below it, as `diff` of docker has it. Of a read-only root nothing. Parents come before
 * what is in them, names of a folder are sorted; a folder that is only on the way to a change is
 * changed, too. What was made to mount on is left out.
 */
struct changes_sink {
	/* kind: 'A'dded, 'C'hanged, 'D'eleted; negative ends it. */
	int (*emit)(void *arg, char kind, const char *path, struct err *e);
	void *arg;
};
/* Enters a mount namespace, and an ordinary user's user namespace, for good. */
int changes_read(const struct state *state, const char *container, const struct changes_sink *sink,
		 struct err *e);

/* The comparison by itself: the upper folder of an overlay with what is merged below it. mounts:
 * absolute paths that are left out, may be NULL. Uses up neither descriptor. */
int changes_compare(int upper, int below, const struct strv *mounts,
		    const struct changes_sink *sink, struct err *e);

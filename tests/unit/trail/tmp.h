/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A state folder for one test; in memory where that can be, since an append syncs six times. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"

struct tmp {
	char path[64];
	struct state state;
};

static inline const char *tmp_top(void)
{
	return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static inline void tmp_make(struct tmp *t)
{
	(void)snprintf(t->path, sizeof(t->path), "%s/plimsoll-test-XXXXXX", tmp_top());
	if (!mkdtemp(t->path) || state_open(&t->state, t->path, NULL) < 0)
		abort();
}

static inline void tmp_remove(struct tmp *t)
{
	int top = fs_open_user(tmp_top(), O_RDONLY | O_DIRECTORY, 0, NULL);

	(void)fs_remove_tree(top, strrchr(t->path, '/') + 1, NULL);
	(void)close(top);
	state_close(&t->state);
}
#define auto_tmp __attribute__((cleanup(tmp_remove))) struct tmp

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "build/commit_time.h"
#include "dockerfile/ignore.h"

/* The folder that COPY and ADD take files from, and the Dockerfile's text. The folder is hostile:
 * nothing is opened through a link that leaves it. */
struct context {
	int fd;
	struct ignore ignore;
	bool inside;	       /* the Dockerfile's path is one of the context */
	char *dockerfile_name; /* for messages */
	char *dockerfile;
	size_t dockerfile_n;
	/* Where in the folder those two files lie that were read; NULL: they do not. */
	char *dockerfile_at, *ignore_at;
	struct commit_times git; /* of a folder */
	int64_t commit_time;	 /* of a repository that was fetched: for all its files; else -1 */
};
#define CONTEXT_NONE ((struct context){ .fd = -1, .commit_time = -1 })

/*
 * dockerfile as in build_opts. The patterns come from DOCKERFILE.dockerignore beside the
 * Dockerfile when it is there, else from .dockerignore of the folder. git is asked for the time of
 * the commit only when ask_git (the caller needs none when it was told a time).
 */
int context_open(struct context *ret, const char *path, const char *dockerfile, bool ask_git,
		 struct err *e);
/* As above of a folder that is ours; fd becomes the context's. The Dockerfile is `text` (copied)
 * when that is not NULL, else a file of the folder, or "-". */
int context_open_at(struct context *ret, int fd, const char *dockerfile, const char *text,
		    size_t text_n, int64_t commit_time, struct err *e);
/* The patterns of the folder's own .dockerignore; none when it has none. */
int context_ignore(int dir, struct ignore *ret, struct err *e);
void context_close(struct context *c);
static inline void context_release(struct context *c)
{
	context_close(c);
}
#define auto_context __attribute__((cleanup(context_release))) struct context

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/*
 * .dockerignore (Dockerfile reference and docker's documentation, "Build context"): one pattern a
 * line, "#" comments, "!" takes files back in, the last pattern that matches decides. A pattern
 * that matches a folder covers all beneath it.
 */
enum { LIMIT_IGNORE = 1024 * 1024, LIMIT_IGNORE_PATTERNS = 4096 };

struct ignore_pattern {
	char *glob;
	bool take_back; /* "!" */
};
struct ignore {
	struct ignore_pattern *v;
	size_t n;
	bool takes_back; /* some pattern begins with "!" */
};

/* name is for messages. E_FORMAT names the line. */
int ignore_parse(struct str text, const char *name, struct ignore *ret, struct err *e);
/* Adds one pattern, by the same rules: --exclude of COPY and ADD. Spaces count. */
int ignore_add(struct ignore *g, const char *pattern, struct err *e);
/* path is relative to the context, without leading "/" or "./". */
bool ignore_match(const struct ignore *g, const char *path);
/* Something beneath the folder may be taken back, by a "!" behind the last pattern that leaves it
 * out, as far as the names tell. */
bool ignore_leads(const struct ignore *g, const char *path);
void ignore_free(struct ignore *g);
static inline void ignore_release(struct ignore *g)
{
	ignore_free(g);
}
#define auto_ignore __attribute__((cleanup(ignore_release))) struct ignore

/* Go's path.Clean in place: "a//b/./c/../d/" is "a/b/d"; "" becomes ".". s needs room for 2. */
void path_clean(char *s);

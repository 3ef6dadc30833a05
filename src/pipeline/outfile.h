/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"

/*
 * A file of the user's that is there whole or not at all: written without a name where the file
 * system can do that, so that not even a kill leaves anything. Any path that the user may write to
 * will do; a link stays one. "-" is standard output; pipes and devices are written as they are.
 * E_USAGE when it could be no file, or its folder is not there.
 */
struct outfile {
	int fd, dir; /* dir -1: written as it is */
	char *leaf;
	char temp[64]; /* "": without a name */
};
#define OUTFILE_NONE ((struct outfile){ .fd = -1, .dir = -1 })
int outfile_open(const char *dest, struct outfile *ret, struct err *e);
int outfile_commit(struct outfile *f, struct err *e);
void outfile_close(struct outfile *f); /* drops what was not committed */
static inline void outfile_release(struct outfile *f)
{
	outfile_close(f);
}
#define auto_outfile __attribute__((cleanup(outfile_release))) struct outfile

/* All of it at once. A file that is there and cannot be replaced (its folder is not ours, it is a
 * mount) is written over. */
int outfile_write(const char *dest, const void *p, size_t n, struct err *e);
/* "-", /dev/stdout, or what standard output is redirected to: nothing else may be printed then. */
bool outfile_is_stdout(const char *dest);
/* What outfile_open() would say, before the work is done whose outcome is to be written; makes
 * nothing. dest NULL: nothing is to be written. */
int outfile_check(const char *dest, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/root/berth.h"
#include "run/root/setup.h"

/* The mounts beyond the profile's, with their strings: files in /etc, volumes, folders in memory.
 */
enum { LIMIT_MOUNTS = 64 };
struct mounts {
	struct spec_mount v[LIMIT_MOUNTS];
	size_t n;
	struct strv strings;
};
void mounts_free(struct mounts *m);
static inline void mounts_release(struct mounts *m)
{
	mounts_free(m);
}
#define auto_mounts __attribute__((cleanup(mounts_release))) struct mounts

/* What is asked for and what the image wants. Their targets are made in root, which is not running
 * yet; volumes are made and filled (mounts_fill.c). user is whom it will run as. */
int mounts_collect(const struct setup *s, struct berth *berth, int root, const struct user *user,
		   struct mounts *m, struct err *e);

/* Puts a folder before what is mounted within it. E_USAGE when that would pass through a link of
 * what is mounted on the folder. Part of mounts_collect(). */
int mounts_order(struct mounts *m, struct err *e);

/* Copies the image's folder at from into to, an empty one that berth shows, with the container's
 * own ids and rights. */
int mounts_fill(const struct berth *berth, const char *from, const char *to, struct err *e);
/* Gives all of a mount that berth shows to the user. */
int mounts_own(const struct berth *berth, const char *path, const struct user *user, struct err *e);

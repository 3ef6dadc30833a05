/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/berth.h"
#include "run/setup.h"

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
 * yet; volumes are made and filled. What they show lies in the berth. */
int mounts_collect(const struct setup *s, struct berth *berth, int root, struct mounts *m,
		   struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The mounts of one RUN, from their text to what the step is given. */
#include "build/cache_mount.h"
#include "build/source.h"
#include "build/work.h"
#include "dockerfile/run_mount.h"

struct step_mount {
	struct run_mount m;
	const struct df_flag *flag; /* for messages; borrowed */
	char *target;		    /* absolute, clean */
	struct draft image;	    /* from an image */
	const struct draft *from;   /* bind, cache: the layers; NULL: the context, or nothing */
	bool empty;		    /* bind from scratch */
	char *pattern;		    /* bind from the context: names it; owned */
	struct sources sources;	    /* what that shows */
	int64_t exact;		    /* as in struct step_time, once the key is made */
	/* Once prepared. */
	struct mounted mounted;
	struct cache_mount cache;
	char *path; /* what is bound, absolute; owned. NULL: nothing */
	bool folder;
};

struct step_mounts {
	struct step_mount *v;
	size_t n;
	struct step_time time;	 /* of what binds show; once the key is made */
	char *memory;		 /* a file system in memory, for secrets and sockets; owned */
	struct vars env;	 /* further variables of the command */
	struct build_mount *out; /* ordered by target; what struct build_step takes */
	size_t out_n;
	pid_t *agents; /* processes that hand requests on to SSH agents */
	size_t agents_n;
};
#define STEP_MOUNTS_NONE ((struct step_mounts){ 0 })

/* Reads the flags and finds what they name. Failures point at the flag. */
int step_mounts_read(struct stage_work *s, const struct df_node *n, struct step_mounts *ret,
		     struct err *e);
/* Adds all of it that decides what the command sees: the content of files from the context, the
 * layers that others come from; of secrets, agents and caches no more than their names. */
int step_mounts_key(const struct stage_work *s, struct step_mounts *m, struct keyer *k,
		    struct err *e);
/* Makes what is to be mounted. Undone by step_mounts_free(). */
int step_mounts_prepare(struct stage_work *s, const struct df_node *n, struct step_mounts *m,
			struct err *e);
void step_mounts_free(struct step_mounts *m);
static inline void step_mounts_release(struct step_mounts *m)
{
	step_mounts_free(m);
}
#define auto_step_mounts __attribute__((cleanup(step_mounts_release))) struct step_mounts

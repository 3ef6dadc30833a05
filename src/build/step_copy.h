/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* COPY and ADD: what the files step_copy*.c share. */
#include "build/work.h"
#include "dockerfile/mode.h"

/* One COPY or ADD with its words replaced. */
struct copy {
	const struct df_node *n;
	struct strv patterns;	       /* sources that are files */
	struct remote_sources remotes; /* sources that are fetched */
	size_t *words;		       /* of each pattern, its word in n->args */
	size_t *ends;		       /* of each pattern, where in sources its files end */
	struct strv names, contents;   /* sources that are here-documents */
	char *target_word;	       /* as written, after substitution */
	char *target;		       /* absolute, clean */
	bool into;
	char *chown, *chmod;
	struct mode_change mode;
	struct ignore exclude;
	bool link, parents;
	bool unpack; /* ADD: archives are taken apart */
	struct owner
		owner; /* --link: looked up before the step, since it has no file system below */
	/* Where files come from: the context, or a file system that some image or stage has. */
	struct source_root root;
	struct draft image;	     /* --from=IMAGE */
	const struct draft *from;    /* --from: the layers; NULL: the context */
	struct mounted from_mounted; /* --from, mounted when something is to be copied */
	struct sources sources;
	struct step_time time;
};

/* step_copy_read.c: the words and flags. Failures point; c is the caller's to free in any case. */
int copy_read(struct stage_work *s, struct copy *c, struct err *e);
/* A failure r at a flag points at it; else 0 or more as it is. */
int copy_wrap_flag(const struct stage_work *s, const struct copy *c, const char *name, int r,
		   struct err *e);

/* step_copy_key.c: the step's key, and with it c->time. */
int copy_key(struct stage_work *s, struct copy *c, struct digest *ret, struct err *e);
/* --link of what has a time of its own: the layer has nothing to do with what is below. */
bool copy_alone(const struct copy *c);

/* Mounts what --from means and finds its files, once. */
int copy_open_from(struct stage_work *s, struct copy *c, struct err *e);

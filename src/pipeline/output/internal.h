/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files that write outputs; nobody else includes this. */
#include "build/area.h"
#include "pipeline/outfile.h"
#include "pipeline/output/output.h"

/*
 * A folder of the user's in the making: ".plimsoll-<random>" beside dest when dest is not there
 * yet, within it when it is. It is locked, and those that killed exports left are removed.
 */
struct stage {
	int parent, fd; /* of the folder that holds it; its own, which has the lock */
	char name[64];	/* within parent; "" once it is placed */
	char *leaf;	/* what it becomes within parent; NULL: dest is parent itself */
};
#define STAGE_NONE ((struct stage){ .parent = -1, .fd = -1 })
int stage_open(const char *dest, struct stage *ret, struct err *e);
/* To where it was meant: by one rename, or for a folder that was there by merging into it: folders
 * with folders, everything else replaces. A folder is never replaced by something else: E_FORMAT
 * before anything is moved. */
int stage_place(struct stage *s, struct err *e);
void stage_close(struct stage *s); /* removes what was not placed */
static inline void stage_release(struct stage *s)
{
	stage_close(s);
}
#define auto_stage __attribute__((cleanup(stage_release))) struct stage

/* An image's root file system, mounted where only this process sees it. */
struct tree {
	struct area area;
	char *path; /* of the mount; NULL: none */
	int root;
};
#define TREE_NONE ((struct tree){ .area = AREA_NONE, .root = -1 })
int tree_open(const struct road *road, struct tree *ret, struct err *e);
void tree_close(struct tree *t);
static inline void tree_release(struct tree *t)
{
	tree_close(t);
}
#define auto_tree __attribute__((cleanup(tree_release))) struct tree

/* output_layout.c: archive or folder, names being those of the image there. */
int output_layout(const struct road *road, const struct output *o, const struct strv *names,
		  struct err *e);
/* output_tree.c */
int output_tar(const struct road *road, const struct output *o, struct err *e);
/* output_local.c */
int output_local(const struct road *road, const struct output *o, struct err *e);

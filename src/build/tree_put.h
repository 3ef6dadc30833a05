/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/tree.h"
#include "build/walk.h"

/* What the files of tree_copy() share; not for others: one file of those that are copied, into an
 * open folder. */
struct tree_put {
	const struct tree_copy *c;
	bool keep_owner; /* and extended attributes */
};

/* What the copy of a file with that stat is to have. */
struct owner tree_put_owner(const struct tree_put *g, const struct stat *st);
mode_t tree_put_mode(const struct tree_put *g, const struct stat *st);
void tree_put_times(const struct tree_put *g, const struct stat *st, struct timespec ret[2]);

/* Folders that have to be made, as tree_mkdir(). */
int tree_put_folders(const struct tree_copy *c, const char *path, struct err *e);
/* Makes room for a file: another file goes, a folder is in the way (E_FORMAT) or goes as well. */
int tree_put_clear(const struct tree_put *g, int dir, const char *name, const char *shown,
		   struct err *e);
/* Copies an open regular file to dir/name. Of several threads at once, for different names. */
int tree_put_regular(const struct tree_put *g, int from, const struct stat *st, int dir,
		     const char *name, struct err *e);
int tree_put_link(const struct tree_put *g, const struct walk_item *it, int dir, struct err *e);
int tree_put_fifo(const struct tree_put *g, const struct walk_item *it, int dir, struct err *e);

/* tree_copy_folder.c: what the folder holds into the target. Always 0, or an error. */
int tree_copy_folder(const struct tree_put *put, const struct source_root *from,
		     const struct source *src, struct err *e);

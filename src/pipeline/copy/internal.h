/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files that copy; nobody else includes this. */
#include "pipeline/copy/copy.h"
#include "registry/copy.h"

/* A store for the time of one copy, in the state folder's tmp. Those that killed copies left are
 * removed when the next is opened. */
struct copy_room {
	const struct state *parent;
	struct state state;
	struct store *store;
	char name[80]; /* "": none */
};
int copy_room_open(struct copy_room *x, const struct state *parent, struct err *e);
void copy_room_close(struct copy_room *x);

/* One copy. */
struct copy_run {
	struct road *road;
	struct registry_copy c;
	struct copy_room room;	 /* where blobs rest on their way, or an archive that is read */
	struct copy_room packed; /* what becomes an archive */
	struct store *opened;	 /* a layout that is read; owned */
	struct state folder;	 /* a layout that is written */
	struct store *written;	 /* the same; owned */
	bool made;		 /* by this copy: it was no layout before */
	char from_prefix[LIMIT_REF], to_prefix[LIMIT_REF];
};

/* copy_from.c: opens the source and finds the image. */
int copy_source_open(struct copy_run *x, const struct copy_end *from, struct desc *ret,
		     struct err *e);
/* copy_platform.c: the image of an index that was asked for, in the index's place. E_NOTFOUND when
 * there is none. */
int copy_choose_platform(struct copy_run *x, const struct copy_end *to, const struct copy_opts *o,
			 struct desc *d, struct err *e);
/* copy_to.c: opens the destination; *ret_tag is the tag to give, NULL for none. */
int copy_dest_open(struct copy_run *x, const struct copy_end *from, const struct copy_end *to,
		   const char **ret_tag, struct err *e);
/* What is left to do once all is copied: archives are written. */
int copy_dest_finish(struct copy_run *x, const struct copy_end *from, const struct copy_end *to,
		     const struct desc *d, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share of an open log; others include trail.h. */

#include "trail/checkpoint.h"
#include "trail/edge.h"
#include "trail/tile.h"
#include "trail/trail.h"

enum { LIMIT_VKEY = LIMIT_KEY_NAME + 128 };

/* The entries of one bundle. */
struct bundle {
	struct buf bytes; /* cap LIMIT_BUNDLE */
	uint64_t n;	  /* which one */
	unsigned width;	  /* entries in it; 0: nothing is loaded */
	size_t at[TILE_WIDTH + 1];
};

struct trail {
	int dir;	     /* <state>/trail */
	struct note_key key; /* private when may_sign */
	bool may_sign;
	char vkey[LIMIT_VKEY];
	struct checkpoint checkpoint;
	struct buf note;      /* the checkpoint as it stands in its file */
	struct bundle bundle; /* the last one read, its entries checked against their tile */
};

/* store.c: files of the log. The writer holds the lock, so its temporary names are fixed: a kill
 * leaves at most these few files, and the next append overwrites them. Data, name and folder are
 * synced; with new_folders every folder down to path is, for those that this write or one killed
 * before it made. */
int store_read(int dir, const char *path, size_t max, struct buf *ret, struct err *e);
int store_write(int dir, const char *path, const void *p, size_t n, mode_t mode, bool new_folders,
		struct err *e);

/* Several files that get their names once the bytes of all of them are on disk. None of them can be
 * relied upon before store_commit() returned 0. */
enum { STORE_BATCH = 2 + 2 * TILE_LEVELS }; /* an append that fills a tile of each level */
struct store_batch {
	int dir; /* borrowed */
	size_t n;
	struct {
		char path[LIMIT_TILE_PATH];
		int fd;
		bool new_folders;
	} v[STORE_BATCH];
};
int store_put(struct store_batch *b, const char *path, const void *p, size_t n, mode_t mode,
	      bool new_folders, struct err *e);
int store_commit(struct store_batch *b, struct err *e);
void store_batch_free(struct store_batch *b);
#define auto_batch __attribute__((cleanup(store_batch_free))) struct store_batch

/* Reads exactly width hashes, from the full tile when the partial one is gone. Every failure that
 * is the log's and not the machine's is E_VERIFY and names the tile. */
int store_tile(int dir, int level, uint64_t n, unsigned width, struct hash *ret, struct err *e);
int store_bundle(int dir, uint64_t n, unsigned width, struct bundle *ret, struct err *e);

/* The right edge of the tree of a checkpoint, E_VERIFY when it does not give the checkpoint's root.
 */
int store_edge(int dir, const struct checkpoint *c, struct edge *ret, struct err *e);

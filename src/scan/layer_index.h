/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/*
 * What a layer has too much of for its list, kept in two files beside it, which the sandboxed child
 * writes as it reads the layer and nobody ever holds in memory. Integers are little-endian. Both
 * are read with distrust: the child may have been taken over.
 *
 * Marks: "plimsoll.marks/1", a random key of 16 bytes, and for each entry of the layer, and each
 * folder above one, a word of 8 bytes: the upper 63 bits of SipHash(key, path), and what stands
 * there (enum mark). A word may come more than once.
 *
 * Owned files: "plimsoll.owned/1", then records of a letter and a text that ends with a NUL. 'D':
 * the path of a database, "dpkg:var/lib/dpkg/info/libc6.list", which the following come from; 'P':
 * a package; 'F': a path that it owns, as one byte for how much of it is that of the path before,
 * and the rest.
 */
enum { INDEX_HEADER = 32, LIMIT_INDEX_BYTES = 1024 * 1024 * 1024 };

/* What an entry takes away from lower layers. */
enum mark {
	MARK_FOLDER, /* a file of the same name */
	MARK_OTHER,  /* what has this name, and what is beneath: also a whiteout's target, and a
			folder that shows nothing of lower layers */
};

/* Writes one of them, in blocks. */
struct index_out;
int index_out_new(struct index_out **ret, int fd, struct err *e); /* fd is borrowed */
void index_out_free(struct index_out *o);
DEFINE_RELEASE_VOID(struct index_out, index_out_free)
int index_out_end(struct index_out *o, uint64_t *ret_bytes, struct err *e);

int marks_begin(struct index_out *o, const unsigned char key[static 16], struct err *e);
int marks_put(struct index_out *o, const char *path, size_t n, enum mark mark, struct err *e);

int owned_begin(struct index_out *o, struct err *e);
int owned_put_database(struct index_out *o, const char *catalog, const char *path, struct err *e);
int owned_put_file(struct index_out *o, struct str package, struct str path, struct err *e);

/* A path of lower layers, and whether this layer takes it away. */
struct hidden {
	const char *path; /* borrowed */
	size_t n;
	bool hidden; /* set, never cleared */
};

/* Reads marks to their end, and tells which of the paths they take away. */
int marks_hide(int fd, struct hidden *paths, size_t n, struct err *e);

/* Reads owned files to their end. database() is told of each database, and says whether it wants
 * its files; file() gets those. */
struct owned_reader {
	bool (*database)(void *arg, struct str catalog, const char *path);
	int (*file)(void *arg, struct str package, struct str path, struct err *e);
	void *arg;
};
int owned_read(int fd, const struct owned_reader *reader, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

/*
 * Blocks of the database: a few kilobytes that are read together, compressed by zstd with a
 * dictionary that all blocks of a table share. The dictionary is made of the blocks themselves, and
 * is stored beside them.
 */
enum {
	BLOCK_LEAST = 4 * 1024,		/* a block has as many bytes, if there are as many */
	BLOCK_MOST = 16 * 1024,		/* and not more, but for one thing that has */
	BLOCK_PACKED = 1400,		/* it is closed when it would compress to as many */
	LIMIT_BLOCK = 32 * 1024 * 1024, /* uncompressed; one thing may be larger than a block */
	LIMIT_DICTIONARY = 256 * 1024,
};

/* A dictionary ready for compression at a level of zstd's, which threads may share; a writer
 * belongs to one thread. */
struct block_dictionary;
int block_dictionary_new(struct block_dictionary **ret, struct str bytes, int level, struct err *e);
void block_dictionary_free(struct block_dictionary *d);
DEFINE_RELEASE_VOID(struct block_dictionary, block_dictionary_free)

struct block_writer;
struct block_writer *block_writer_new(void); /* NULL: out of memory */
int block_compress(struct block_writer *w, const struct block_dictionary *d, struct str raw,
		   struct buf *ret, struct err *e);
void block_writer_free(struct block_writer *w);

struct block_reader;
int block_reader_new(struct block_reader **ret, struct str dictionary, struct err *e);
/* Replaces what is in ret. E_FORMAT for what is damaged or larger than LIMIT_BLOCK. */
int block_decompress(struct block_reader *r, struct str packed, struct buf *ret, struct err *e);
void block_reader_free(struct block_reader *r);
DEFINE_RELEASE_VOID(struct block_reader, block_reader_free)

/* About how many bytes it would come to; by itself, and quickly. */
size_t block_estimate(struct block_writer *w, struct str raw);
/* A dictionary for so many blocks, of n samples that stand one after another. Empty where it would
 * not pay. */
int block_train(struct str samples, const size_t *sizes, size_t n, uint64_t blocks, struct buf *ret,
		struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/block.h"

#include <stdlib.h>
#include <zdict.h>
#include <zstd.h>

enum {
	DICTIONARY = 64 * 1024,
	A_BLOCK = 64, /* bytes of dictionary for each block: more would cost more than it saves */
};

struct block_dictionary {
	ZSTD_CDict *dictionary; /* NULL: an empty one */
	int level;
};

int block_dictionary_new(struct block_dictionary **ret, struct str bytes, int level, struct err *e)
{
	auto_release(block_dictionary_free) struct block_dictionary *d = calloc(1, sizeof(*d));

	if (!d)
		return FAIL_NOMEM(e);
	d->level = level;
	if (bytes.n) {
		d->dictionary = ZSTD_createCDict(bytes.p, bytes.n, level);
		if (!d->dictionary)
			return FAIL_NOMEM(e);
	}
	*ret = TAKE(d);
	return 0;
}

void block_dictionary_free(struct block_dictionary *d)
{
	if (!d)
		return;
	(void)ZSTD_freeCDict(d->dictionary);
	free(d);
}

struct block_writer {
	ZSTD_CCtx *ctx;
};

void block_writer_free(struct block_writer *w)
{
	if (!w)
		return;
	(void)ZSTD_freeCCtx(w->ctx);
	free(w);
}

struct block_writer *block_writer_new(void)
{
	struct block_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->ctx = ZSTD_createCCtx();
	/* The size of what is compressed is written by default: a reader knows how much room it
	 * needs, and that it is not too much. */
	if (w->ctx && !ZSTD_isError(ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_dictIDFlag, 0)))
		return w;
	block_writer_free(w);
	return NULL;
}

int block_compress(struct block_writer *w, const struct block_dictionary *d, struct str raw,
		   struct buf *ret, struct err *e)
{
	size_t bound = ZSTD_compressBound(raw.n), n;
	auto_free char *p = malloc(bound);

	if (!w || !p)
		return FAIL_NOMEM(e);
	if (raw.n > LIMIT_BLOCK)
		return FAIL(e, E_FORMAT, "more than %d bytes of one thing", LIMIT_BLOCK);
	n = ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_compressionLevel, d->level);
	if (!ZSTD_isError(n))
		n = ZSTD_CCtx_refCDict(w->ctx, d->dictionary);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(w->ctx, p, bound, raw.p, raw.n);
	if (ZSTD_isError(n))
		return FAIL(e, E_INTERNAL, "zstd: %s", ZSTD_getErrorName(n));
	buf_put(ret, p, n);
	return buf_check(ret, "a block", e);
}

size_t block_estimate(struct block_writer *w, struct str raw)
{
	size_t bound = ZSTD_compressBound(raw.n), n;
	auto_free char *p = malloc(bound);

	n = p ? ZSTD_compressCCtx(w->ctx, p, bound, raw.p, raw.n, 1) : raw.n;
	return ZSTD_isError(n) ? raw.n : n;
}

struct block_reader {
	ZSTD_DCtx *ctx;
	ZSTD_DDict *dictionary;
};

void block_reader_free(struct block_reader *r)
{
	if (!r)
		return;
	(void)ZSTD_freeDCtx(r->ctx);
	(void)ZSTD_freeDDict(r->dictionary);
	free(r);
}

int block_reader_new(struct block_reader **ret, struct str dictionary, struct err *e)
{
	auto_release(block_reader_free) struct block_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return FAIL_NOMEM(e);
	r->ctx = ZSTD_createDCtx();
	if (!r->ctx)
		return FAIL_NOMEM(e);
	if (dictionary.n) {
		r->dictionary = ZSTD_createDDict(dictionary.p, dictionary.n);
		if (!r->dictionary)
			return FAIL(e, E_FORMAT, "damaged: a dictionary");
	}
	*ret = TAKE(r);
	return 0;
}

int block_decompress(struct block_reader *r, struct str packed, struct buf *ret, struct err *e)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.p, packed.n);
	size_t n;

	/* Both sentinels, for an unknown size and for an error, are larger. */
	if (size > LIMIT_BLOCK)
		return FAIL(e, E_FORMAT, "damaged: a block without size, or too large");
	if (size + 1 > ret->alloc) {
		char *p = realloc(ret->p, (size_t)size + 1);

		if (!p)
			return FAIL_NOMEM(e);
		ret->p = p;
		ret->alloc = (size_t)size + 1;
	}
	ret->n = 0;
	n = ZSTD_decompress_usingDDict(r->ctx, ret->p, (size_t)size, packed.p, packed.n,
				       r->dictionary);
	if (ZSTD_isError(n) || n != size)
		return FAIL(e, E_FORMAT, "damaged: a block does not decompress");
	ret->n = n;
	ret->p[n] = '\0';
	return 0;
}

int block_train(struct str samples, const size_t *sizes, size_t n, uint64_t blocks, struct buf *ret,
		struct err *e)
{
	size_t most = blocks < DICTIONARY / A_BLOCK ? (size_t)blocks * A_BLOCK : DICTIONARY, got;
	auto_free char *p = malloc(most + 1);

	if (!p)
		return FAIL_NOMEM(e);
	if (n < 8 || n > UINT32_MAX || most < 1024)
		return 0;
	got = ZDICT_trainFromBuffer(p, most, samples.p, sizes, (unsigned)n);
	/* Too few or too equal samples are no error: there is just nothing to share. */
	if (!ZDICT_isError(got))
		buf_put(ret, p, got);
	return buf_check(ret, "a dictionary", e);
}

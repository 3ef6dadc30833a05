/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/cleanup.h"
#include "oci/tar.h"

/*
 * Layer compression (image-spec layer.md; RFC 1952 gzip, RFC 8878 zstd).
 *
 * Reading: isa-l for gzip (it streams and is the fastest here; checks the CRC and length of every
 * member; several members and zero padding after the last are taken, anything else after it is
 * not), libzstd for zstd with a window of at most LIMIT_ZSTD_WINDOW. Both give E_FORMAT for bytes
 * that are cut short or do not fit. How much comes out is the caller's to bound.
 *
 * Writing: gzip whose bytes depend on the input only. It is cut into chunks of 1 MiB, each a member
 * of its own made by libdeflate, so that two threads can work and neither their number nor their
 * timing shows. isa-l would be faster, but picks its match finder by CPU features, so that two
 * machines give two digests for one layer; libdeflate's choices do not look at the CPU. The header
 * has no name and time 0. Level 1: on /usr it comes to 40.0 % where level 6 comes to 36.4 %, in
 * half the time (140 and 67 MB/s a core of a busy machine). Another version of libdeflate may give
 * other bytes: a rebuild with the same tools is the same, a diff ID always is.
 */
enum { LIMIT_ZSTD_WINDOW_LOG = 27, GZIP_CHUNK = 1024 * 1024, GZIP_LEVEL = 1 };

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
	COMPRESSION_BZIP2, /* told by detect, read only through their programs */
	COMPRESSION_XZ,
};
/* By the first bytes; six are enough. */
enum compression compression_detect(const void *p, size_t n);

struct inflater;
/* kind: none, gzip or zstd. read pulls the compressed bytes. */
int inflater_new(struct inflater **ret, enum compression kind, tar_read_fn read, void *arg,
		 struct err *e);
/* Up to n bytes into p; 0 at the end. Usable as a tar_read_fn. */
int64_t inflater_read(void *inflater, void *p, size_t n, struct err *e);
void inflater_free(struct inflater *i);
DEFINE_RELEASE_VOID(struct inflater, inflater_free)

struct gzip_writer;
/* threads 0: compresses in the caller; else that many of its own. write is only ever called from
 * the caller's thread, in order. */
int gzip_writer_new(struct gzip_writer **ret, unsigned threads, tar_write_fn write, void *arg,
		    struct err *e);
int gzip_writer_write(void *writer, const void *p, size_t n, struct err *e); /* a tar_write_fn */
int gzip_writer_end(struct gzip_writer *w, struct err *e);
void gzip_writer_free(struct gzip_writer *w);
DEFINE_RELEASE_VOID(struct gzip_writer, gzip_writer_free)

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
 * of its own, so that several threads can work and neither their number nor their timing shows.
 * isa-l chooses its code by the CPU, but all that it has for x86-64 with SSE 4.2 (every one since
 * 2009) gives the same bytes: tests/scripts/gzip_cpus asks them in turn. A CPU without it gives
 * other ones, as another version of isa-l may: then a layer's digest is another, its diff ID never.
 * Level 2 comes to 1 % more than libdeflate's level 1, in half the time. The header has no name and
 * time 0.
 */
enum { LIMIT_ZSTD_WINDOW_LOG = 27, GZIP_CHUNK = 1024 * 1024, GZIP_LEVEL = 2, GZIP_THREADS = 2 };

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
	COMPRESSION_BZIP2, /* told by detect, read only through their programs */
	COMPRESSION_XZ,
};
/* By the first bytes; six are enough. */
enum compression compression_detect(const void *p, size_t n);

/* What the program of that name (kind: bzip2 or xz) makes of the file fd, from its beginning, goes
 * to out. More than max bytes are E_FORMAT, as is a program that is not content. */
int compression_by_program(enum compression kind, int fd, int out, uint64_t max, struct err *e);

/* CRC-32 as gzip and zip have it (RFC 1952, 8); crc is 0 at first. */
uint32_t compression_crc32(uint32_t crc, const void *p, size_t n);

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

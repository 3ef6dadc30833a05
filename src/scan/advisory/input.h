/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/compress.h"

/*
 * A file of advisories as its bytes mean it: gzip and zstd are undone (told by the first bytes, a
 * name says nothing), and what it begins with can be looked at before it is read. For use in the
 * sandbox: the file is hostile.
 */
enum { INPUT_HEAD = 4096 };
#define LIMIT_ADVISORY_INPUT ((uint64_t)64 * 1024 * 1024 * 1024) /* of one file, uncompressed */

struct input;
/* fd is borrowed, and read from its beginning. xz and bzip2 are E_FORMAT, with a hint. */
int input_open(struct input **ret, int fd, struct err *e);
/* The first bytes, at most INPUT_HEAD of them; borrowed. */
struct str input_head(const struct input *in);
/* From the beginning, whatever was looked at. 0 at the end. A tar_read_fn. */
int64_t input_read(void *input, void *p, size_t n, struct err *e);
void input_free(struct input *in);
DEFINE_RELEASE_VOID(struct input, input_free)

/*
 * ZIP archives (PKWARE APPNOTE 6.3.10), as OSV publishes an ecosystem: stored or deflated members,
 * ZIP64, found by the central directory. Encrypted members, several disks, other methods, and sizes
 * that do not hold are E_FORMAT; so is a member whose CRC is another.
 */
enum {
	LIMIT_ZIP_MEMBERS = 4 * 1000 * 1000,
	LIMIT_ZIP_NAME = 1024,
	LIMIT_ZIP_DIRECTORY = 512 * 1024 * 1024,
};
struct zip;
bool zip_is(struct str head);
int zip_open(struct zip **ret, int fd, struct err *e);
/* 1 and the member's name, borrowed until the next call; 0 after the last. */
int zip_next(struct zip *z, const char **ret_name, struct err *e);
/* Bytes of the current member; 0 at its end, when size and CRC held. A tar_read_fn. */
int64_t zip_read(void *zip, void *p, size_t n, struct err *e);
void zip_free(struct zip *z);
DEFINE_RELEASE_VOID(struct zip, zip_free)

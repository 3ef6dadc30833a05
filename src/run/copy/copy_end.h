/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/tar.h"
#include "run/copy/copy.h"

/* One end of a copy, in its sandbox: what copy_send.c, copy_receive.c and copy_tar.c share. */
#define LIMIT_COPY ((uint64_t)64 * 1024 * 1024 * 1024)

struct links;
struct end {
	const struct copy_place *place;
	const char *as;
	int fd;
	struct tar_writer *out;
	struct tar_reader *in;
	struct links *links; /* of what was sent; NULL until there is one */
	uint64_t bytes, skipped;
	char chunk[65536];
};

/* For sandbox_start(); arg is a struct end. The first emits how many things were left out. */
int copy_send_child(void *arg, struct buf *emit, struct err *e);
int copy_receive_child(void *arg, struct buf *emit, struct err *e);

/*
 * Files with several names, by what they are: the name that was sent first, or NULL, and then this
 * is it. Those past LIMIT_LINKS_SENT are files by themselves.
 */
enum { LIMIT_LINKS_SENT = 65536 };
struct stat;
int links_name(struct links **l, const struct stat *st, const char *name, const char **ret_first,
	       struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "crypto/digest.h"
#include "registry/fetch/proto.h"

/*
 * The body of one request: a part of a descriptor, hashed from the descriptor's start while it is
 * read, so that bytes which are not what the request's sum says are never sent to their end.
 */
struct body {
	int fd;		/* borrowed */
	uint64_t at, n; /* the part that is sent */
	uint64_t sent;	/* of it */
	bool has_sum;
	unsigned char sum[FETCH_SUM];
	struct sha256 *hash; /* while has_sum */
};

/* What is before the part is hashed now: it takes a while. A descriptor that cannot be read, or
 * ends before the part does, is E_SYSTEM. */
int body_open(struct body *b, int fd, const struct fetch_request *q, struct err *e);
void body_close(struct body *b);
#define auto_body __attribute__((cleanup(body_close))) struct body

/* The next bytes, at most cap; 0 only at the end. E_VERIFY instead of the last ones when the sum is
 * another: its message is the digest that the bytes have. */
ssize_t body_read(struct body *b, void *p, size_t cap, struct err *e);

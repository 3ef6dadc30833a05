/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * CBOR (RFC 8949) as signatures have it: read from front to back, without copies. Every item must
 * be in the one deterministic form (section 4.2.1) as far as an item alone shows it: definite
 * lengths, each in the shortest head; text is UTF-8. That the names of a map differ is for whoever
 * reads the map.
 */
enum {
	LIMIT_CBOR_DEPTH = 8, /* of what is skipped */
	CBOR_HEAD_MAX = 9,
};

enum cbor_type {
	CBOR_UINT,
	CBOR_NEGATIVE, /* -1 - value */
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
	CBOR_SIMPLE, /* false, null, floating-point numbers */
};

struct cbor {
	struct str rest; /* not yet read */
};

/* The type of the next item; E_FORMAT at the end. Reads nothing. */
int cbor_peek(const struct cbor *c, enum cbor_type *ret, struct err *e);

/* The next item, which must be of that type; E_FORMAT. Bytes and text are borrowed. */
int cbor_int(struct cbor *c, int64_t *ret, struct err *e);
int cbor_bytes(struct cbor *c, struct str *ret, struct err *e);
int cbor_text(struct cbor *c, struct str *ret, struct err *e);
int cbor_array(struct cbor *c, uint64_t *ret_n, struct err *e); /* n items follow */
int cbor_map(struct cbor *c, uint64_t *ret_n, struct err *e);	/* n pairs follow */
int cbor_tag(struct cbor *c, uint64_t want, struct err *e);	/* the tagged item follows */

/* One item of any type with all that it holds. */
int cbor_skip(struct cbor *c, struct err *e);

/* Writing: the head of an item, in its shortest form, or an item whole. */
void cbor_put_head(struct buf *b, enum cbor_type type, uint64_t value);
void cbor_put_int(struct buf *b, int64_t value);
void cbor_put_bytes(struct buf *b, struct str bytes);
void cbor_put_text(struct buf *b, const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/*
 * JSON as protobuf writes it (signing.md 2.4), for bundles and trusted roots: bytes in base64,
 * 64-bit integers as strings or numbers, a member that is null as one that is missing. Unknown
 * members are refused, as protobuf's own readers do: what is not understood is not trusted.
 */

/* o is an object whose members are all in known, which spaces part. E_FORMAT. */
int pb_members(const json_t *o, const char *known, const char *what, struct err *e);
/* The member, or NULL when it is missing or null. Borrowed. */
json_t *pb_get(const json_t *o, const char *key);
/* Appends the bytes of a required member to ret, whose cap holds. */
int pb_bytes(const json_t *o, const char *key, struct buf *ret, const char *what, struct err *e);
/* Exactly n bytes. */
int pb_bytes_exact(const json_t *o, const char *key, void *ret, size_t n, const char *what,
		   struct err *e);
/* A missing one is 0. Negative ones are refused. */
int pb_int64(const json_t *o, const char *key, int64_t *ret, const char *what, struct err *e);
/* Required, and fits with its NUL into cap bytes. */
int pb_string(const json_t *o, const char *key, char *ret, size_t cap, const char *what,
	      struct err *e);
/* An array of at most max; *ret is NULL when the member is missing. Borrowed. */
int pb_array(const json_t *o, const char *key, size_t max, json_t **ret, const char *what,
	     struct err *e);
/* An RFC 3339 timestamp; *ret_there tells whether it is there. */
int pb_time(const json_t *o, const char *key, int64_t *ret, bool *ret_there, const char *what,
	    struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/store.h"

/* Shared by store.c (names, look-ups) and store_blob.c (blobs). */
enum { LIMIT_INDEX = 16 * 1024 * 1024, STORE_LOCK_MS = 60 * 1000 };

struct store {
	int dir; /* the layout's folder */
	bool read_only, passing;
	int in_use; /* shared lock for as long as we are open: store_gc() waits for nobody, it asks
		       this */
};

/* Removes the half-written blobs of writers that were killed, if nobody else has the store open.
 * Before our own lock is taken. */
void store_tidy(struct store *s);

/* "blobs/sha256/<hex>" */
struct blob_path {
	char s[96];
};
struct blob_path blob_path(const struct digest *d);

int store_index_load(const struct store *s, json_t **ret, struct err *e);
int store_index_save(const struct store *s, const json_t *index,
		     struct err *e); /* index.lock held */

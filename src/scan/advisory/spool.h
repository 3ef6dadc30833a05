/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/db_internal.h"

/*
 * The entries of one kind on their way into the database: gathered into blocks, kept
 * in a file without a name until all are there, so that a dictionary can be made of them; then
 * compressed and stored.
 */
struct spool;
int spool_new(struct spool **ret, const struct state *state, struct err *e);
/* Entries come by key. */
int spool_put(struct spool *s, const char *key, struct str value, struct err *e);
uint64_t spool_bytes(const struct spool *s); /* uncompressed */
/* level is zstd's; *n counts blocks over all spools. */
int spool_store(struct spool *s, unsigned kind, int level, sqlite3 *db, int64_t *n, struct err *e);
void spool_free(struct spool *s);
DEFINE_RELEASE_VOID(struct spool, spool_free)

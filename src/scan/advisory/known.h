/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/*
 * The units that a rebuild knows, by name: those of the database as it was, and those that came in
 * since. Only a hash of a name is kept, so that a million of them fit into memory.
 */
struct known_unit {
	unsigned char key[16]; /* of its name's SHA-256 */
	unsigned char hash[8]; /* of its edition */
	uint64_t modified;
	uint32_t number; /* in the old database, or by arrival */
	bool arrived;	 /* number is by arrival */
	bool used;
};
struct known;
int known_new(struct known **ret, struct err *e);
/* The unit of this name, made when it is not there: then .used is false, and the caller sets it.
 * Borrowed until the next call. */
int known_find(struct known *k, const char *name, struct known_unit **ret, struct err *e);
void known_free(struct known *k);
DEFINE_RELEASE_VOID(struct known, known_free)

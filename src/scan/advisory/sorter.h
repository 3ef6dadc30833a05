/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"

/*
 * Sorts more than fits into memory: records of a key and a value, by the bytes of the key, equal
 * ones in the order in which they came. What is over `memory` bytes waits, sorted, in a file
 * without a name in the state folder.
 */
struct sorter;
int sorter_new(struct sorter **ret, const struct state *state, size_t memory, struct err *e);
int sorter_put(struct sorter *s, struct str key, struct str value, struct err *e);
/* Called once, after the last record was put. */
int sorter_sort(struct sorter *s, struct err *e);
/* 1 and the next record, borrowed until the next call; 0 at the end. */
int sorter_next(struct sorter *s, struct str *ret_key, struct str *ret_value, struct err *e);
void sorter_free(struct sorter *s);
DEFINE_RELEASE_VOID(struct sorter, sorter_free)

/* A file of the state folder that has no name, to read and write. */
int temp_file(const struct state *state, struct err *e);

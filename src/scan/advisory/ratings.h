/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/record.h"
#include "scan/advisory/sorter.h"
#include "scan/advisory/spool.h"

/*
 * How vulnerabilities are rated, whoever asks: of each id that units are about as a whole, the one
 * rating of them all that counts. It is made anew of the units whenever a database is compiled.
 */
struct ratings;
int ratings_new(struct ratings **ret, const struct state *state, struct err *e);
/* What a unit says of the ids that all of it is about. Units come in the order of their numbers. */
int ratings_add(struct ratings *r, const struct unit_head *head, uint32_t unit, struct err *e);
/* Writes an entry of KIND_RATINGS for each id. Called once. */
int ratings_store(struct ratings *r, struct spool *to, struct err *e);
void ratings_free(struct ratings *r);
DEFINE_RELEASE_VOID(struct ratings, ratings_free)

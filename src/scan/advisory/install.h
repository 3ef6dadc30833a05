/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"

/*
 * Replaces the database and what is known of its sources by those of another host, as one: from is
 * a whole database, checks a document of checks.h. What is not a database of ours is E_FORMAT and
 * changes nothing.
 */
int advisory_db_install(const struct state *state, int from, const json_t *checks, struct err *e);

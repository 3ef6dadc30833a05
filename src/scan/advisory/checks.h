/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"

/*
 * When each source of advisories was last asked, <state>/advisories.json. The database says when
 * what it holds last changed, and a source without news for a week is as good as one that was asked
 * an hour ago: how old the data is, is how long ago its source was asked with success.
 *
 *   {"schema":"plimsoll.checks/v1",
 *    "sources":{"kev":{"checked":1767312000,"attempted":1767312000,"error":"…"}}}
 *
 * error is there when the last attempt failed, or when documents of it could not be read: then
 * "unreadable" tells how many. checked is the last one that was answered.
 */
#define ADVISORY_CHECKS "advisories.json"
#define ADVISORY_CHECKS_SCHEMA "plimsoll.checks/v1"
enum { LIMIT_ADVISORY_CHECKS = 1024 * 1024 };

/* Imports from files have one entry of this name, which counts when no other source is there. */
#define ADVISORY_CHECKS_IMPORT "import"

/* Empty when there is no file. A damaged one is E_FORMAT, with a hint. Owned. */
int advisory_checks_load(const struct state *state, json_t **ret, struct err *e);
int advisory_checks_parse(const char *p, size_t n, json_t **ret, struct err *e);
int advisory_checks_save(const struct state *state, const json_t *checks, struct err *e);

/* Notes an attempt; error NULL: it went well. unreadable: it did but for so many documents, of
 * which error tells. */
int advisory_checks_note(json_t *checks, const char *source, int64_t now, const char *error,
			 uint64_t unreadable, struct err *e);

/* The source that was asked longest ago, unix seconds: 0 when it never answered; -1 without any
 * source. ret_source (may be NULL) is borrowed. */
int64_t advisory_checks_oldest(const json_t *checks, const char **ret_source);
/* When any of them last answered; 0: none did. */
int64_t advisory_checks_newest(const json_t *checks);

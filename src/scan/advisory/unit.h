/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/*
 * Advisories as others publish them, read into one shape. A unit is what a publisher replaces as a
 * whole: one OSV document, or one repository of Alpine's secdb.
 *
 *   {"unit":"osv/DSA-5532-1", "source":"osv/Debian", "modified":1699999999, "title":"…",
 *    "ecosystems":["Debian:12"],
 *    "ids":[["CVE-2023-5363","DSA-5532-1"]],
 *    "rows":[{"e":"Debian:12","p":"openssl","s":3,"c":75,"r":[["i","0","f","3.0.11-1"]],"v":[…]}]}
 *
 * Each list of "ids" is one vulnerability, its first id the one to show (a CVE where there is one);
 * rows belong to all of them, or to those that their own "ids" name. "r" are ranges of events in
 * the order given (i introduced, f fixed, l last affected), "v" single versions, "s" a severity and
 * "c" a score in tenths, -1 when there is none. A withdrawn advisory is a unit without rows.
 */
enum {
	LIMIT_ADVISORY_DOC = 32 * 1024 * 1024, /* one document of a stream */
	LIMIT_ADVISORY_IDS = 4096,	       /* ids, aliases and upstreams of one */
	LIMIT_ADVISORY_AFFECTED = 64 * 1024,   /* packages of one */
	LIMIT_ADVISORY_VERSIONS = 256 * 1024,  /* versions and events of one */
	LIMIT_ADVISORY_STRING = 1024,	       /* an id, package or version */
	LIMIT_ADVISORY_TITLE = 200,	       /* cut to this, on a character */
};

/* Whether a JSON document is one of the formats that we know. */
bool advisory_is_osv(const json_t *doc);
bool advisory_is_secdb(const json_t *doc);

/* Owned. E_FORMAT names the member that is wrong; the caller adds which document it was. */
int advisory_osv(const json_t *doc, json_t **ret, struct err *e);   /* OSV schema 1.7 and before */
int advisory_secdb(const json_t *doc, json_t **ret, struct err *e); /* one repository */

/*
 * Splits a stream of JSON into its documents: an array's elements, or objects one after another
 * (JSON lines too). Only one is in memory at a time. read is asked for more bytes: 0 ends.
 */
struct json_stream;
typedef int64_t (*json_stream_read_fn)(void *arg, char *p, size_t n, struct err *e);

int json_stream_new(struct json_stream **ret, json_stream_read_fn read, void *arg, struct err *e);
/* 1 and a document's text, borrowed until the next call; 0 at the end. */
int json_stream_next(struct json_stream *s, struct str *ret, struct err *e);
void json_stream_free(struct json_stream *s);
DEFINE_RELEASE_VOID(struct json_stream, json_stream_free)

/*
 * Reads a whole file of advisories, JSON or YAML, and emits one unit a line in canonical form. Runs
 * in the sandbox. A document of another kind is E_NOTFOUND, so that a folder's other files can be
 * passed over; anything broken is E_FORMAT.
 */
int advisory_parse_file(int fd, const char *name, struct buf *emit, struct err *e);

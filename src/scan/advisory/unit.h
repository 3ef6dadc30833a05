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
 * the order given (i introduced, f fixed, l last affected, u: nothing is said of this version and
 * later ones), "v" single versions, "s" a severity and "c" a score in tenths, -1 when there is
 * none. A withdrawn advisory is a unit without rows.
 *
 * Optional members of a row: "vec", the CVSS vector that "c" was scored from; "st", what the
 * publisher says beside affected and fixed, one of "no-dsa", "postponed", "ignored", "unimportant",
 * "undetermined", "end-of-life", "wont-fix", "investigating", "pro-only" (mended, but for who has
 * Ubuntu Pro), "fixed" (up to the version that stands there, whatever others say), "not-affected".
 * Rows that are not affected stay, to tell why nothing was reported.
 * "on", the platforms that it is about where it is not about all: words "OS", "OS/ARCH" or "/ARCH"
 * by Go's names, separated by spaces.
 * "t", a title of its own. A package of a module's stream is named as Red Hat does,
 * "nodejs:18/nodejs".
 *
 * Optional members of a unit: "url", where a person reads on; "facts" about vulnerabilities,
 * whoever speaks of them: [{"id":"CVE-…","kev":"2026-01-02","ransomware":true}] or
 * [{"id":"CVE-…","epss":1234,"pct":56789}], parts per million; and "replaces":"debian/", on any
 * unit of a file that is published whole: units of that prefix that this import did not bring go.
 * A document of only "replaces" and "source" drops all that the import did not bring otherwise; one
 * of only "keep":"debian/openssl" keeps that unit as it is, as if it had been brought.
 */
enum {
	LIMIT_ADVISORY_DOC = 32 * 1024 * 1024, /* one document of a stream */
	LIMIT_ADVISORY_IDS = 4096,	       /* ids, aliases and upstreams of one */
	LIMIT_ADVISORY_AFFECTED = 64 * 1024,   /* packages of one */
	LIMIT_ADVISORY_VERSIONS = 256 * 1024,  /* versions and events of one */
	LIMIT_ADVISORY_ECOSYSTEMS = 1024,      /* of one: releases of distributions, mostly */
	LIMIT_ADVISORY_LINE = 64 * 1024,       /* of a format that is read by line */
	LIMIT_ADVISORY_STRING = 1024,	       /* an id, package or version */
	LIMIT_ADVISORY_TITLE = 200,	       /* cut to this, on a character */
};

/* Whether a JSON document is one of the formats that we know. */
bool advisory_is_osv(const json_t *doc);
bool advisory_is_secdb(const json_t *doc);
bool advisory_is_kev(const json_t *doc);
bool advisory_is_csaf(const json_t *doc);
bool advisory_is_kernel(const json_t *doc);
/* The same by the first bytes of a file, of those that are not read as one document. */
bool advisory_is_debian(struct str head);
bool advisory_is_debian_list(struct str head);
bool advisory_is_debian_fixed(struct str head);
bool advisory_is_kernel_table(struct str head);
bool advisory_is_epss(struct str head);

/* Owned. E_FORMAT names the member that is wrong; the caller adds which document it was. */
int advisory_osv(const json_t *doc, json_t **ret, struct err *e);   /* OSV schema 1.7 and before */
int advisory_secdb(const json_t *doc, json_t **ret, struct err *e); /* one repository */
int advisory_kev(const json_t *doc, json_t **ret, struct err *e);
int advisory_csaf(const json_t *doc, json_t **ret, struct err *e); /* CSAF 2.0, of one CVE mostly */
int advisory_kernel(const json_t *doc, json_t **ret, struct err *e); /* one CVE of the kernel */

/* One source package of Debian's security tracker: its name, and the object that stands there. */
#define ADVISORY_DEBIAN_UNITS "debian/"
int advisory_debian(const char *package, const json_t *doc, json_t **ret, struct err *e);
/* "bookworm" is "Debian:12"; a name without a number stays: "Debian:sid". */
void advisory_debian_ecosystem(const char *codename, struct buf *ret);

/*
 * Splits a stream of JSON into its documents: an array's elements, or objects one after another
 * (JSON lines too). Only one is in memory at a time. read is asked for more bytes: 0 ends.
 * Or, for one large object, into its members: the whole stream is read with json_stream_member()
 * then, which gives a member's name as it is written, without its quotes, and any value's text.
 * No document, value or name is larger than LIMIT_ADVISORY_DOC: E_FORMAT.
 */
struct json_stream;
typedef int64_t (*json_stream_read_fn)(void *arg, char *p, size_t n, struct err *e);

int json_stream_new(struct json_stream **ret, json_stream_read_fn read, void *arg, struct err *e);
/* JSON lines of which some may be broken: where a line is not whole when the next one begins, or
 * begins with no object, it is given by itself, for its reader to refuse. */
void json_stream_by_line(struct json_stream *s);
/* 1 and a document's text, borrowed until the next call; 0 at the end. */
int json_stream_next(struct json_stream *s, struct str *ret, struct err *e);
/* 1, a name and its value's text, both borrowed until the next call; 0 at the end. */
int json_stream_member(struct json_stream *s, struct str *ret_name, struct str *ret_value,
		       struct err *e);
void json_stream_free(struct json_stream *s);
DEFINE_RELEASE_VOID(struct json_stream, json_stream_free)

/* Documents are read by several processes beside each other, each of which takes some. */
struct unit_share {
	unsigned of, mine; /* of how many, which one we are */
	uint64_t seen;	   /* documents so far */
};
/* Called once for each document: whether it is ours to read. NULL: all are. */
static inline bool unit_is_mine(struct unit_share *s)
{
	return !s || s->seen++ % s->of == s->mine;
}

/* What became of the documents. */
enum { UNIT_TALLY_TEXT = 400 };
struct unit_tally {
	bool lenient;		     /* a document that cannot be read is passed over */
	uint64_t units;		     /* that went to the sink */
	uint64_t members;	     /* of archives, that were looked at */
	uint64_t skipped;	     /* of those, what is no advisory */
	uint64_t lost;		     /* passed over with lenient */
	char first[UNIT_TALLY_TEXT]; /* of those: "NAME: why" */
};

/* Where a reader's units go, one at a time; the unit is borrowed. */
struct unit_sink {
	int (*put)(void *arg, const json_t *unit, struct err *e);
	void *arg;
	struct unit_share *share; /* NULL: all documents */
	struct unit_tally *tally; /* NULL: nobody asks, and nothing is passed over */
};
int unit_emit(const struct unit_sink *to, const json_t *unit, struct err *e);
static inline bool unit_is_lenient(const struct unit_sink *to)
{
	return to->tally && to->tally->lenient;
}
/* What became of one document of many: r, or 0 when its error is one to pass over. Then it is
 * counted, and e is as if nothing had been. */
int unit_pass_over(const struct unit_sink *to, const char *name, int r, struct err *e);

/* Of formats that are read by line: 1 and a line, borrowed until the next call; 0 at the end. */
struct advisory_lines {
	int (*next)(void *arg, struct str *ret, struct err *e);
	void *arg;
};
/* EPSS. A unit a year. */
#define ADVISORY_EPSS_UNITS "epss/"
enum { LIMIT_EPSS_LINES = 4 * 1000 * 1000 };
int advisory_epss(const struct advisory_lines *lines, const struct unit_sink *to, struct err *e);
/* Debian's data/DSA/list or data/DLA/list, likewise. A unit an advisory. */
int advisory_debian_list(const struct advisory_lines *lines, const struct unit_sink *to,
			 struct err *e);

/* Fixes of Debian's changelogs, a unit a line. */
#define ADVISORY_DEBIAN_FIXED_UNITS "debian-fixed/"
int advisory_debian_fixed(const struct advisory_lines *lines, const struct unit_sink *to,
			  struct err *e);
/* A table of the kernel's CVEs, a unit a line. */
int advisory_kernel_table(const struct advisory_lines *lines, const struct unit_sink *to,
			  struct err *e);

/*
 * A file of advisories as a stream of bytes, whatever it was packed in. head is how it begins, as
 * far as it has been read (at least 256 bytes where there are as many), and is read again.
 */
struct advisory_input {
	const char *name;
	struct str head;
	json_stream_read_fn read;
	void *arg;
};

/*
 * Reads a whole file of advisories that is packed in nothing, and gives its units to the sink. Runs
 * in the sandbox. What it is is told by its bytes. A document of another kind is E_NOTFOUND, so
 * that a folder's other files can be passed over; anything broken is E_FORMAT.
 */
int advisory_parse(struct advisory_input *in, const struct unit_sink *to, struct err *e);
/* Whether a file of a folder or archive is looked at: .json, .jsonl, .yaml, .yml, and .tsv, .csv
 * and .list, which are no advisories unless they begin like some. */
bool advisory_is_name(const char *name);
/* The same of a file that may be packed: in gzip or zstd; and of zip and tar archives, all members
 * of such names; those of another kind are skipped. fd is read from its beginning. */
int advisory_parse_fd(int fd, const char *name, const struct unit_sink *to, struct err *e);
/* The same, with one unit a line in canonical form. */
int advisory_parse_file(int fd, const char *name, struct buf *emit, struct err *e);

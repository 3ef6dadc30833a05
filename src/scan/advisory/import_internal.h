/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "scan/advisory/db.h"
#include "scan/advisory/unit.h"

/* What the files of an import share. */
enum {
	BATCH = 31,			/* files that sandboxed children read at a time */
	BATCH_BYTES = 64 * 1024 * 1024, /* or fewer, when they are large */
	MAX_READERS = 4,
	IMPORT_WRITE = 1024 * 1024,
	LIMIT_IMPORT_FILES = 1000 * 1000,
	LIMIT_IMPORT_DEPTH = 16,
};

/* A file that waits to be read. */
struct waiting {
	int fd;
	char *name;
	bool named;  /* by the user, not found in a folder */
	bool single; /* one document of many, which may be unreadable */
	size_t path; /* which of those that were named it is, or is in */
};

struct intake_part {
	unsigned reader;
	uint64_t end; /* in its file of records */
};

/*
 * The files of one source on their way. Their records go to files of their own first, so that a
 * source is taken whole or not at all.
 */
struct intake {
	const struct state *state;
	struct progress *progress;
	bool lenient;		     /* documents that cannot be read are passed over */
	struct advisory_file *files; /* with lenient: which ones lost something is noted there */
	struct waiting batch[BATCH];
	size_t n;
	uint64_t bytes;
	int records[MAX_READERS];  /* -1: not needed so far */
	struct intake_part *parts; /* of them, in the order that they came in */
	size_t parts_n;
	struct advisory_import counts;
};

/* Opens a path and gives it, or the files beneath it, to intake_file(). */
int intake_path(struct intake *in, const char *path, size_t i, bool single, struct err *e);
/* Takes the descriptor over; reads the batch when it is full. */
int intake_file(struct intake *in, struct waiting file, struct err *e);
/* Reads what waits. */
int intake_flush(struct intake *in, struct err *e);
/* Gives all records to the build. */
int intake_give(struct intake *in, struct advisory_build *build, struct err *e);
void intake_release(struct intake *in);

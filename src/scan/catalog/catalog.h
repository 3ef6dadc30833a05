/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/*
 * Catalogs read the package databases of distributions. They are pure parsers over hostile bytes,
 * run in the sandboxed child that reads a layer. Text that the distribution's own tool would refuse
 * is E_FORMAT: a list that is read by half must not pass for the whole. What else the text lists is
 * found nevertheless: one broken entry must not hide the others.
 */
enum {
	LIMIT_CATALOG_BYTES = 64 * 1024 * 1024, /* one database file, unless its catalog says */
	LIMIT_PACKAGES = 100 * 1000,		/* in one file */
	LIMIT_PACKAGE_FIELD = 1024,		/* a name, version or architecture */
	LIMIT_PACKAGE_PATH = 4096,		/* of a file that a package owns */
	LIMIT_OS_RELEASE = 64 * 1024,
	LIMIT_RELEASE_FILE = 512, /* longer ones say something else */
};

/* One package as a database has it; what it does not know is empty. */
struct package {
	struct str name, version, arch;
	/* What it was built from (dpkg's source, apk's origin, rpm's SOURCERPM): advisories speak
	 * of those. They default to the package's own name and version. */
	struct str source, source_version;
	struct str ecosystem; /* where it is not the distribution's: "Go" */
	struct str license;   /* as the database words it */
	struct str module;    /* rpm's modularity label */
	struct str replaces;  /* Go: what the main module wanted in this one's place */
	struct str os;	      /* Go: the system that the program was built for, "linux" */
};

/*
 * Where a catalog puts what it finds. Packages are objects with a member for each field of struct
 * package that is known; name, version, arch, source and source_version are always there. Files
 * that packages own are many, and go their own way: nothing holds them all in memory.
 */
struct catalog_out {
	const char *path; /* of the file that is read, in its layer: "var/lib/dpkg/status" */
	json_t *packages;
	/* Takes one path that a package owns, without a "/" at its start; any bytes but NUL. NULL:
	 * nobody wants to know. */
	int (*file)(void *arg, struct str package, struct str path, struct err *e);
	void *arg;
};

/* Adds the packages of one database file, and what they own; after E_FORMAT those that could be
 * read. */
typedef int (*catalog_parse_fn)(struct str text, struct catalog_out *out, struct err *e);

struct catalog {
	const char *name; /* "dpkg" */
	/* Of its database in a layer; a "*" stands for one or more characters that are no "/". The
	 * first row that fits reads the file. */
	const char *path;
	catalog_parse_fn parse;
	size_t max;	 /* bytes of one file; 0: LIMIT_CATALOG_BYTES */
	bool files_only; /* it tells what packages own, not which there are */
};
extern const struct catalog catalogs[]; /* ends with a NULL name */

/* The catalog that reads this path, or NULL. */
const struct catalog *catalog_of(const char *path);

/* True when path is above a place where a catalog looks, or such a place. */
bool catalog_concerns(const char *path);

/* True when all that is looked for at path and beneath is looked for at target and beneath as well,
 * so that a link from one to the other leads nowhere new. */
bool catalog_follows(const char *path, const char *target);

int catalog_dpkg_status(struct str text, struct catalog_out *out, struct err *e);
int catalog_dpkg_status_d(struct str text, struct catalog_out *out, struct err *e);
int catalog_dpkg_list(struct str text, struct catalog_out *out, struct err *e);
int catalog_dpkg_md5sums(struct str text, struct catalog_out *out, struct err *e);
int catalog_apk_installed(struct str text, struct catalog_out *out, struct err *e);
int catalog_rpm(struct str file, struct catalog_out *out, struct err *e);
int catalog_rpm_wal(struct str file, struct catalog_out *out, struct err *e);
int catalog_rpm_manifest(struct str text, struct catalog_out *out, struct err *e);
int catalog_pacman_desc(struct str text, struct catalog_out *out, struct err *e);
int catalog_pacman_files(struct str text, struct catalog_out *out, struct err *e);
int catalog_unread(struct str text, struct catalog_out *out,
		   struct err *e); /* says that it is none of ours */

/* For catalogs that read on behind what is broken: what it was, the first of it. */
struct catalog_damage {
	int r; /* 0, or E_FORMAT */
	struct err e;
};
/* True when r is no failure, or one that can be read on behind. */
bool catalog_goes_on(struct catalog_damage *d, int r, const struct err *why);
/* What to return after the last step, which gave r: 0, what was broken, or r where it is another
 * failure. */
int catalog_end(struct catalog_damage *d, int r, const struct err *why, struct err *e);

/* For catalogs: one more package, and one more path that it owns, as folder and name ("" and the
 * whole path will do). They check the limits, and what goes into JSON for UTF-8. */
int catalog_add(struct catalog_out *out, const struct package *p, struct err *e);
int catalog_owns(struct catalog_out *out, struct str package, struct str folder, struct str name,
		 struct err *e);

/* A file's content, to be taken in pieces from its beginning: read() gives at most n bytes, 0 at
 * the end. What it fails with is passed on. */
struct catalog_stream {
	int64_t (*read)(void *arg, void *p, size_t n, struct err *e);
	void *arg;
	uint64_t size;
};

/*
 * Programs that Go built know what they were built from (debug/buildinfo): the modules, and Go's
 * version, which is that of the package "stdlib". catalog_go() looks at one file, whatever it is: 1
 * when it was such a program, 0 when not; E_FORMAT when it surely is one, but does not tell. The
 * reader holds the room that this takes, for one file after the other.
 */
enum { LIMIT_GO_INFO = 1024 * 1024 };
struct go_reader;
int go_reader_new(struct go_reader **ret, struct err *e);
void go_reader_free(struct go_reader *g);
int catalog_go(struct go_reader *g, const struct catalog_stream *in, struct catalog_out *out,
	       struct err *e);

/*
 * os-release(5), to an object with those of "id", "version_id", "codename" and "name" that the file
 * has. Lines that are no assignments are passed over, as the manual asks. Owned.
 */
int os_release_parse(struct str text, json_t **ret, struct err *e);

/*
 * Distributions without os-release (CentOS 6, Debian before 8, what somebody took it out of) have a
 * line in a file of their own. The paths, the one that knows best first, and their reader, which
 * gives the same object; it is empty where the text says nothing that we know.
 */
extern const char *const release_files[]; /* ends with NULL */
bool is_release_file(const char *path);
int release_file_parse(const char *path, struct str text, json_t **ret, struct err *e);

/*
 * The OSV ecosystem of a distribution: "Debian:12", "Alpine:v3.20", "Ubuntu:24.04". Appends nothing
 * when it is not one that we have advisories for.
 */
void os_ecosystem(const json_t *os, struct buf *ret);
/* The part of it that speaks of distributions of rpm packages, and of Arch Linux. */
void os_rpm_ecosystem(const json_t *os, struct buf *ret);

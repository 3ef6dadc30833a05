/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/*
 * Catalogs read the package databases of distributions. They are pure parsers over hostile bytes,
 * run in the sandboxed child that reads a layer. A package is an object with "name", "version",
 * "arch", and the source package (dpkg) or origin (apk) that it was built from, "source" and
 * "source_version": advisories speak of those. Text that the distribution's own tool would refuse
 * is E_FORMAT: a list that is read by half must not pass for the whole.
 */
enum {
	LIMIT_CATALOG_BYTES = 64 * 1024 * 1024, /* one database file */
	LIMIT_PACKAGES = 100 * 1000,		/* in one file */
	LIMIT_PACKAGE_FIELD = 1024,		/* a name, version or architecture */
	LIMIT_OS_RELEASE = 64 * 1024,
};

/* Appends the packages of one file to the array. */
typedef int (*catalog_parse_fn)(struct str text, json_t *packages, struct err *e);

struct catalog {
	const char *name; /* "dpkg" */
	const char
		*path; /* of its database in a layer; a folder of databases when it ends in "/" */
	const char *alias; /* where an archive with merged /usr keeps the same, or NULL */
	catalog_parse_fn parse;
};
extern const struct catalog catalogs[]; /* ends with a NULL name */

/* The catalog that reads this path, or NULL. */
const struct catalog *catalog_of(const char *path);

int catalog_dpkg_status(struct str text, json_t *packages, struct err *e);
int catalog_dpkg_status_d(struct str text, json_t *packages, struct err *e);
int catalog_apk_installed(struct str text, json_t *packages, struct err *e);

/* One more package; the source defaults to the package itself. Checks the limits and UTF-8. */
int catalog_add(json_t *packages, struct str name, struct str version, struct str arch,
		struct str source, struct str source_version, struct err *e);

/*
 * os-release(5), to an object with those of "id", "version_id", "codename" and "name" that the file
 * has. Lines that are no assignments are passed over, as the manual asks. Owned.
 */
int os_release_parse(struct str text, json_t **ret, struct err *e);

/*
 * The OSV ecosystem of a distribution: "Debian:12", "Alpine:v3.20", "Ubuntu:24.04". Appends nothing
 * when it is not one that we have advisories for.
 */
void os_ecosystem(const json_t *os, struct buf *ret);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "scan/catalog/catalog.h"

/*
 * The databases of rpm, by readers of our own: they keep one header ("blob") a package in one of
 * three containers, and of a container we need one walk over one table. Libraries that can do more
 * (SQLite would parse a hostile schema, Berkeley DB has no check to speak of) have no place in
 * front of such bytes. Each reader goes over the file in place, takes no page twice, and so costs
 * at most one pass over it, whatever the file claims; what does not add up is E_FORMAT.
 */
enum {
	/* CentOS 8 keeps 50 kB a package (changelogs, a digest for each file): some 10,000 of them.
	 * The file is held whole in the child's memory, beside it at most one header that lies in
	 * pieces, and what is found. */
	LIMIT_RPM_DATABASE = 512 * 1024 * 1024,
	LIMIT_RPM_HEADER = 64 * 1024 * 1024, /* one package */
	LIMIT_RPM_TAGS = 0xffff,	     /* as rpm has it */
	LIMIT_RPM_FOLDERS = 1000 * 1000,     /* that one package has files in */
	LIMIT_RPM_DEPTH = 20,		     /* of a tree of pages */
};

/* Is given one header after the other; borrowed, valid during the call. */
typedef int (*rpm_blob_fn)(void *arg, struct str blob, struct err *e);

int rpm_sqlite_read(struct str file, rpm_blob_fn fn, void *arg, struct err *e);
int rpm_ndb_read(struct str file, rpm_blob_fn fn, void *arg, struct err *e);
int rpm_bdb_read(struct str file, rpm_blob_fn fn, void *arg, struct err *e);
bool rpm_is_sqlite(struct str file);
bool rpm_is_ndb(struct str file);
bool rpm_is_bdb(struct str file);

/* What we read of a header. All borrowed from the blob. */
struct rpm_header {
	struct str name, version, release, arch;
	struct str source_rpm; /* "openssl-3.0.7-24.el9.src.rpm"; empty where nothing was built */
	struct str license, module;
	uint64_t epoch; /* 0 when there is none */
	struct str blob;
	/* Where the lists of files are, as rpm_header_files() reads them. */
	struct rpm_tag {
		uint32_t type, offset, count;
	} basenames, dirnames, dirindexes, old_names;
};

/* The content of a header as databases keep it: without magic (rpm's "header" format). */
int rpm_header_parse(struct str blob, struct rpm_header *ret, struct err *e);
/* The files of a package, as folder and name. */
int rpm_header_files(const struct rpm_header *h, struct catalog_out *out, struct err *e);

/* Adds the package of a header. Its source's name does not tell the epoch: the package's own stands
 * in, until all of a database are read. */
int rpm_add(struct catalog_out *out, const struct rpm_header *h, struct err *e);
/*
 * Then, for the packages from number `first` on: perl-File-Path 2.15 has no epoch, while perl
 * 4:5.26.3, of whose source it was built, has 4. A package that has its source's own version has
 * its epoch as well, and tells its sisters.
 */
int rpm_mend_epochs(json_t *packages, size_t first, struct err *e);

/* One bit a page: each page is part of one thing only. */
struct rpm_pages {
	uint8_t *taken;
	uint32_t n; /* pages, numbered from 0 */
};
int rpm_pages_new(struct rpm_pages *ret, uint32_t n, struct err *e);
/* E_FORMAT when there is no such page, or it was taken before. */
int rpm_pages_take(struct rpm_pages *p, uint32_t page, struct err *e);
static inline void rpm_pages_release(struct rpm_pages *p)
{
	free(p->taken);
}
#define auto_rpm_pages __attribute__((cleanup(rpm_pages_release))) struct rpm_pages

static inline uint32_t rpm_be32(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t rpm_le32(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint16_t rpm_be16(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint16_t rpm_le16(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	return (uint16_t)(p[1] << 8 | p[0]);
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/*
 * tar as layers have it: ustar, pax (path, linkpath, size, uid, gid, mtime, SCHILY.xattr.*), GNU
 * long names and base-256 numbers on reading (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar
 * manual, "Basic Tar Format"). Strict: bad checksums, sizes that do not fit, names with NUL, sparse
 * files and unknown types are refused, and so is what tools read differently: a size on a link or a
 * folder, a pax and a GNU name for one member, a global pax header that sets more than comments,
 * data after the end. A stream that ends at a member without the closing zeros is accepted. Names
 * come out cleaned: no leading "/" or "./", no trailing "/", no empty or "." parts; ".." anywhere
 * is E_FORMAT. The root itself is ".".
 */
enum {
	LIMIT_TAR_NAME = 4096,
	LIMIT_TAR_PAX = 1024 * 1024,
	LIMIT_TAR_XATTRS = 128,
	LIMIT_TAR_ENTRIES = 10 * 1000 * 1000
};

enum tar_type { TAR_FILE, TAR_HARDLINK, TAR_SYMLINK, TAR_CHAR, TAR_BLOCK, TAR_DIR, TAR_FIFO };

struct tar_xattr {
	char *name;
	char *value;
	size_t value_n;
};

struct tar_entry {
	char *name; /* cleaned, owned by the reader until the next call */
	char *link; /* hard link: cleaned target within the archive; symbolic link: as it is */
	enum tar_type type;
	mode_t mode; /* permission bits, setuid, setgid, sticky */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	int64_t mtime; /* seconds */
	uint32_t mtime_ns;
	uint32_t dev_major, dev_minor;
	struct tar_xattr *xattrs;
	size_t xattrs_n;
};

/* Pulls bytes: returns how many were read, 0 at the end, or a negative E_*. */
typedef int64_t (*tar_read_fn)(void *arg, void *p, size_t n, struct err *e);

struct tar_reader;
int tar_reader_new(struct tar_reader **ret, tar_read_fn read, void *arg, struct err *e);
/* 1 and the entry, 0 at the end of the archive. Unread data of the last entry is skipped. */
int tar_next(struct tar_reader *t, const struct tar_entry **ret, struct err *e);
int64_t tar_read(struct tar_reader *t, void *p, size_t n,
		 struct err *e); /* data of the current entry */
void tar_reader_free(struct tar_reader *t);
DEFINE_RELEASE_VOID(struct tar_reader, tar_reader_free)
/* Lowers LIMIT_TAR_ENTRIES. Extended headers count as entries. */
void tar_reader_max_entries(struct tar_reader *t, uint64_t max);

/* The writer makes the same bytes from the same entries: ustar where it fits, pax for the rest,
 * records sorted, no user or group names, times in whole seconds (mtime_ns dropped). */
typedef int (*tar_write_fn)(void *arg, const void *p, size_t n, struct err *e);
struct tar_writer;
int tar_writer_new(struct tar_writer **ret, tar_write_fn write, void *arg, struct err *e);
int tar_write_entry(struct tar_writer *t, const struct tar_entry *entry, struct err *e);
int tar_write_data(struct tar_writer *t, const void *p, size_t n,
		   struct err *e); /* exactly entry->size in all */
int tar_write_end(struct tar_writer *t, struct err *e);
void tar_writer_free(struct tar_writer *t);
DEFINE_RELEASE_VOID(struct tar_writer, tar_writer_free)

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/json.h"
#include "oci/store.h"

/*
 * An archive given to import, opened for reading at random. The bytes are hostile: they are
 * inflated and parsed in a sandboxed child, which tells where each member lies; what is then read
 * from a member has to be checked by digest or parsed strictly by the caller.
 *
 * By its content it is one of three: the archive of an OCI layout (an "oci-layout" file), docker's
 * ("manifest.json"), or a root filesystem, which is what has a /usr, /etc and their like, or
 * neither of the two files.
 */
enum archive_kind { ARCHIVE_ROOTFS, ARCHIVE_DOCKER, ARCHIVE_OCI };

enum {
	LIMIT_ARCHIVE_MEMBERS = 16 * 1024, /* files and links of an image archive */
	LIMIT_ARCHIVE_LINKS = 8,	   /* from a name to its file */
};

struct archive {
	enum archive_kind kind;
	int fd;		 /* at its start; of an image archive the plain tar */
	int64_t mtime;	 /* of the file that was named; now for a stream */
	json_t *members; /* of an image archive: name to [offset, size], or to a link's target */
};

/* path "-": standard input. A stream that cannot be read twice is kept in a file without a name in
 * the store meanwhile. A member that stands in an image archive twice is E_FORMAT. */
int archive_open(const struct store *s, const char *path, struct archive *ret, struct err *e);
void archive_close(struct archive *a);
static inline void archive_release(struct archive *a)
{
	archive_close(a);
}
#define ARCHIVE_NONE ((struct archive){ .fd = -1 })
#define auto_archive __attribute__((cleanup(archive_release))) struct archive

/* Reads a member whole, links within the archive followed. Appends. More than max bytes is
 * E_FORMAT, a name that leads nowhere E_NOTFOUND. */
int archive_read(const struct archive *a, const char *name, size_t max, struct buf *ret,
		 struct err *e);

/* A member as a blob of the store: as it is, checked against expect unless that is NULL. */
int archive_blob(const struct archive *a, const char *name, struct store *s, const char *media_type,
		 const struct desc *expect, struct desc *ret, struct err *e);

/* A layer of docker's archive: a compressed one as it is; a plain tar is compressed, which leaves
 * its diff ID. Neither digest is known before, so nothing is checked here. */
int archive_layer(const struct archive *a, const char *name, struct store *s, struct desc *ret,
		  struct err *e);

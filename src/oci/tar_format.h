/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/tar.h"

/* What the tar reader and writer share; not for other files. */
enum { TAR_BLOCK_SIZE = 512, LIMIT_TAR_XATTR = 65536, LIMIT_TAR_PART = 255 };

/* A ustar header (POSIX.1-2017 pax, "ustar Interchange Format"). */
struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
		magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155],
		pad[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK_SIZE, "a header is one block");

/* Sum of a header's bytes, its checksum field counted as spaces. */
static inline unsigned tar_checksum(const struct tar_header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK_SIZE; i++)
		sum += p[i];
	for (size_t i = 0; i < sizeof(h->checksum); i++)
		sum += ' ' - (unsigned)(unsigned char)h->checksum[i];
	return sum;
}

/* The records of one pax extended header that mean something to us. Strings point into the header's
 * bytes; .p NULL: not given. */
struct tar_pax {
	struct str path, linkpath, size, uid, gid, mtime;
	struct tar_xattr *xattrs; /* owned */
	size_t xattrs_n;
};
/* global: only comments are accepted, since tools disagree on what a global header applies to. */
int tar_pax_parse(struct str text, bool global, struct tar_pax *ret, struct err *e);
void tar_pax_free(struct tar_pax *p);
static inline void tar_pax_release(struct tar_pax *p)
{
	tar_pax_free(p);
}
/* "-1234.5678": seconds, floored, and nanoseconds. */
int tar_pax_time(struct str s, int64_t *ret, uint32_t *ret_ns, struct err *e);

/* Cleans a name as tar.h says, into ret (reset first). ret_folder: it ended in "/". */
int tar_clean_name(struct str name, struct buf *ret, bool *ret_folder, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"
#include "build/source.h"

struct mode_change;

/*
 * Changing a root file system that belongs to an image, as if by chroot into it: links within it
 * lead nowhere else.
 */
enum { TREE_XATTR_MAX = 65536, LIMIT_TREE_LINKS = 40 };

/* Who made files belong to. */
struct owner {
	uid_t uid;
	gid_t gid;
};

/* What made folders get. */
struct made {
	struct owner owner;
	mode_t mode;
	int64_t mtime;
};

/* Makes the folder and the missing ones above it. Returns a descriptor of it. */
int tree_mkdir(int root, const char *path, const struct made *how, struct err *e);

/*
 * "USER[:GROUP]" by number or by the names in the root's /etc/passwd and /etc/group. A user alone
 * brings its own group when it is a name, the group of the same number when it is one. A name that
 * the root does not know is E_NOTFOUND.
 */
int tree_owner(int root, const char *spec, struct owner *ret, struct err *e);

/* The extended attributes that images carry: user.* and security.capability, sorted. */
int tree_xattrs(int fd, struct strv *ret, struct err *e);
/* Gives them to another file. lenient: what the file system or our rights do not allow is left out.
 */
int tree_copy_xattrs(int to, int from, bool lenient, struct err *e);

struct tree_copy {
	int root;
	const char *target; /* absolute, clean */
	bool into;	    /* the target is a folder, whether it is there or not */
	bool set_owner;	    /* else as the source has it, or 0:0 */
	struct owner owner;
	const struct mode_change *mode; /* of what is copied or made; NULL: as the source has it */
	int64_t clamp;			/* no file's time is later */
	bool exact;			/* every file has that time */
	bool replace; /* a file makes room for a folder and a folder for a file, as in unpacking */
};

/*
 * Copies one source: a folder's content into the target, a file to or into it. Folders that have to
 * be made for it, the target itself too, are 0755 changed by mode, and the owner's. 1 when the
 * source is a file that became the target, so that a second one would replace it; else 0.
 */
int tree_copy(const struct tree_copy *c, const struct source_root *from, const struct source *src,
	      struct err *e);
/* Writes a file of that content, as COPY <<EOF does; returns as tree_copy(). */
int tree_write(const struct tree_copy *c, const char *name, const char *p, size_t n, struct err *e);

/* Sets every time in the tree to whole seconds, none later than clamp. */
int tree_clamp(int dir, int64_t clamp, struct err *e);

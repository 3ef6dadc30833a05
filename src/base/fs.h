/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Files beneath a directory descriptor. A path here is relative and never leaves its directory:
 * every open goes through openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS. All descriptors
 * are close-on-exec. Functions that return a descriptor return it, >= 0, or a negative E_*.
 * A file that is not there is E_NOTFOUND, other failures are E_SYSTEM.
 */

int fs_open(int dir, const char *path, int flags, mode_t mode,
	    struct err *e); /* symlinks followed beneath */
int fs_open_nolink(int dir, const char *path, int flags, mode_t mode,
		   struct err *e); /* no symlink anywhere */
/* As a chroot into dir would resolve it: absolute links and ".." stay inside (RESOLVE_IN_ROOT). */
int fs_open_in_root(int dir, const char *path, int flags, mode_t mode, struct err *e);
/* An absolute or cwd-relative path given by the user on the command line. */
int fs_open_user(const char *path, int flags, mode_t mode, struct err *e);

int fs_mkdir_p(int dir, const char *path, mode_t mode,
	       struct err *e); /* each part beneath, no symlinks */
int fs_mkdir_p_user(const char *path, mode_t mode, struct err *e); /* absolute or cwd-relative */
bool fs_exists(int dir, const char *path);

/* Reads all of a file, at most max bytes; one more is E_FORMAT. Appends to ret, whose cap also
 * holds. */
int fs_read_fd(int fd, const char *what, size_t max, struct buf *ret, struct err *e);
int fs_read(int dir, const char *path, size_t max, struct buf *ret, struct err *e);
int fs_read_user(const char *path, size_t max, struct buf *ret,
		 struct err *e); /* "-" is standard input */

int fs_write_all(int fd, const void *p, size_t n, struct err *e);

/* Writes path whole or not at all: temporary name in the same folder, fsync, rename, fsync of the
 * folder. */
int fs_write_file(int dir, const char *path, const void *p, size_t n, mode_t mode, struct err *e);

/* The same without waiting for the disk. After a crash of the machine the file may be missing,
 * empty or cut short: for what can be made again, and is known for broken by its reader. */
int fs_write_cache(int dir, const char *path, const void *p, size_t n, mode_t mode, struct err *e);

/* Copies n bytes, or all when n is UINT64_MAX, from one descriptor to another. */
int fs_copy(int to, int from, uint64_t n, struct err *e);

/* Removes a tree, never following a link nor crossing a mount. Missing is success. */
int fs_remove_tree(int dir, const char *path, struct err *e);

/* Takes an exclusive flock(2) on dir/path, made when missing, waiting at most timeout_ms
 * (-1: for ever; 0: try), and not much longer than five seconds for a process that is stopped.
 * Close the returned descriptor to release. Busy is E_SYSTEM, EWOULDBLOCK in e->sys, and the hint
 * tells who has it. */
int fs_lock(int dir, const char *path, int timeout_ms, struct err *e);
int fs_lock_shared(int dir, const char *path, int timeout_ms, struct err *e);

/* A fresh name "prefix" + 16 random hex digits, not yet made. ret holds at least 64 bytes. */
int fs_temp_name(const char *prefix, char *ret, size_t cap, struct err *e);

/* "/proc/self/fd/N", for interfaces that take only paths. ret holds at least 32 bytes. */
const char *fs_fd_path(int fd, char ret[static 32]);
/* Where an open file is, all links resolved. Owned; NULL when /proc does not tell. */
char *fs_fd_target(int fd);

/*
 * A state directory (--state), opened and made when missing with mode 0700.
 * Rooms keep their own sub-folders beneath fd; path is absolute, for mounts and other programs.
 */
struct state {
	int fd;
	char *path;
};
/* E_SYSTEM when the folder that is there belongs to somebody else: what it says is trusted, and
 * what is unpacked in it has its owner's ids. */
int state_open(struct state *ret, const char *path, struct err *e);
void state_close(struct state *s);

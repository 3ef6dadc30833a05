/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "crypto/digest.h"

/*
 * What files of one folder hold, remembered from build to build: <state>/cache/files/<hex>. A file
 * is taken to be what it was when device, inode, size and both times are the same to the
 * nanosecond. As the times of a kernel only move some thousand times a second, a file that was
 * changed just before it was read is not remembered: another change could have left the same times.
 * The file may be deleted at any time; one that is broken counts as empty.
 */
enum { LIMIT_FILE_MEMO = 400000 /* files */ };

struct file_known {
	uint64_t dev, ino, size;
	int64_t mtime_ns, ctime_ns;
	unsigned char sha256[SHA256_LEN];
};

struct file_memo {
	const struct state *state; /* NULL: nothing is remembered */
	char name[96];
	bool loaded;
	struct file_known *v; /* by device and inode */
	size_t n;
	struct file_known *added;
	size_t added_n, alloc;
};

/* folder: what the files are beneath. Nothing is read yet. */
void file_memo_open(struct file_memo *ret, const struct state *state, const struct stat *folder);
bool file_memo_get(struct file_memo *m, const struct stat *st,
		   unsigned char ret[static SHA256_LEN]);
/* st: of before the file was read, at read_ns by the system's clock. No memory: not remembered. */
void file_memo_add(struct file_memo *m, const struct stat *st, int64_t read_ns,
		   const unsigned char sha256[static SHA256_LEN]);
/* Writes what was added, beside what another build has written meanwhile. */
int file_memo_save(struct file_memo *m, struct err *e);
void file_memo_free(struct file_memo *m);
static inline void file_memo_release(struct file_memo *m)
{
	file_memo_free(m);
}
#define auto_file_memo __attribute__((cleanup(file_memo_release))) struct file_memo

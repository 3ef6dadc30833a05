/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs of the layout: read with their digest checked, written under a temporary name first. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "oci/store_internal.h"

struct blob_path blob_path(const struct digest *d)
{
	struct blob_path p;

	(void)snprintf(p.s, sizeof(p.s), "blobs/sha256/%s", digest_hex(d));
	return p;
}

bool store_has(const struct store *s, const struct digest *d, uint64_t size)
{
	struct stat st;
	auto_close int fd = fs_open_nolink(s->dir, blob_path(d).s, O_PATH, 0, NULL);

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

int store_blob_open(const struct store *s, const struct desc *d, struct err *e)
{
	struct stat st;
	auto_close int fd =
		fs_open_nolink(s->dir, blob_path(&d->digest).s, O_RDONLY | O_NOCTTY, 0, e);

	if (fd == E_NOTFOUND)
		return FAIL(e, E_NOTFOUND, "blob %s is not in the store", d->digest.s);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "blob %s", d->digest.s);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != d->size)
		return FAIL(e, E_VERIFY, "blob %s: %llu bytes, its descriptor says %llu",
			    d->digest.s, (unsigned long long)st.st_size,
			    (unsigned long long)d->size);
	return TAKE_FD(fd);
}

static int compare(const struct desc *d, const struct digest *got, struct err *e)
{
	if (digest_eq(&d->digest, got))
		return 0;
	return FAIL(e, E_VERIFY, "blob %s: its bytes hash to %s", d->digest.s, got->s);
}

int store_blob_read(const struct store *s, const struct desc *d, size_t max, struct buf *ret,
		    struct err *e)
{
	auto_close int fd = store_blob_open(s, d, e);
	size_t before = ret->n;
	struct digest got;
	int r;

	if (fd < 0)
		return fd;
	r = fs_read_fd(fd, d->digest.s, max, ret, e);
	if (r < 0)
		return r;
	digest_of(ret->p ? ret->p + before : "", ret->n - before, &got);
	return compare(d, &got, e);
}

int store_blob_verify(const struct store *s, const struct desc *d, struct err *e)
{
	auto_close int fd = store_blob_open(s, d, e);
	struct digest got;
	uint64_t size;
	int r = fd < 0 ? fd : digest_of_fd(fd, &got, &size, e);

	return r < 0 ? r : compare(d, &got, e);
}

enum { WRITE_BEHIND = 16 * 1024 * 1024 };

struct blob_writer {
	struct store *store;
	struct sha256 *hash;
	uint64_t size, begun; /* written, and on its way to the disk */
	bool rehashed;
	bool part, keep;      /* has a name to be found by; is to be left there */
	struct digest digest; /* once rehashed */
	int fd;
	char path[80]; /* beneath the layout; "" once renamed */
};

/* A writer without a file yet. */
static int writer_begin(struct blob_writer **ret, struct store *s, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return FAIL_NOMEM(e);
	w->fd = -1;
	w->store = s;
	if (s->read_only)
		return FAIL(e, E_INTERNAL, "write to a layout that was opened read only");
	if ((r = sha256_new(&w->hash, e)) < 0 || (r = fs_mkdir_p(s->dir, "tmp", 0700, e)) < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

int blob_writer_new(struct blob_writer **ret, struct store *s, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	char name[64];
	int r = writer_begin(&w, s, e);

	if (r == 0)
		r = fs_temp_name("blob-", name, sizeof(name), e);
	if (r < 0)
		return r;
	(void)snprintf(w->path, sizeof(w->path), "tmp/%s", name);
	w->fd = fs_open_nolink(s->dir, w->path, O_RDWR | O_CREAT | O_EXCL, 0644, e);
	if (w->fd < 0)
		return w->fd;
	/* The lock tells store_gc() that this file has a living writer. */
	(void)flock(w->fd, LOCK_SH | LOCK_NB);
	*ret = TAKE(w);
	return 0;
}

/* Hashes what a part holds, at most max bytes; more is not of this blob, and goes. */
static int take_part(struct blob_writer *w, uint64_t max, struct err *e)
{
	char chunk[64 * 1024];
	ssize_t n;

	while ((n = read(w->fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read '%s'", w->path);
		sha256_update(w->hash, chunk, (size_t)n);
		w->size += (uint64_t)n;
		if (w->size <= max)
			continue;
		sha256_free(TAKE(w->hash));
		w->size = 0;
		if (ftruncate(w->fd, 0) < 0 || lseek(w->fd, 0, SEEK_SET) < 0)
			return FAIL_SYS(e, "empty '%s'", w->path);
		return sha256_new(&w->hash, e);
	}
	w->begun = w->size;
	return 0;
}

int blob_writer_resume(struct blob_writer **ret, struct store *s, const struct desc *d,
		       uint64_t *ret_have, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	struct stat st, named;
	int r = writer_begin(&w, s, e);

	*ret_have = 0;
	if (r < 0)
		return r;

	auto_close int fd = -1;

	(void)snprintf(w->path, sizeof(w->path), "tmp/part-%s", digest_hex(&d->digest));
	fd = fs_open_nolink(s->dir, w->path, O_RDWR | O_CREAT | O_NOCTTY, 0644, e);
	/* Ours alone, and still under its name: its last writer may just have finished. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0 ||
	    !S_ISREG(st.st_mode) || fstatat(s->dir, w->path, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    named.st_ino != st.st_ino || named.st_dev != st.st_dev) {
		w->path[0] = '\0'; /* somebody else's */
		return blob_writer_new(ret, s, e);
	}
	w->fd = TAKE_FD(fd);
	w->part = true;
	r = take_part(w, d->size, e);
	if (r < 0)
		return r;
	*ret_have = w->size;
	*ret = TAKE(w);
	return 0;
}

void blob_writer_keep(struct blob_writer *w)
{
	w->keep = w->part && w->size > 0;
}

int blob_writer_fd(const struct blob_writer *w)
{
	return w->fd;
}

int blob_writer_write(struct blob_writer *w, const void *p, size_t n, struct err *e)
{
	int r = fs_write_all(w->fd, p, n, e);

	if (r < 0)
		return WRAP(e, r, "write blob");
	sha256_update(w->hash, p, n);
	w->size += n;
	/* The disk begins now, so that little is left to wait for at the end. */
	if (w->size - w->begun >= WRITE_BEHIND && !w->store->passing) {
		(void)sync_file_range(w->fd, (off64_t)w->begun, (off64_t)(w->size - w->begun),
				      SYNC_FILE_RANGE_WRITE);
		w->begun = w->size;
	}
	return 0;
}

int blob_writer_rehash(struct blob_writer *w, struct err *e)
{
	int r = digest_of_fd(w->fd, &w->digest, &w->size, e);

	w->rehashed = r == 0;
	return r;
}

static int check_expected(const struct desc *got, const struct desc *want, struct err *e)
{
	if (!digest_eq(&got->digest, &want->digest))
		return FAIL(e, E_VERIFY, "blob %s: its bytes hash to %s", want->digest.s,
			    got->digest.s);
	if (got->size != want->size)
		return FAIL(e, E_VERIFY, "blob %s: %llu bytes, its descriptor says %llu",
			    want->digest.s, (unsigned long long)got->size,
			    (unsigned long long)want->size);
	return 0;
}

int blob_writer_commit(struct blob_writer *w, const char *media_type, const struct desc *expect,
		       struct desc *ret, struct err *e)
{
	struct desc d = { .size = w->size };
	int r = 0;

	(void)strncpy(d.media_type, media_type, LIMIT_MEDIA_TYPE);
	if (w->rehashed) {
		d.digest = w->digest;
	} else {
		unsigned char raw[SHA256_LEN];

		sha256_final(w->hash, raw);
		digest_from_raw(raw, &d.digest);
	}
	if (expect)
		r = check_expected(&d, expect, e);
	if (r < 0)
		return r;
	if (!w->store->passing && fsync(w->fd) < 0)
		return FAIL_SYS(e, "write blob %s", d.digest.s);

	auto_close int folder =
		fs_open_nolink(w->store->dir, "blobs/sha256", O_RDONLY | O_DIRECTORY, 0, e);

	if (folder < 0)
		return folder;
	if (renameat(w->store->dir, w->path, folder, digest_hex(&d.digest)) < 0 ||
	    (!w->store->passing && fsync(folder) < 0))
		return FAIL_SYS(e, "write blob %s", d.digest.s);
	w->path[0] = '\0';
	if (ret)
		*ret = d;
	return 0;
}

void blob_writer_free(struct blob_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0) {
		if (w->path[0] && !w->keep)
			(void)unlinkat(w->store->dir, w->path, 0);
		(void)close(w->fd);
	}
	sha256_free(w->hash);
	free(w);
}

int store_blob_put(struct store *s, const char *media_type, const void *p, size_t n,
		   struct desc *ret, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	struct desc d;
	int r;

	desc_of(media_type, p, n, &d);
	if (store_has(s, &d.digest, d.size)) {
		*ret = d;
		return 0;
	}
	r = blob_writer_new(&w, s, e);
	if (r == 0)
		r = blob_writer_write(w, p, n, e);
	if (r == 0)
		r = blob_writer_commit(w, media_type, NULL, ret, e);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trail/log.h"

static const char temp_name[] = ".new";

int store_read(int dir, const char *path, size_t max, struct buf *ret, struct err *e)
{
	auto_close int fd = fs_open_nolink(dir, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, e);

	return fd < 0 ? fd : fs_read_fd(fd, path, max, ret, e);
}

/* Syncs the folder that holds path, and with all set those above it, which may be new too. */
static int sync_folders(int dir, const char *path, bool all, struct err *e)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return FAIL_NOMEM(e);
	for (char *slash; (slash = strrchr(copy, '/'));) {
		*slash = '\0';

		auto_close int fd = fs_open_nolink(dir, copy, O_RDONLY | O_DIRECTORY, 0, e);

		if (fd < 0)
			return fd;
		if (fsync(fd) < 0)
			return FAIL_SYS(e, "sync folder '%s'", copy);
		if (!all)
			return 0;
	}
	return fsync(dir) < 0 ? FAIL_SYS(e, "sync folder") : 0;
}

void store_batch_free(struct store_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		(void)close(b->v[i].fd);
	b->n = 0;
}

static void temp_of(size_t i, char ret[static sizeof(temp_name) + 3])
{
	(void)snprintf(ret, sizeof(temp_name) + 3, i ? "%s%zu" : "%s", temp_name, i);
}

int store_put(struct store_batch *b, const char *path, const void *p, size_t n, mode_t mode,
	      bool new_folders, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	char temp[sizeof(temp_name) + 3];
	int r = 0;

	if (slash && !parent)
		return FAIL_NOMEM(e);
	if (b->n == STORE_BATCH || strlen(path) >= sizeof(b->v[0].path))
		return FAIL(e, E_INTERNAL, "trail: '%s' does not fit into one write", path);
	if (slash && (r = fs_mkdir_p(b->dir, parent, 0755, e)) < 0)
		return r;
	temp_of(b->n, temp);

	auto_close int fd = fs_open_nolink(b->dir, temp, O_WRONLY | O_CREAT | O_TRUNC, mode, e);

	if (fd < 0)
		return WRAP(e, fd, "write '%s'", path);
	r = fs_write_all(fd, p, n, e);
	if (r < 0)
		return WRAP(e, r, "write '%s'", path);
	if (fchmod(fd, mode) < 0)
		return FAIL_SYS(e, "write '%s'", path);
	memcpy(b->v[b->n].path, path, strlen(path) + 1);
	b->v[b->n].new_folders = new_folders;
	b->v[b->n++].fd = TAKE_FD(fd);
	return 0;
}

int store_commit(struct store_batch *b, struct err *e)
{
	int r = 0;

	/* All on their way before the first is waited for: the file system then has one transaction
	 * to write for them, not one for each. A hint only; fsync(2) below is what counts. */
	for (size_t i = 0; b->n > 1 && i < b->n; i++)
		(void)sync_file_range(b->v[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	for (size_t i = 0; i < b->n; i++)
		if (fsync(b->v[i].fd) < 0)
			return FAIL_SYS(e, "write '%s'", b->v[i].path);
	for (size_t i = 0; i < b->n; i++) {
		char temp[sizeof(temp_name) + 3];

		temp_of(i, temp);
		if (renameat(b->dir, temp, b->dir, b->v[i].path) < 0)
			return FAIL_SYS(e, "write '%s'", b->v[i].path);
	}
	for (size_t i = 0; r == 0 && i < b->n; i++)
		r = sync_folders(b->dir, b->v[i].path, b->v[i].new_folders, e);
	store_batch_free(b);
	return r;
}

int store_write(int dir, const char *path, const void *p, size_t n, mode_t mode, bool new_folders,
		struct err *e)
{
	auto_batch b = { .dir = dir };
	int r = store_put(&b, path, p, n, mode, new_folders, e);

	return r == 0 ? store_commit(&b, e) : r;
}

/* A missing or oversized file is a broken log; a failing disk is not. */
static int broken(int r)
{
	return r == E_NOTFOUND || r == E_FORMAT ? E_VERIFY : r;
}

/* Reads the partial tile or bundle, else the full one; says how wide the file was. */
static int read_wide(int dir, int level, uint64_t n, unsigned width, size_t max, struct buf *ret,
		     unsigned *ret_width, struct err *e)
{
	char path[LIMIT_TILE_PATH];
	struct err first = ERR_INIT;
	int r;

	*ret_width = width;
	tile_path(level, n, width, path);
	r = store_read(dir, path, max, ret, &first);
	if (r == E_NOTFOUND && width < TILE_WIDTH) {
		tile_path(level, n, TILE_WIDTH, path);
		if (store_read(dir, path, max, ret, NULL) == 0) {
			*ret_width = TILE_WIDTH;
			return 0;
		}
	}
	if (r < 0 && e)
		*e = first;
	return broken(r);
}

int store_tile(int dir, int level, uint64_t n, unsigned width, struct hash *ret, struct err *e)
{
	enum { FULL = TILE_WIDTH * sizeof(struct hash) };
	auto_buf b = BUF_INIT(FULL);
	char path[LIMIT_TILE_PATH];
	unsigned stored;
	int r = read_wide(dir, level, n, width, FULL, &b, &stored, e);

	if (r < 0)
		return r;
	if (b.n != stored * sizeof(*ret)) {
		tile_path(level, n, stored, path);
		return FAIL(e, E_VERIFY, "%s: %zu bytes instead of %zu", path, b.n,
			    stored * sizeof(*ret));
	}
	memcpy(ret, b.p, width * sizeof(*ret));
	return 0;
}

int store_bundle(int dir, uint64_t n, unsigned width, struct bundle *ret, struct err *e)
{
	char path[LIMIT_TILE_PATH];
	unsigned stored;
	int r;

	ret->width = 0;
	buf_reset(&ret->bytes);
	r = read_wide(dir, TILE_ENTRIES, n, width, LIMIT_BUNDLE, &ret->bytes, &stored, e);
	if (r < 0)
		return r;
	r = bundle_index((struct str){ buf_str(&ret->bytes), ret->bytes.n }, stored, ret->at, e);
	if (r < 0) {
		tile_path(TILE_ENTRIES, n, stored, path);
		return WRAP(e, r, "%s", path);
	}
	ret->bytes.n = ret->at[width];
	ret->n = n;
	ret->width = width;
	return 0;
}

int store_edge(int dir, const struct checkpoint *c, struct edge *ret, struct err *e)
{
	struct hash root;

	for (int level = 0; level < TILE_LEVELS; level++) {
		unsigned w = tile_partial(c->size, level);
		int r = w ? store_tile(dir, level, tile_full(c->size, level), w, ret->h[level], e)
			  : 0;

		if (r < 0)
			return r;
		ret->w[level] = w;
	}
	edge_root(ret, &root);
	if (memcmp(root.b, c->root.b, sizeof(root.b)) != 0)
		return FAIL(e, E_VERIFY,
			    "the newest tiles do not give the root that the checkpoint signs");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A state folder with a store for one test, and layers made from crafted archives. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/layer_internal.h"
#include "tap.h"
#include "tar_build.h"

struct place {
	char path[32];
	struct state state;
	struct store *store;
};

static inline void place_close(struct place *p)
{
	struct err e = ERR_INIT;

	store_close(p->store);
	state_close(&p->state);
	CHECK(fs_remove_tree(AT_FDCWD, p->path, &e) == 0);
	CHECK_STR(e.msg, "");
}
#define auto_place __attribute__((cleanup(place_close))) struct place

static inline struct place place_open(void)
{
	struct place p = { .path = "layer_test.XXXXXX" };
	struct err e = ERR_INIT;

	CHECK(mkdtemp(p.path) != NULL);
	CHECK(state_open(&p.state, p.path, &e) == 0);
	CHECK(store_open(&p.store, &p.state, &e) == 0);
	CHECK_STR(e.msg, "");
	return p;
}

static inline void put_folder(struct buf *b, const char *name)
{
	struct tar_header h = header(name, '5', 0);

	memcpy(h.mode, "0000755", 8);
	put_header(b, &h);
}

/* Stores an archive as a gzip layer. */
static inline struct desc put_layer(struct place *p, const struct buf *archive,
				    struct digest *ret_diff_id)
{
	auto_buf packed = BUF_INIT(ARCHIVE_MAX);
	auto_release(gzip_writer_free) struct gzip_writer *w = NULL;
	struct desc d = { .size = 0 };
	struct err e = ERR_INIT;

	digest_of(buf_str(archive), archive->n, ret_diff_id);
	CHECK(gzip_writer_new(&w, 0, buf_write, &packed, &e) == 0);
	CHECK(gzip_writer_write(w, buf_str(archive), archive->n, &e) == 0);
	CHECK(gzip_writer_end(w, &e) == 0);
	CHECK(store_blob_put(p->store, MT_OCI_LAYER_GZIP, packed.p, packed.n, &d, &e) == 0);
	return d;
}

/* Opens the unpacked layer. */
static inline int layer_root(const struct place *p, const struct digest *diff_id)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "layers/%s/fs", digest_hex(diff_id));
	return openat(p->state.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* How many names are in the folder of layers beside the lock. */
static inline int layers_n(const struct place *p)
{
	auto_closedir DIR *d =
		fdopendir(openat(p->state.fd, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = 0;

	for (const struct dirent *ent; d && (ent = readdir(d));)
		n += strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0 &&
		     strcmp(ent->d_name, ".lock") != 0;
	return n;
}

static inline void check_content(int root, const char *path, const char *want)
{
	auto_buf b = BUF_INIT(10000);
	struct err e = ERR_INIT;

	CHECK(fs_read(root, path, 10000, &b, &e) == 0);
	CHECK_STR(buf_str(&b), want);
}

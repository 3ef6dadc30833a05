/* SPDX-License-Identifier: Apache-2.0 */
/* Where a copy goes to. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/tar.h"
#include "pipeline/copy/internal.h"
#include "pipeline/output/internal.h"

static int to_registry(struct copy_run *x, const struct copy_end *from, const struct ref *ref,
		       const char **ret_tag, struct err *e)
{
	int r = registry_open(ref, REGISTRY_CHANGE, x->road->progress, &x->c.to, e);

	x->c.to_name = ref->name;
	*ret_tag = ref->tag[0] ? ref->tag : NULL;
	if (r == 0 && from->kind == COPY_REGISTRY && strcmp(from->ref.host, ref->host) == 0)
		r = registry_mount_from(x->c.to, from->ref.name, e);
	/* Blobs that are fetched rest in a store of their own on the way. */
	if (r == 0 && from->kind == COPY_REGISTRY)
		r = copy_room_open(&x->room, x->road->state, e);
	x->c.dest = x->room.store;
	return r;
}

static int to_store(struct copy_run *x, const struct ref *ref, const char **ret_tag, struct err *e)
{
	auto_buf repository = BUF_INIT(LIMIT_REF);

	if (!ref->tag[0])
		return FAIL(e, E_USAGE, "a copy in the store is named by a tag");
	ref_repository(ref, &repository);
	(void)snprintf(x->to_prefix, sizeof(x->to_prefix), "%.500s:", buf_str(&repository));
	x->c.dest = x->road->store;
	*ret_tag = ref->tag;
	return 0;
}

/* The tag in a layout: the one given, else the source's. */
static const char *layout_tag(const struct copy_end *from, const struct copy_end *to)
{
	bool ref = from->kind == COPY_REGISTRY || from->kind == COPY_STORE;

	if (to->name)
		return to->name;
	if (ref)
		return from->ref.tag[0] ? from->ref.tag : "latest";
	return from->kind != COPY_DOCKER_ARCHIVE && from->name ? from->name : "latest";
}

/* What holds anything but a layout is somebody's folder. *ret_made: it is none yet. */
static int look_at_folder(const char *path, bool *ret_there, bool *ret_made, struct err *e)
{
	auto_closedir DIR *d = opendir(path);
	bool empty = true, layout = false;

	if (!d && errno != ENOENT)
		return FAIL_SYS(e, "open '%s'", path);
	for (const struct dirent *ent; d && (ent = readdir(d));) {
		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		empty = false;
		layout |= strcmp(ent->d_name, "oci-layout") == 0;
	}
	if (!empty && !layout)
		return err_hint(e, FAIL(e, E_USAGE, "'%s' is neither empty nor a layout", path),
				"a folder of its own: oci:FOLDER:TAG");
	*ret_there = d != NULL;
	*ret_made = !layout;
	return 0;
}

/* A folder that is a layout already gets one image more. */
static int to_layout(struct copy_run *x, const char *path, struct err *e)
{
	bool there = false;
	int r = look_at_folder(path, &there, &x->made, e);

	if (r == 0)
		r = state_open(&x->folder, path, e);
	if (r == 0 && !there)
		(void)fchmod(x->folder.fd, 0755);
	if (r == 0)
		r = store_open(&x->written, &x->folder, e);
	x->c.dest = x->written;
	return r;
}

int copy_dest_open(struct copy_run *x, const struct copy_end *from, const struct copy_end *to,
		   const char **ret_tag, struct err *e)
{
	int r = 0;

	*ret_tag = layout_tag(from, to);
	switch (to->kind) {
	case COPY_REGISTRY: return to_registry(x, from, &to->ref, ret_tag, e);
	case COPY_STORE: return to_store(x, &to->ref, ret_tag, e);
	case COPY_OCI: return to_layout(x, to->path, e);
	case COPY_OCI_ARCHIVE:
	case COPY_DOCKER_ARCHIVE:
		r = copy_room_open(&x->packed, x->road->state, e);
		x->c.dest = x->packed.store;
		return r;
	}
	return FAIL(e, E_INTERNAL, "copy: unknown destination");
}

/* --- archives --- */

static int write_fd(void *arg, const void *p, size_t n, struct err *e)
{
	return fs_write_all(*(const int *)arg, p, n, e);
}

static int put_file(struct tar_writer *tar, int dir, char *name, struct err *e)
{
	auto_close int fd = fs_open_nolink(dir, name, O_RDONLY, 0, e);
	auto_free char *chunk = malloc(128 * 1024);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (!chunk)
		return FAIL_NOMEM(e);
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "'%s'", name);

	const struct tar_entry m = {
		.name = name, .type = TAR_FILE, .mode = 0644, .size = (uint64_t)st.st_size
	};

	r = tar_write_entry(tar, &m, e);
	while (r == 0) {
		ssize_t n = read(fd, chunk, 128 * 1024);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read '%s'", name);
		if (n == 0)
			break;
		r = tar_write_data(tar, chunk, (size_t)n, e);
	}
	return r;
}

static int is_blob(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* A layout's files, sorted, with no time and no owner: the same images give the same bytes. */
static int put_layout(struct tar_writer *tar, int dir, struct err *e)
{
	char blobs[] = "blobs", sha256[] = "blobs/sha256", index[] = "index.json",
	     layout[] = "oci-layout";
	struct dirent **list = NULL;
	const struct tar_entry folders[] = { { .name = blobs, .type = TAR_DIR, .mode = 0755 },
					     { .name = sha256, .type = TAR_DIR, .mode = 0755 } };
	int n = scandirat(dir, sha256, &list, is_blob, alphasort);
	int r = n < 0 ? FAIL_SYS(e, "list blobs") : tar_write_entry(tar, &folders[0], e);

	if (r == 0)
		r = tar_write_entry(tar, &folders[1], e);
	for (int i = 0; i < n; i++) {
		char name[300];

		(void)snprintf(name, sizeof(name), "%s/%s", sha256, list[i]->d_name);
		if (r == 0)
			r = put_file(tar, dir, name, e);
		free(list[i]);
	}
	free(list);
	if (r == 0)
		r = put_file(tar, dir, index, e);
	return r < 0 ? r : put_file(tar, dir, layout, e);
}

static int write_archive(const struct copy_run *x, const char *path, struct err *e)
{
	auto_outfile f = OUTFILE_NONE;
	auto_release(tar_writer_free) struct tar_writer *tar = NULL;
	int r = outfile_open(path, &f, e);

	if (r == 0)
		r = tar_writer_new(&tar, write_fd, &f.fd, e);
	if (r == 0)
		r = put_layout(tar, x->packed.state.fd, e);
	if (r == 0)
		r = tar_write_end(tar, e);
	return r < 0 ? r : outfile_commit(&f, e);
}

static int write_docker(const struct copy_run *x, const struct copy_end *from,
			const struct copy_end *to, const struct desc *d, struct err *e)
{
	const struct output o = { .type = OUTPUT_DOCKER, .dest = to->path };
	struct road there = *x->road;
	auto_buf name = BUF_INIT(LIMIT_REF + 8);
	auto_strv names = { 0 };
	int r = 0;

	if (to->name)
		r = strv_add(&names, to->name, e);
	else if (from->ref.name[0]) {
		ref_tagged(&from->ref, &name);
		r = strv_add(&names, buf_str(&name), e);
	}
	there.store = x->packed.store;
	there.image = *d;
	return r < 0 ? r : output_layout(&there, &o, &names, e);
}

/* What only we need of a layout. The locks of one that was there before stay: who has opened them
 * would lock nothing with a file that is gone. */
static void leave_layout(struct copy_run *x)
{
	if (store_alone(x->written, 0, NULL) < 0)
		return;
	(void)unlinkat(x->folder.fd, "tmp", AT_REMOVEDIR);
	if (!x->made)
		return;
	(void)unlinkat(x->folder.fd, "index.lock", 0);
	(void)unlinkat(x->folder.fd, "store.lock", 0);
}

int copy_dest_finish(struct copy_run *x, const struct copy_end *from, const struct copy_end *to,
		     const struct desc *d, struct err *e)
{
	switch (to->kind) {
	case COPY_REGISTRY:
	case COPY_STORE: return 0;
	case COPY_OCI: leave_layout(x); return 0;
	case COPY_OCI_ARCHIVE: return write_archive(x, to->path, e);
	case COPY_DOCKER_ARCHIVE: return write_docker(x, from, to, d, e);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* An image's root file system: its layers stacked by the kernel, and read from there. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/layer.h"
#include "oci/overlay.h"
#include "pipeline/output/internal.h"

static int unpack(const struct road *road, const struct manifest *m, const struct config *c,
		  struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->layers_n; i++)
		r = layer_unpack(road->state, road->store, &m->layers[i], &c->diff_ids[i],
				 road->progress, e);
	return r;
}

int tree_open(const struct road *road, struct tree *ret, struct err *e)
{
	auto_tree t = TREE_NONE;
	auto_manifest m = { 0 };
	auto_config c = { 0 };
	auto_free char *path = NULL;
	char dir[32];
	int r = store_manifest(road->store, &road->image, &m, NULL, e);

	if (r == 0)
		r = store_config(road->store, &m, &c, e);
	if (r == 0)
		r = unpack(road, &m, &c, e);
	if (r == 0)
		r = mounts_private(e);
	if (r == 0)
		r = area_open(&t.area, road->state, e);
	if (r == 0)
		r = area_dir(&t.area, dir, e);
	if (r == 0)
		r = area_path(&t.area, dir, &path, e);
	if (r == 0)
		r = overlay_mount(road->state, c.diff_ids, c.diff_ids_n, NULL, NULL, path, true, e);
	if (r < 0)
		return r;
	t.path = TAKE(path);
	t.root = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t.root < 0)
		return FAIL_SYS(e, "open '%s'", t.path);
	*ret = t;
	t = TREE_NONE;
	return 0;
}

void tree_close(struct tree *t)
{
	close_release(&t->root);
	if (t->path)
		(void)umount2(t->path, MNT_DETACH);
	free(t->path);
	area_close(&t->area);
	*t = TREE_NONE;
}

static int write_fd(void *arg, const void *p, size_t n, struct err *e)
{
	return fs_write_all(*(const int *)arg, p, n, e);
}

int output_tar(const struct road *road, const struct output *o, struct err *e)
{
	const struct layer_opts plain = { .clamp_mtime = INT64_MAX };
	auto_outfile f = OUTFILE_NONE;
	auto_tree t = TREE_NONE;
	int r = outfile_open(o->dest, &f, e);

	if (r == 0)
		r = tree_open(road, &t, e);
	if (r == 0)
		r = layer_tar(t.root, &plain, write_fd, &f.fd, road->progress, e);
	return r < 0 ? r : outfile_commit(&f, e);
}

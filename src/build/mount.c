/* SPDX-License-Identifier: Apache-2.0 */
/* From layers to a tree that a step may change, and from the changes to a layer. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "build/walk.h"
#include "build/work.h"
#include "oci/layer.h"
#include "oci/overlay.h"

void mounted_close(struct mounted *m)
{
	close_release(&m->root);
	if (m->overlay)
		(void)umount2(m->root_path, MNT_DETACH);
	free(m->root_path);
	*m = MOUNTED_NONE;
}

static int unpack_all(struct work *w, const struct draft *d, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->n; i++)
		r = layer_unpack(w->o->state, w->o->store, &d->layers[i], &d->diff_ids[i], NULL, e);
	return r;
}

/* The upper folder is the root of what is merged: it begins as the root below it. */
static int like_root_below(struct work *w, const struct draft *d, const char *upper, struct err *e)
{
	auto_free char *below = layer_path(w->o->state, &d->diff_ids[d->n - 1]);
	struct stat st;

	if (!below)
		return FAIL_NOMEM(e);
	if (stat(below, &st) < 0 || fchownat(w->area.fd, upper, st.st_uid, st.st_gid, 0) < 0 ||
	    fchmodat(w->area.fd, upper, st.st_mode & 07777, 0) < 0)
		return FAIL_SYS(e, "prepare folder for changes");
	return 0;
}

/* Makes dir/name within the area and gives its absolute path. */
static int make_dir(struct work *w, const char *dir, const char *name, char **ret, struct err *e)
{
	char within[64];
	int r;

	(void)snprintf(within, sizeof(within), "%s/%s", dir, name);
	r = fs_mkdir_p(w->area.fd, within, 0755, e);
	if (r == 0 && fchmodat(w->area.fd, within, 0755, 0) < 0)
		return FAIL_SYS(e, "make folder '%s'", within);
	return r < 0 ? r : area_path(&w->area, within, ret, e);
}

static int mount_overlay(struct work *w, const struct draft *d, const char *dir, bool change,
			 struct mounted *m, struct err *e)
{
	auto_free char *upper = NULL, *work = NULL;
	int r = make_dir(w, dir, "root", &m->root_path, e);

	if (r == 0 && change)
		r = make_dir(w, dir, "upper", &upper, e);
	if (r == 0 && change)
		r = make_dir(w, dir, "work", &work, e);
	if (r == 0 && change)
		r = like_root_below(w, d, m->upper, e);
	if (r == 0)
		r = overlay_mount(w->o->state, d->diff_ids, d->n, upper, work, m->root_path,
				  !change, e);
	m->overlay = r == 0;
	return r;
}

int mount_draft(struct work *w, const struct draft *d, enum mount_how how, struct mounted *ret,
		struct err *e)
{
	auto_mounted m = MOUNTED_NONE;
	char dir[32];
	int r = area_dir(&w->area, dir, e);

	if (r < 0)
		return r;
	if (how != MOUNT_READ)
		(void)snprintf(m.upper, sizeof(m.upper), "%s/upper", dir);
	if (how == MOUNT_ALONE || d->n == 0) { /* nothing below: the folder itself will do */
		r = make_dir(w, dir, "upper", &m.root_path, e);
	} else {
		r = unpack_all(w, d, e);
		if (r == 0)
			r = mount_overlay(w, d, dir, how == MOUNT_CHANGE, &m, e);
	}
	if (r < 0)
		return r;
	m.root = open(m.root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m.root < 0)
		return FAIL_SYS(e, "open '%s'", m.root_path);
	*ret = m;
	m = MOUNTED_NONE;
	return 0;
}

/*
 * Whether the root itself got another mode or owner, and whether the layer has to say what they
 * are: a layer that does not is unpacked with a plain root, whatever lies below.
 */
static int look_at_root(struct work *w, const struct draft *below, int upper, bool *ret_changed,
			bool *ret_said, struct err *e)
{
	struct stat now, before;

	if (fstat(upper, &now) < 0)
		return FAIL_SYS(e, "look at root folder");
	before = now;
	if (below && below->n) {
		auto_free char *path = layer_path(w->o->state, &below->diff_ids[below->n - 1]);

		if (!path)
			return FAIL_NOMEM(e);
		if (stat(path, &before) < 0)
			return FAIL_SYS(e, "look at root folder");
	}
	*ret_changed = now.st_mode != before.st_mode || now.st_uid != before.st_uid ||
		       now.st_gid != before.st_gid;
	*ret_said = *ret_changed || (now.st_mode & 07777) != 0755 || now.st_uid || now.st_gid;
	return 0;
}

static int is_empty(int dir, bool *ret, struct err *e)
{
	auto_close int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return FAIL_SYS(e, "read folder of changes");
	(void)TAKE_FD(fd);
	*ret = true;
	for (const struct dirent *ent; (ent = readdir(d));)
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			*ret = false;
	return 0;
}

/* The folder of changes is what unpacking the layer would give, so it becomes that. */
static int adopt(struct work *w, const char *upper, const struct digest *diff_id, struct err *e)
{
	char keep[32], fs[64];
	int r = area_dir(&w->area, keep, e);

	if (r < 0)
		return r;
	(void)snprintf(fs, sizeof(fs), "%s/fs", keep);
	if (renameat(w->area.fd, upper, w->area.fd, fs) < 0)
		return FAIL_SYS(e, "keep unpacked layer");
	return layer_adopt(w->o->state, w->area.fd, keep, diff_id, e);
}

struct pruning {
	const struct work *w;
	const struct draft *d;
};

/* Whether the topmost layer that has the folder has it with the same mode and owner. */
static bool same_below(const struct pruning *p, const struct walk_item *it)
{
	struct stat st;

	for (size_t i = p->d->n; i-- > 0;) {
		auto_free char *path = layer_path(p->w->o->state, &p->d->diff_ids[i]);
		auto_close int layer = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		auto_close int fd =
			layer < 0 ? -1 : fs_open_nolink(layer, it->path, O_PATH, 0, NULL);

		if (fd >= 0)
			return fstat(fd, &st) == 0 && st.st_mode == it->st->st_mode &&
			       st.st_uid == it->st->st_uid && st.st_gid == it->st->st_gid;
	}
	return false;
}

/* Takes away an empty folder that says nothing new: something in it came and went. */
static int prune_dir(void *arg, const struct walk_item *it, struct err *e)
{
	char opaque;

	(void)e;
	if (*it->path == '\0' || !same_below(arg, it))
		return 0;

	auto_close int fd = openat(it->dir, it->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fgetxattr(fd, overlay_opaque(), &opaque, 1) == 1)
		return 0;
	/* ENOTEMPTY: then it stays. */
	(void)unlinkat(it->dir, it->name, AT_REMOVEDIR);
	return 0;
}

static int nothing(void *arg, const struct walk_item *it, struct err *e)
{
	(void)arg, (void)it, (void)e;
	return 0;
}

static int prune(struct work *w, const struct draft *d, int upper, struct err *e)
{
	struct pruning p = { w, d };
	struct walker walker = { .enter = nothing, .leave = prune_dir, .file = nothing, .arg = &p };

	return walk_tree(upper, ".", &walker, e);
}

int mount_commit(struct work *w, const struct draft *below, struct mounted *m, int64_t clamp,
		 struct cached *c, struct err *e)
{
	struct layer_opts o = { .from_overlay = true, .clamp_mtime = clamp };
	auto_close int upper = fs_open_nolink(w->area.fd, m->upper, O_RDONLY | O_DIRECTORY, 0, e);
	bool changed = false;
	int r;

	if (upper < 0)
		return upper;
	close_release(&m->root);
	if (m->overlay && umount2(m->root_path, 0) < 0)
		return FAIL_SYS(e, "unmount '%s'", m->root_path);
	m->overlay = false;
	c->epoch = clamp;
	r = below ? prune(w, below, upper, e) : 0;
	if (r == 0)
		r = look_at_root(w, below, upper, &changed, &o.root, e);
	if (r == 0)
		r = is_empty(upper, &c->empty, e);
	c->empty = c->empty && !changed;
	if (r < 0 || c->empty)
		return r;
	r = tree_clamp(upper, clamp, e);
	if (r == 0)
		r = layer_from_dir(w->o->store, upper, &o, &c->layer, &c->diff_id, NULL, e);
	return r < 0 ? r : adopt(w, m->upper, &c->diff_id, e);
}

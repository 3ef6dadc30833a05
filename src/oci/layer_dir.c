/* SPDX-License-Identifier: Apache-2.0 */
/* One layer from a folder tree, the same bytes for the same tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "oci/layer_internal.h"
#include "oci/overlay.h"
#include "oci/tar_format.h"

/* Files with several names that were written once: open addressing by device and inode. */
struct link_slot {
	dev_t dev;
	ino_t ino;
	char *name; /* owned; NULL: free */
};

struct walk {
	const struct layer_opts *o;
	const char *opaque_name; /* overlay_opaque() */
	struct layer_sink sink;
	struct buf path; /* of the entry at hand, prefix included */
	struct link_slot *links;
	size_t links_n, links_cap; /* a power of two */
	uint64_t entries, done;
	struct progress *progress;
	/* Attributes of the entry at hand. */
	struct tar_xattr xattrs[LIMIT_TAR_XATTRS];
	size_t xattrs_n;
	bool opaque;
	char chunk[128 * 1024];
};

static void drop_xattrs(struct walk *w)
{
	for (size_t i = 0; i < w->xattrs_n; i++) {
		free(w->xattrs[i].name);
		free(w->xattrs[i].value);
	}
	w->xattrs_n = 0;
	w->opaque = false;
}

static void walk_free(struct walk *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->links_cap; i++)
		free(w->links[i].name);
	free(w->links);
	drop_xattrs(w);
	buf_free(&w->path);
	layer_sink_free(&w->sink);
	free(w);
}
DEFINE_RELEASE_VOID(struct walk, walk_free)

/* --- hard links --- */

static struct link_slot *find_link(const struct walk *w, const struct stat *st)
{
	size_t i = (size_t)(st->st_ino * 0x9e3779b97f4a7c15ULL ^ st->st_dev);

	for (;; i++) {
		struct link_slot *s = &w->links[i & (w->links_cap - 1)];

		if (!s->name || (s->ino == st->st_ino && s->dev == st->st_dev))
			return s;
	}
}

static int grow_links(struct walk *w, struct err *e)
{
	struct link_slot *old = w->links;
	size_t old_cap = w->links_cap, cap = old_cap ? old_cap * 2 : 256;

	if (w->links_n * 2 < old_cap)
		return 0;
	w->links = calloc(cap, sizeof(*w->links));
	if (!w->links) {
		w->links = old;
		return FAIL_NOMEM(e);
	}
	w->links_cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		const struct stat st = { .st_dev = old[i].dev, .st_ino = old[i].ino };

		if (old[i].name)
			*find_link(w, &st) = old[i];
	}
	free(old);
	return 0;
}

/* The name under which this file was written before; else remembers this one, and *ret is NULL. */
static int seen_before(struct walk *w, const struct stat *st, char **ret, struct err *e)
{
	struct link_slot *s;
	int r = 0;

	*ret = NULL;
	if (st->st_nlink < 2)
		return 0;
	r = grow_links(w, e);
	if (r < 0)
		return r;
	s = find_link(w, st);
	*ret = s->name;
	if (s->name)
		return 0;
	*s = (struct link_slot){ st->st_dev, st->st_ino, strdup(w->path.p) };
	if (!s->name)
		return FAIL_NOMEM(e);
	w->links_n++;
	return 0;
}

/* --- extended attributes --- */

/* What overlayfs notes on a file: 1 when it is its note. */
static int take_overlay_note(struct walk *w, const char *name, const char *value, size_t n,
			     struct err *e)
{
	const size_t ours = strlen(w->opaque_name) - strlen("opaque");
	const char *note = name + ours;

	if (!starts_with(name, "trusted.overlay.") && !starts_with(name, "user.overlay."))
		return 0;
	/* A step may write user.overlay.* itself: it means something only where overlayfs reads it
	 * (and then the kernel does not let the step write it). */
	if (!w->o->from_overlay || strncmp(name, w->opaque_name, ours) != 0)
		return 1;
	if (strcmp(note, "opaque") == 0 && n == 1 && value[0] == 'y')
		w->opaque = true;
	else if (strcmp(note, "redirect") == 0 || strcmp(note, "metacopy") == 0 ||
		 strcmp(note, "opaque") == 0 || strcmp(note, "whiteout") == 0)
		return FAIL(e, E_SYSTEM, "overlayfs note '%s': the layer depends on another one",
			    note);
	return 1;
}

static int take_xattr(struct walk *w, int fd, const char *name, struct err *e)
{
	char value[LIMIT_TAR_XATTR];
	ssize_t n = fgetxattr(fd, name, value, sizeof(value));
	struct tar_xattr *x;
	int r;

	if (n < 0)
		return errno == ENODATA ? 0 : FAIL_SYS(e, "read attribute %s", name);
	r = take_overlay_note(w, name, value, (size_t)n, e);
	if (r != 0 || !layer_xattr_is_kept(name))
		return r < 0 ? r : 0;
	if (w->xattrs_n == LIMIT_TAR_XATTRS)
		return FAIL(e, E_FORMAT, "more than %d attributes", LIMIT_TAR_XATTRS);
	x = &w->xattrs[w->xattrs_n];
	*x = (struct tar_xattr){ strdup(name), malloc((size_t)n + 1), (size_t)n };
	w->xattrs_n++;
	if (!x->name || !x->value)
		return FAIL_NOMEM(e);
	memcpy(x->value, value, (size_t)n);
	return 0;
}

static int take_xattrs(struct walk *w, int fd, struct err *e)
{
	char names[LIMIT_TAR_XATTR];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	if (n < 0)
		return errno == ENOTSUP ? 0 : FAIL_SYS(e, "list attributes");
	for (const char *p = names; p < names + n; p += strlen(p) + 1) {
		int r = take_xattr(w, fd, p, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- entries --- */

static int write_entry(struct walk *w, const struct stat *st, enum tar_type type, char *link,
		       struct err *e)
{
	struct tar_entry m = {
		.name = w->path.p,
		.link = link,
		.type = type,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = type == TAR_FILE ? (uint64_t)st->st_size : 0,
		.mtime = st->st_mtim.tv_sec,
		.xattrs = w->xattrs,
		.xattrs_n = w->xattrs_n,
	};

	if (m.mtime > w->o->clamp_mtime)
		m.mtime = w->o->clamp_mtime;
	if (++w->entries > LIMIT_TAR_ENTRIES)
		return FAIL(e, E_FORMAT, "more than %d files", LIMIT_TAR_ENTRIES);
	return tar_write_entry(w->sink.tar, &m, e);
}

/* An empty file whose name carries the meaning; `leaf` stands in the folder at hand. */
static int write_whiteout(struct walk *w, size_t folder_n, const char *leaf, struct err *e)
{
	struct stat none = { .st_mode = S_IFREG | 0600 };
	size_t had = w->path.n;
	auto_free char *rest = strdup(w->path.p ? w->path.p + folder_n : "");
	int r;

	if (!rest)
		return FAIL_NOMEM(e);
	w->path.n = folder_n;
	buf_printf(&w->path, "%s%s", folder_n ? "/" : "", leaf);
	r = buf_check(&w->path, "name", e);
	none.st_mtim.tv_sec = w->o->clamp_mtime == INT64_MAX ? 0 : w->o->clamp_mtime;
	r = r < 0 ? r : write_entry(w, &none, TAR_FILE, NULL, e);
	w->path.n = folder_n;
	buf_puts(&w->path, rest);
	return r == 0 && w->path.n != had ? FAIL(e, E_INTERNAL, "whiteout") : r;
}

static int copy_file(struct walk *w, int fd, uint64_t size, struct err *e)
{
	while (size) {
		size_t want = size < sizeof(w->chunk) ? (size_t)size : sizeof(w->chunk);
		ssize_t n = read(fd, w->chunk, want);
		int r = proc_interrupted(e);

		if (r < 0)
			return r;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read");
		if (n == 0)
			return FAIL(e, E_SYSTEM, "it was changed while it was read");
		r = tar_write_data(w->sink.tar, w->chunk, (size_t)n, e);
		if (r < 0)
			return r;
		size -= (uint64_t)n;
		w->done += (uint64_t)n;
		progress_advance(w->progress, w->done);
	}
	return 0;
}

static int write_file(struct walk *w, int folder, const char *leaf, const struct stat *seen,
		      struct err *e)
{
	auto_close int fd =
		openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char *before;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return FAIL_SYS(e, "open");
	if (!S_ISREG(st.st_mode) || st.st_ino != seen->st_ino || st.st_dev != seen->st_dev)
		return FAIL(e, E_SYSTEM, "it was replaced while it was read");
	r = seen_before(w, &st, &before, e);
	if (r == 0 && before)
		return write_entry(w, &st, TAR_HARDLINK, before, e);
	r = r < 0 ? r : take_xattrs(w, fd, e);
	r = r < 0 ? r : write_entry(w, &st, TAR_FILE, NULL, e);
	return r < 0 ? r : copy_file(w, fd, (uint64_t)st.st_size, e);
}

static int write_other(struct walk *w, int folder, const char *leaf, const struct stat *st,
		       struct err *e)
{
	char target[LIMIT_TAR_NAME + 1], *before;
	ssize_t n = 0;
	int r = seen_before(w, st, &before, e);

	if (r == 0 && before)
		return write_entry(w, st, TAR_HARDLINK, before, e);
	if (r < 0 || !S_ISLNK(st->st_mode))
		return r < 0 ? r : write_entry(w, st, TAR_FIFO, NULL, e);
	n = readlinkat(folder, leaf, target, sizeof(target));
	if (n <= 0 || n == sizeof(target))
		return FAIL_SYS(e, "read link");
	target[n] = '\0';
	return write_entry(w, st, TAR_SYMLINK, target, e);
}

static int write_device(struct walk *w, size_t folder_n, const char *leaf, const struct stat *st,
			struct err *e)
{
	const struct tar_entry m = { .name = w->path.p,
				     .type = S_ISCHR(st->st_mode) ? TAR_CHAR : TAR_BLOCK,
				     .dev_major = major(st->st_rdev),
				     .dev_minor = minor(st->st_rdev) };
	char name[LIMIT_TAR_PART + 16];

	if (w->o->from_overlay && S_ISCHR(st->st_mode) && st->st_rdev == 0) {
		(void)snprintf(name, sizeof(name), WHITEOUT "%s", leaf);
		return write_whiteout(w, folder_n, name, e);
	}
	if (layer_device_is_standard(&m))
		return 0;
	return FAIL(e, E_FORMAT, "device %u:%u: a layer may not bring devices", m.dev_major,
		    m.dev_minor);
}

static int walk_folder(struct walk *w, int fd, int depth, struct err *e);

static int write_folder(struct walk *w, int parent, const char *leaf, int depth, struct err *e)
{
	int fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool opaque;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		r = FAIL_SYS(e, "open folder");
	r = r < 0 ? r : take_xattrs(w, fd, e);
	opaque = w->opaque;
	r = r < 0 ? r : write_entry(w, &st, TAR_DIR, NULL, e);
	drop_xattrs(w);
	if (r == 0 && opaque)
		r = write_whiteout(w, w->path.n, WHITEOUT_OPAQUE, e);
	if (r < 0) {
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	return walk_folder(w, fd, depth + 1, e);
}

static int write_leaf(struct walk *w, int folder, size_t folder_n, const char *leaf, int depth,
		      struct err *e)
{
	struct stat st;

	if (fstatat(folder, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "look at");
	if (starts_with(leaf, WHITEOUT))
		return FAIL(e, E_FORMAT, "a name in a layer may not begin with '" WHITEOUT "'");
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR: return write_folder(w, folder, leaf, depth, e);
	case S_IFREG: return write_file(w, folder, leaf, &st, e);
	case S_IFLNK:
	case S_IFIFO: return write_other(w, folder, leaf, &st, e);
	case S_IFCHR:
	case S_IFBLK: return write_device(w, folder_n, leaf, &st, e);
	default: return 0; /* a socket is nothing without its process */
	}
}

/* --- folders, in the order of their names' bytes --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes fd over. */
static int list_folder(int fd, struct strv *ret, struct err *e)
{
	auto_closedir DIR *d = fdopendir(fd);
	const struct dirent *ent;

	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "list folder");
	}
	for (errno = 0; (ent = readdir(d)); errno = 0) {
		int r;

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		r = strv_add(ret, ent->d_name, e);
		if (r < 0)
			return r;
	}
	if (errno)
		return FAIL_SYS(e, "list folder");
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_names);
	return 0;
}

/* Takes fd over. */
static int walk_folder(struct walk *w, int fd, int depth, struct err *e)
{
	auto_close int at = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	auto_strv names = { 0 };
	size_t folder_n = w->path.n;
	int r = list_folder(fd, &names, e);

	if (r == 0 && at < 0)
		r = FAIL_SYS(e, "dup");
	if (r == 0 && depth > LIMIT_LAYER_DEPTH)
		r = FAIL(e, E_FORMAT, "folders nested deeper than %d", LIMIT_LAYER_DEPTH);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		r = proc_interrupted(e);
		if (r < 0)
			return r;
		buf_printf(&w->path, "%s%s", folder_n ? "/" : "", names.v[i]);
		r = buf_check(&w->path, "name", e);
		r = r < 0 ? r : write_leaf(w, at, folder_n, names.v[i], depth, e);
		drop_xattrs(w);
		if (r < 0)
			return WRAP(e, r, "'%.200s'", names.v[i]);
		w->path.n = folder_n;
		if (w->path.p)
			w->path.p[folder_n] = '\0';
	}
	return r;
}

static int write_root(struct walk *w, int top, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(top, &st) < 0)
		return FAIL_SYS(e, "look at folder");
	buf_puts(&w->path, ".");
	r = buf_check(&w->path, "name", e);
	r = r < 0 ? r : write_entry(w, &st, TAR_DIR, NULL, e);
	buf_reset(&w->path);
	return r;
}

/* All of it, from an open folder that it takes over. */
static int walk_top(struct walk *w, int top, struct err *e)
{
	int r = w->o->root ? write_root(w, top, e) : 0;

	if (r == 0)
		return walk_folder(w, top, 0, e);
	(void)close(top);
	return r;
}

static int blob_sink(void *arg, const void *p, size_t n, struct err *e)
{
	return blob_writer_write(arg, p, n, e);
}

static int start_walk(struct walk *w, const struct layer_opts *o, struct err *e)
{
	bool ignored;
	int r = 0;

	w->o = o;
	w->opaque_name = overlay_opaque();
	w->path = BUF_INIT(LIMIT_TAR_NAME);
	if (o->prefix)
		r = tar_clean_name(str_of(o->prefix), &w->path, &ignored, e);
	if (r == 0 && w->path.n == 1 && w->path.p[0] == '.')
		buf_reset(&w->path);
	return r;
}

/* The whole tree into the sink, which was started. */
static int write_all(struct walk *w, int dir, const char *title, struct digest *ret_diff_id,
		     struct err *e)
{
	int top = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (top < 0)
		return FAIL_SYS(e, "open folder");
	progress_begin(w->progress, title, 0);
	r = walk_top(w, top, e);
	r = r < 0 ? r : layer_sink_end(&w->sink, ret_diff_id, e);
	progress_end(w->progress, r < 0 ? "failed" : NULL);
	return r;
}

int layer_from_dir(struct store *s, int dir, const struct layer_opts *o, struct desc *ret,
		   struct digest *ret_diff_id, struct progress *p, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *out = NULL;
	auto_release(walk_free) struct walk *w = calloc(1, sizeof(*w));
	struct digest diff_id;
	int r;

	if (!w)
		return FAIL_NOMEM(e);
	w->progress = p;
	r = start_walk(w, o, e);
	r = r < 0 ? r : blob_writer_new(&out, s, e);
	r = r < 0 ? r : layer_sink_start(&w->sink, blob_sink, out, e);
	r = r < 0 ? r : write_all(w, dir, "pack layer", &diff_id, e);
	r = r < 0 ? r : blob_writer_commit(out, MT_OCI_LAYER_GZIP, NULL, ret, e);
	if (r < 0)
		return WRAP(e, r, "make layer");
	*ret_diff_id = diff_id;
	return 0;
}

int layer_tar(int dir, const struct layer_opts *o, tar_write_fn write, void *arg,
	      struct progress *p, struct err *e)
{
	auto_release(walk_free) struct walk *w = calloc(1, sizeof(*w));
	struct digest ignored;
	int r;

	if (!w)
		return FAIL_NOMEM(e);
	w->progress = p;
	r = start_walk(w, o, e);
	r = r < 0 ? r : layer_sink_start_plain(&w->sink, write, arg, e);
	r = r < 0 ? r : write_all(w, dir, "write tar", &ignored, e);
	return r < 0 ? WRAP(e, r, "make tar") : 0;
}

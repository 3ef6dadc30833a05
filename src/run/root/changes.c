/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/changes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "oci/overlay.h"
#include "run/launch/nest.h"
#include "run/root/rest.h"

enum { LIMIT_DEPTH = 200, LIMIT_CHANGES = 4 * 1000 * 1000 };

/* "C /etc", in the order in which they are told. */
struct walk {
	const struct strv *mounts;
	const char *opaque;
	struct strv lines;
};

static int add(struct walk *w, char kind, const char *path, struct err *e)
{
	if (w->lines.n == LIMIT_CHANGES)
		return FAIL(e, E_FORMAT, "more than %d changes", LIMIT_CHANGES);
	return strv_addf(&w->lines, e, "%c %s", kind, path);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted. */
static int names_of(int folder, struct strv *ret, struct err *e)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;
	int r = 0;

	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return FAIL_SYS(e, "list a folder");
	}
	while (r == 0 && (ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			r = strv_add(ret, ent->d_name, e);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool is_opaque(const struct walk *w, int folder)
{
	char value = 0;

	return fgetxattr(folder, w->opaque, &value, 1) == 1 && value == 'y';
}

/* The folder hides what is below it: what it does not have itself is gone. */
static int add_hidden(struct walk *w, int upper, int below, const char *path, struct err *e)
{
	auto_strv names = { 0 };
	struct stat st;
	int r = names_of(below, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_free char *name = NULL;

		if (fstatat(upper, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (asprintf(&name, "%s/%s", path, names.v[i]) < 0)
			return FAIL_NOMEM(e);
		r = add(w, 'D', name, e);
	}
	return r;
}

static int compare_one(struct walk *w, int upper, int below, const char *name, const char *path,
		       int depth, bool *ret_left_out, struct err *e);

/* below is -1 where there is nothing. left_out: something in it was. */
static int compare_folder(struct walk *w, int upper, int below, const char *path, int depth,
			  bool *ret_left_out, struct err *e)
{
	auto_strv names = { 0 };
	int r = names_of(upper, &names, e);

	if (depth == LIMIT_DEPTH)
		return FAIL(e, E_FORMAT, "folders nested deeper than %d", LIMIT_DEPTH);
	if (r == 0 && below >= 0 && is_opaque(w, upper))
		r = add_hidden(w, upper, below, path, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_free char *name = NULL;

		if (asprintf(&name, "%s/%s", path, names.v[i]) < 0)
			return FAIL_NOMEM(e);
		r = compare_one(w, upper, below, names.v[i], name, depth + 1, ret_left_out, e);
	}
	return r;
}

static bool same_folder(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Told before its contents, and not at all when it is as it was and nothing in it is told. */
static int compare_both(struct walk *w, int upper, int below, const struct stat *st,
			const struct stat *old, const char *path, int depth, struct err *e)
{
	const size_t at = w->lines.n;
	bool left_out = false;
	int r = add(w, 'C', path, e);

	if (r == 0)
		r = compare_folder(w, upper, below, path, depth, &left_out, e);
	if (r == 0 && w->lines.n == at + 1 && (left_out || same_folder(st, old))) {
		free(w->lines.v[at]);
		w->lines.v[--w->lines.n] = NULL;
	}
	return r;
}

static int compare_one(struct walk *w, int upper, int below, const char *name, const char *path,
		       int depth, bool *ret_left_out, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_close int in = -1, old_in = -1;
	struct stat st, old;
	bool was, ignored = false;
	int r;

	if (fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : FAIL_SYS(e, "look at '%.200s'", path);
	was = below >= 0 && fstatat(below, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	if (is_whiteout(&st))
		return was ? add(w, 'D', path, e) : 0;
	if (!was && w->mounts && strv_has(w->mounts, path)) {
		*ret_left_out = true;
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return add(w, was ? 'C' : 'A', path, e);
	in = openat(upper, name, flags);
	if (in < 0) /* gone, or something else, since it was looked at */
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : FAIL_SYS(e, "open '%.200s'", path);
	if (was && S_ISDIR(old.st_mode)) {
		old_in = openat(below, name, flags);
		if (old_in < 0)
			return FAIL_SYS(e, "open '%.200s'", path);
		return compare_both(w, in, old_in, &st, &old, path, depth, e);
	}
	r = add(w, was ? 'C' : 'A', path, e);
	return r == 0 ? compare_folder(w, in, -1, path, depth, &ignored, e) : r;
}

int changes_compare(int upper, int below, const struct strv *mounts,
		    const struct changes_sink *sink, struct err *e)
{
	struct walk w = { .mounts = mounts, .opaque = overlay_opaque() };
	bool ignored = false;
	int r = compare_folder(&w, upper, below, "", 0, &ignored, e);

	for (size_t i = 0; r == 0 && i < w.lines.n; i++)
		r = sink->emit(sink->arg, w.lines.v[i][0], w.lines.v[i] + 2, e);
	strv_free(&w.lines);
	return r;
}

int changes_read(const struct state *state, const char *container, const struct changes_sink *sink,
		 struct err *e)
{
	auto_container c = CONTAINER_INIT;
	auto_close int upper = -1, below = -1;
	auto_strv mounts = { 0 };
	int r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, container, &c, e);
	if (r == 0)
		r = nest_enter(&c.monitor, e);
	if (r == 0)
		r = rest_below(state, &c, &upper, &below, &mounts, e);
	if (r == 0 && upper >= 0)
		r = changes_compare(upper, below, &mounts, sink, e);
	return r < 0 ? WRAP(e, r, "changes of container '%s'", c.name[0] ? c.name : container) : 0;
}

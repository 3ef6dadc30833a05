/* SPDX-License-Identifier: Apache-2.0 */
#include "build/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "dockerfile/glob.h"

/* A folder on the way down. */
struct level {
	struct level *up;
	struct walk_item item;
	bool seen; /* enter() was called */
};

struct walking {
	const struct walker *w;
	struct buf path; /* of the item in hand, below the start */
	int depth;
};

/* Whether the item in hand is seen, and if not, whether something within it may be. */
enum sight { SIGHT_SEEN, SIGHT_WITHIN, SIGHT_NONE };

static enum sight by_ignore(const struct ignore *g, const char *path)
{
	if (!g || g->n == 0 || !*path || !ignore_match(g, path))
		return SIGHT_SEEN;
	return g->takes_back ? SIGHT_WITHIN : SIGHT_NONE;
}

static enum sight by_include(const char *pattern, const char *path)
{
	if (!pattern || !*pattern || glob_covers(pattern, path))
		return SIGHT_SEEN;
	return glob_leads(pattern, path) ? SIGHT_WITHIN : SIGHT_NONE;
}

/* The least that one of the three rules allows. */
static int look(const struct walking *g, enum sight *ret, struct err *e)
{
	auto_buf full = BUF_INIT(8192);
	const char *prefix = g->w->prefix ? g->w->prefix : "", *path = buf_str(&g->path);
	enum sight s = by_include(g->w->include, path), t;
	int r;

	t = by_ignore(g->w->exclude, path);
	s = t > s ? t : s;
	if (s == SIGHT_NONE || !g->w->ignore || g->w->ignore->n == 0) {
		*ret = s;
		return 0;
	}
	buf_puts(&full, prefix);
	if (*prefix && *path)
		buf_putc(&full, '/');
	buf_puts(&full, path);
	r = buf_check(&full, "file name", e);
	if (r < 0)
		return r;
	t = by_ignore(g->w->ignore, buf_str(&full));
	*ret = t > s ? t : s;
	return 0;
}

static int enter_all(struct walking *g, struct level *l, struct err *e)
{
	int r;

	if (!l || l->seen)
		return 0;
	r = enter_all(g, l->up, e);
	if (r == 0)
		r = g->w->enter(g->w->arg, &l->item, e);
	l->seen = true;
	return r;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(int fd, struct strv *ret, struct err *e)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	auto_closedir DIR *d = own < 0 ? NULL : fdopendir(own);

	if (!d)
		return FAIL_SYS(e, "read folder");
	errno = 0;
	for (const struct dirent *ent; (ent = readdir(d));) {
		int r;

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		if (ret->n == LIMIT_WALK_ENTRIES)
			return FAIL(e, E_FORMAT, "more than %d entries in one folder",
				    LIMIT_WALK_ENTRIES);
		r = strv_add(ret, ent->d_name, e);
		if (r < 0)
			return r;
		errno = 0;
	}
	if (errno)
		return FAIL_SYS(e, "read folder");
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return 0;
}

static int step(struct walking *g, struct level *up, int dir, const char *name, struct err *e);

/* What a folder holds. */
static int descend(struct walking *g, struct level *here, struct err *e)
{
	auto_close int fd = openat(here->item.dir, here->item.name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_strv names = { 0 };
	int r;

	if (fd < 0)
		return FAIL_SYS(e, "open folder");
	if (++g->depth > LIMIT_WALK_DEPTH)
		return FAIL(e, E_FORMAT, "folders nested deeper than %d", LIMIT_WALK_DEPTH);
	r = list_names(fd, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		size_t n = g->path.n;

		if (n)
			buf_putc(&g->path, '/');
		buf_puts(&g->path, names.v[i]);
		r = buf_check(&g->path, "file name", e);
		if (r == 0)
			r = step(g, here, fd, names.v[i], e);
		g->path.n = n;
		if (g->path.p)
			g->path.p[n] = '\0';
	}
	g->depth--;
	return r;
}

static int step_dir(struct walking *g, struct level *up, const struct walk_item *it, bool out,
		    struct err *e)
{
	auto_free char *path = strdup(it->path); /* g->path moves on beneath */
	struct level here = { .up = up, .item = *it };
	int r = 0;

	if (!path)
		return FAIL_NOMEM(e);
	here.item.path = path;
	if (!out)
		r = enter_all(g, &here, e);
	if (r == 0)
		r = descend(g, &here, e);
	if (r == 0 && here.seen)
		r = g->w->leave(g->w->arg, &here.item, e);
	return r;
}

static int step(struct walking *g, struct level *up, int dir, const char *name, struct err *e)
{
	struct stat st;
	int r = proc_interrupted(e);
	enum sight sight = SIGHT_NONE;

	if (r == 0)
		r = look(g, &sight, e);
	if (r < 0)
		return r;
	if (sight == SIGHT_NONE)
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "read '%s'", buf_str(&g->path));

	struct walk_item it = { dir, name, buf_str(&g->path), &st };

	if (S_ISDIR(st.st_mode))
		return step_dir(g, up, &it, sight != SIGHT_SEEN, e);
	if (sight != SIGHT_SEEN)
		return 0;
	r = enter_all(g, up, e);
	return r < 0 ? r : g->w->file(g->w->arg, &it, e);
}

int walk_tree(int dir, const char *name, const struct walker *w, struct err *e)
{
	auto_buf path = BUF_INIT(4096);
	struct walking g = { .w = w, .path = path };
	int r = step(&g, NULL, dir, name, e);

	path = g.path;
	return r;
}

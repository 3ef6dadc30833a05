/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of the user's, made aside and then put in its place. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pipeline/output/internal.h"

static const char prefix[] = ".plimsoll-";

/* Names in a folder. */
static int list(int dir, struct strv *ret, struct err *e)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = 0;

	if (!d)
		return FAIL_SYS(e, "read folder");
	for (const struct dirent *ent; r == 0 && (ent = readdir(d));)
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			r = strv_add(ret, ent->d_name, e);
	return r;
}

/* Removes what killed exports left here: ours, and nobody holds its lock. */
static void sweep(int dir)
{
	auto_strv names = { 0 };

	if (list(dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		auto_close int fd = -1;
		struct stat st;

		if (!starts_with(names.v[i], prefix))
			continue;
		fd = openat(dir, names.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		    flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)fs_remove_tree(dir, names.v[i], NULL);
	}
}

/* Makes and locks it. Whoever sweeps between the two takes it away: then another. */
static int make(struct stage *s, struct err *e)
{
	for (int tries = 0; tries < 10; tries++) {
		auto_close int fd = -1;
		struct stat st;
		int r = fs_temp_name(prefix, s->name, sizeof(s->name), e);

		if (r < 0)
			return r;
		if (mkdirat(s->parent, s->name, 0700) < 0) {
			s->name[0] = '\0';
			return FAIL_SYS(e, "make a folder");
		}
		fd = openat(s->parent, s->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
		    st.st_nlink > 0) {
			s->fd = TAKE_FD(fd);
			return 0;
		}
	}
	return FAIL(e, E_SYSTEM, "a folder in the making went away, again and again");
}

int stage_open(const char *dest, struct stage *ret, struct err *e)
{
	auto_stage s = STAGE_NONE;
	auto_free char *path = strdup(dest);
	const char *slash;
	size_t n;
	int r;

	if (!path)
		return FAIL_NOMEM(e);
	for (n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	s.parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.parent < 0 && errno != ENOENT)
		return FAIL_SYS(e, "open folder '%.200s'", dest);
	if (s.parent < 0) {
		slash = strrchr(path, '/');
		s.leaf = strdup(slash ? slash + 1 : path);
		if (!s.leaf)
			return FAIL_NOMEM(e);
		if (slash)
			path[slash - path + 1] = '\0';
		/* As docker does, folders on the way are made. */
		r = slash ? fs_mkdir_p_user(path, 0755, e) : 0;
		if (r < 0)
			return r;
		s.parent = fs_open_user(slash ? path : ".", O_RDONLY | O_DIRECTORY, 0, e);
		if (s.parent < 0)
			return s.parent;
	}
	sweep(s.parent);
	r = make(&s, e);
	if (r < 0)
		return WRAP(e, r, "'%.200s'", dest);
	*ret = s;
	s = STAGE_NONE;
	return 0;
}

static int open_dir(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int merge(int from, int to, bool move, struct err *e);

/* One name of both. move false: only looks whether it can be done. */
static int merge_one(int from, int to, const char *name, bool move, struct err *e)
{
	auto_close int a = -1, b = -1;
	struct stat st, had;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "look at it");
	if (fstatat(to, name, &had, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return FAIL_SYS(e, "look at it");
		return move && renameat(from, name, to, name) < 0 ? FAIL_SYS(e, "move it there")
								  : 0;
	}
	if (S_ISDIR(had.st_mode) && !S_ISDIR(st.st_mode))
		return FAIL(e, E_FORMAT, "a folder there, and none in the image");
	if (!S_ISDIR(had.st_mode)) {
		if (!move)
			return 0;
		if (S_ISDIR(st.st_mode) && unlinkat(to, name, 0) < 0)
			return FAIL_SYS(e, "replace it");
		return renameat(from, name, to, name) < 0 ? FAIL_SYS(e, "move it there") : 0;
	}
	a = open_dir(from, name);
	b = open_dir(to, name);
	if (a < 0 || b < 0)
		return FAIL_SYS(e, "open folder");
	r = merge(a, b, move, e);
	if (r < 0 || !move)
		return r;
	return unlinkat(from, name, AT_REMOVEDIR) < 0 ? FAIL_SYS(e, "remove a folder") : 0;
}

static int merge(int from, int to, bool move, struct err *e)
{
	auto_strv names = { 0 };
	int r = list(from, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		r = merge_one(from, to, names.v[i], move, e);
		if (r < 0)
			return WRAP(e, r, "'%.200s'", names.v[i]);
	}
	return r;
}

int stage_place(struct stage *s, struct err *e)
{
	int r = 0;

	if (syncfs(s->fd) < 0)
		return FAIL_SYS(e, "sync");
	if (s->leaf) {
		/* Over an empty folder, should one have come meanwhile; never over more. */
		if (fchmod(s->fd, 0755) < 0 || renameat(s->parent, s->name, s->parent, s->leaf) < 0)
			return FAIL_SYS(e, "put it in its place");
		s->name[0] = '\0';
	} else {
		r = merge(s->fd, s->parent, false, e);
		r = r < 0 ? r : merge(s->fd, s->parent, true, e);
	}
	if (r == 0 && fsync(s->parent) < 0)
		r = FAIL_SYS(e, "sync");
	return r;
}

void stage_close(struct stage *s)
{
	if (s->name[0])
		(void)fs_remove_tree(s->parent, s->name, NULL);
	close_release(&s->fd);
	close_release(&s->parent);
	free(s->leaf);
	*s = STAGE_NONE;
}

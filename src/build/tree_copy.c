/* SPDX-License-Identifier: Apache-2.0 */
/* COPY's copying, by docker's rules for what a target means. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "build/tree_put.h"

/* Where a file goes: its folder, opened (made when missing), and its name in it. */
static int find_place(const struct tree_copy *c, const char *base, char **ret_name,
		      bool *ret_took_name, struct err *e)
{
	auto_free char *path = strdup(c->target);
	auto_close int there = fs_open_in_root(c->root, c->target, O_PATH | O_DIRECTORY, 0, NULL);

	*ret_took_name = false;
	if (!path)
		return FAIL_NOMEM(e);
	if (c->into || there >= 0) {
		*ret_name = strdup(base);
		return *ret_name ? tree_put_folders(c, path, e) : FAIL_NOMEM(e);
	}
	*ret_took_name = true;
	for (int links = 0; links < LIMIT_TREE_LINKS; links++) {
		char target[4097], *slash = strrchr(path, '/'), *next = NULL;
		ssize_t n;

		*slash = '\0';

		auto_close int dir = tree_put_folders(c, *path ? path : "/", e);

		if (dir < 0)
			return dir;
		n = readlinkat(dir, slash + 1, target, sizeof(target) - 1);
		if (n < 0) {
			*ret_name = strdup(slash + 1);
			return *ret_name ? TAKE_FD(dir) : FAIL_NOMEM(e);
		}
		target[n] = '\0'; /* a link at the very target: the file it means is written */
		if (asprintf(&next, "%s/%s", *target == '/' ? "" : path, target) < 0)
			return FAIL_NOMEM(e);
		free(path);
		path = next;
		while (*path && path[1] && ends_with(path, "/"))
			path[strlen(path) - 1] = '\0';
	}
	return FAIL(e, E_FORMAT, "'%s': too many links", c->target);
}

static int copy_named_file(const struct tree_put *g, const struct source *src, struct err *e)
{
	auto_free char *name = NULL;
	bool took_name;
	auto_close int dir = find_place(g->c, source_base(src), &name, &took_name, e);

	if (dir < 0)
		return dir;

	auto_close int from = open(fs_fd_path(src->fd, (char[32]){ 0 }),
				   O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (from < 0)
		return FAIL_SYS(e, "open '%s'", src->path);

	int r = tree_put_regular(g, from, &src->st, dir, name, e);

	return r < 0 ? r : took_name;
}

int tree_copy(const struct tree_copy *c, const struct source_root *from, const struct source *src,
	      struct err *e)
{
	const struct tree_put g = { c, from->keep_owner };

	return S_ISDIR(src->st.st_mode) ? tree_copy_folder(&g, from, src, e)
					: copy_named_file(&g, src, e);
}

int tree_write(const struct tree_copy *c, const char *name, const char *p, size_t n, struct err *e)
{
	const struct tree_put g = { .c = c };
	struct stat st = { .st_mode = S_IFREG | 0644, .st_mtime = c->clamp };
	auto_free char *place = NULL;
	bool took_name;
	auto_close int dir = find_place(c, name, &place, &took_name, e);
	auto_close int from = memfd_create("heredoc", MFD_CLOEXEC);
	int r;

	if (dir < 0)
		return dir;
	if (from < 0)
		return FAIL_SYS(e, "make a temporary file");
	r = fs_write_all(from, p, n, e);
	if (r == 0 && lseek(from, 0, SEEK_SET) < 0)
		r = FAIL_SYS(e, "rewind a temporary file");
	if (r == 0)
		r = tree_put_regular(&g, from, &st, dir, place, e);
	return r < 0 ? r : took_name;
}

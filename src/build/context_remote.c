/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts that are no folder: a git repository, a file of the web, standard input. A file is an
 * archive of the context or a Dockerfile without one, as its content says. All of it is hostile:
 * archives are taken apart as layers are, in the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "build/git.h"
#include "build/work.h"
#include "oci/layer.h"

#define LIMIT_CONTEXT_ARCHIVE ((uint64_t)16 * 1024 * 1024 * 1024)

/* Standard input as a file, since it is looked at before it is read. */
static int spool(struct work *w, struct err *e)
{
	auto_close int to = openat(w->area.fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char chunk[65536];
	uint64_t total = 0;

	if (to < 0)
		return FAIL_SYS(e, "make a temporary file");
	for (;;) {
		ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));
		int r = proc_interrupted(e);

		if (r < 0)
			return r;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read standard input");
		if (n == 0)
			break;
		total += (uint64_t)n;
		if (total > LIMIT_CONTEXT_ARCHIVE)
			return FAIL(e, E_FORMAT, "more than %llu bytes on standard input",
				    (unsigned long long)LIMIT_CONTEXT_ARCHIVE);
		r = fs_write_all(to, chunk, (size_t)n, e);
		if (r < 0)
			return r;
	}
	if (lseek(to, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "rewind what was read");
	return TAKE_FD(to);
}

int archive_tree(struct work *w, int fd, struct desc *ret_layer, struct digest *ret_diff_id,
		 struct err *e)
{
	const struct build_opts *o = w->o;
	struct digest diff_id;
	struct desc layer;
	int r = layer_from_tar(o->store, fd, INT64_MAX, &layer, &diff_id, o->progress, e);

	if (r == 0)
		r = layer_unpack(o->state, o->store, &layer, &diff_id, NULL, e);
	if (r < 0)
		return r;

	auto_free char *path = layer_path(o->state, &diff_id);
	int dir = path ? fs_open_user(path, O_RDONLY | O_DIRECTORY, 0, e) : FAIL_NOMEM(e);

	if (dir >= 0 && ret_layer) {
		*ret_layer = layer;
		*ret_diff_id = diff_id;
	}
	return dir;
}

/* A Dockerfile and nothing else: a context without files. */
static int as_text(struct work *w, int fd, const char *dockerfile, struct context_at *ret,
		   struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DOCKERFILE + 1);
	char dir[32];
	int r;

	if (dockerfile)
		return FAIL(e, E_USAGE,
			    "-f names a file of the context, and this context is no archive");
	r = fs_read_fd(fd, "Dockerfile", LIMIT_DOCKERFILE, &text, e);
	if (r == 0)
		r = area_dir(&w->area, dir, e);
	if (r < 0)
		return r;
	ret->fd = fs_open_nolink(w->area.fd, dir, O_RDONLY | O_DIRECTORY, 0, e);
	if (ret->fd < 0)
		return ret->fd;
	ret->text_n = text.n;
	ret->text = text.n ? buf_take(&text) : strdup("");
	return ret->text ? 0 : FAIL_NOMEM(e);
}

static int as_file(struct work *w, int fd, const char *name, const char *dockerfile,
		   struct context_at *ret, struct err *e)
{
	bool archive = false;
	int r = is_archive(fd, name, &archive, e);

	if (r < 0)
		return r;
	if (!archive)
		return as_text(w, fd, dockerfile, ret, e);
	ret->fd = archive_tree(w, fd, NULL, NULL, e);
	return ret->fd < 0 ? ret->fd : 0;
}

static int from_stdin(struct work *w, struct context_at *ret, struct err *e)
{
	const char *dockerfile = w->o->dockerfile;

	if (dockerfile && strcmp(dockerfile, "-") == 0)
		return FAIL(e, E_USAGE, "context and Dockerfile cannot both be standard input");

	auto_close int fd = spool(w, e);

	return fd < 0 ? fd : as_file(w, fd, "standard input", dockerfile, ret, e);
}

static int from_web(struct work *w, const struct remote *at, struct context_at *ret, struct err *e)
{
	struct web_file f = WEB_FILE_NONE;
	int r = web_resolve(w, at, NULL, &f, e);

	if (r == 0)
		r = web_get(w, at, &f, e);

	auto_close int fd = f.fd;

	if (r == 0)
		r = material_add(w, at->shown, f.digest.s, e);
	return r < 0 ? r
		     : as_file(w, fd, at->name ? at->name : "context", w->o->dockerfile, ret, e);
}

/* BUILDKIT_CONTEXT_KEEP_GIT_DIR is the old way of asking for .git. */
static int from_git(struct work *w, struct remote *at, struct context_at *ret, struct err *e)
{
	const char *keep = vars_get(&w->build_args, "BUILDKIT_CONTEXT_KEEP_GIT_DIR");
	struct git_tree t = GIT_TREE_NONE;
	char digest[80];
	int r;

	if (keep && !at->keep_said)
		at->keep_git = strcmp(keep, "1") == 0 || strcmp(keep, "true") == 0;
	r = git_resolve(w, at, &t, e);
	if (r == 0)
		r = git_get(w, at, &t, e);

	auto_close int tree = t.fd;

	if (r < 0)
		return r;
	git_digest(&t, digest);
	r = material_add(w, at->shown, digest, e);
	if (r < 0)
		return r;
	ret->commit_time = t.time;
	ret->fd = git_subdir(at, &t, e);
	return ret->fd < 0 ? ret->fd : 0;
}

int context_fetch(struct work *w, struct context_at *ret, struct err *e)
{
	struct context_at at = CONTEXT_AT_NONE;
	auto_remote remote = { 0 };
	int r = 0;

	if (strcmp(w->o->context, "-") == 0) {
		r = from_stdin(w, &at, e);
	} else {
		r = remote_parse(w->o->context, true, &remote, e);
		if (r == 0 && remote.kind == REMOTE_HTTP)
			r = from_web(w, &remote, &at, e);
		else if (r == 0 && remote.kind == REMOTE_GIT)
			r = from_git(w, &remote, &at, e);
	}
	if (r < 0)
		return WRAP(e, r, "build context");
	*ret = at;
	return 0;
}

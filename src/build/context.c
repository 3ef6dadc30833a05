/* SPDX-License-Identifier: Apache-2.0 */
#include "build/context.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "dockerfile/dockerfile.h"

/* Reads an opened regular file; anything else (a pipe, a device) would hang or never end. */
static int read_regular(int fd, const char *name, size_t max, struct buf *ret, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "read '%s'", name);
	if (!S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "read '%s': not a regular file", name);
	return fs_read_fd(fd, name, max, ret, e);
}

/* Links were followed as open() did. NULL when the file is not in the folder. */
static char *path_within(int folder, int file)
{
	auto_free char *root = fs_fd_target(folder), *path = fs_fd_target(file);
	size_t n = root ? strlen(root) : 0;

	if (n == 1) /* "/" */
		n = 0;
	return root && path && strncmp(path, root, n) == 0 && path[n] == '/' ? strdup(path + n + 1)
									     : NULL;
}

/* As docker does, "dockerfile" where there is no "Dockerfile". */
static const char *default_name(const struct context *c)
{
	struct stat st;

	return fstatat(c->fd, "Dockerfile", &st, AT_SYMLINK_NOFOLLOW) < 0 &&
			       fstatat(c->fd, "dockerfile", &st, AT_SYMLINK_NOFOLLOW) == 0
		       ? "dockerfile"
		       : "Dockerfile";
}

static int open_dockerfile(struct context *c, const char *path, const char *dockerfile,
			   struct err *e)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	const char *name = dockerfile ? dockerfile : default_name(c);
	int fd = dockerfile && !c->inside ? fs_open_user(name, flags, 0, e)
					  : fs_open(c->fd, name, flags, 0, e);

	if (fd == E_NOTFOUND && c->inside)
		return FAIL(e, E_FORMAT, "there is no '%.200s' in the context", name);

	if (fd == E_NOTFOUND && !dockerfile) {
		(void)FAIL(e, E_FORMAT, "there is no Dockerfile in '%s'", path);
		return err_hint(e, E_FORMAT, "plimsoll build -f FILE %s", path);
	}
	return fd;
}

static int read_dockerfile(struct context *c, const char *path, const char *dockerfile,
			   struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_DOCKERFILE + 1);
	int r;

	if (dockerfile && strcmp(dockerfile, "-") == 0) {
		c->dockerfile_name = strdup("Dockerfile");
		r = fs_read_user("-", LIMIT_DOCKERFILE, &b, e);
	} else {
		const char *name = dockerfile ? dockerfile : default_name(c);
		auto_close int fd = open_dockerfile(c, path, dockerfile, e);

		c->dockerfile_name = strdup(name);
		r = fd < 0 ? fd : read_regular(fd, name, LIMIT_DOCKERFILE, &b, e);
		if (r == 0)
			c->dockerfile_at = path_within(c->fd, fd);
	}
	if (r < 0)
		return r;
	c->dockerfile_n = b.n;
	c->dockerfile = b.n ? buf_take(&b) : strdup("");
	return c->dockerfile && c->dockerfile_name ? 0 : FAIL_NOMEM(e);
}

static int read_ignore(struct context *c, const char *dockerfile, struct err *e)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	auto_buf text = BUF_INIT(LIMIT_IGNORE + 1);
	auto_free char *own = NULL;
	const char *name = ".dockerignore";
	auto_close int fd = E_NOTFOUND;
	int r;

	if (asprintf(&own, "%s.dockerignore", dockerfile ? dockerfile : default_name(c)) < 0)
		return FAIL_NOMEM(e);
	if (!dockerfile || (c->inside && strcmp(dockerfile, "-") != 0))
		fd = fs_open(c->fd, own, flags, 0, e);
	else if (strcmp(dockerfile, "-") != 0)
		fd = fs_open_user(own, flags, 0, e);
	if (fd >= 0)
		name = own;
	else if (fd == E_NOTFOUND)
		fd = fs_open(c->fd, name, flags, 0, e);
	if (fd == E_NOTFOUND)
		return 0;
	r = fd < 0 ? fd : read_regular(fd, name, LIMIT_IGNORE, &text, e);
	if (r < 0)
		return r;
	c->ignore_at = path_within(c->fd, fd);
	return ignore_parse((struct str){ buf_str(&text), text.n }, name, &c->ignore, e);
}

int context_open(struct context *ret, const char *path, const char *dockerfile, bool ask_git,
		 struct err *e)
{
	auto_context c = CONTEXT_NONE;
	int r;

	c.fd = fs_open_user(path, O_RDONLY | O_DIRECTORY, 0, e);
	if (c.fd < 0)
		return WRAP(e, c.fd, "build context");
	r = read_dockerfile(&c, path, dockerfile, e);
	if (r == 0)
		r = read_ignore(&c, dockerfile, e);
	if (r < 0)
		return r;
	if (ask_git)
		commit_times_open(&c.git, path);
	*ret = c;
	c = CONTEXT_NONE;
	return 0;
}

int context_open_at(struct context *ret, int fd, const char *dockerfile, const char *text,
		    size_t text_n, int64_t commit_time, struct err *e)
{
	auto_context c = CONTEXT_NONE;
	int r = 0;

	c.fd = fd;
	c.inside = true;
	c.commit_time = commit_time;
	if (text) {
		c.dockerfile_name = strdup("Dockerfile");
		c.dockerfile = calloc(1, text_n + 1);
		if (!c.dockerfile_name || !c.dockerfile)
			return FAIL_NOMEM(e);
		memcpy(c.dockerfile, text, text_n);
		c.dockerfile_n = text_n;
	} else {
		r = read_dockerfile(&c, "the context", dockerfile, e);
	}
	if (r == 0)
		r = read_ignore(&c, dockerfile, e);
	if (r < 0)
		return r;
	*ret = c;
	c = CONTEXT_NONE;
	return 0;
}

int context_ignore(int dir, struct ignore *ret, struct err *e)
{
	static const char name[] = ".dockerignore";
	auto_buf text = BUF_INIT(LIMIT_IGNORE + 1);
	auto_close int fd = fs_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	int r;

	if (fd == E_NOTFOUND)
		return 0;
	r = fd < 0 ? fd : read_regular(fd, name, LIMIT_IGNORE, &text, e);
	return r < 0 ? r : ignore_parse((struct str){ buf_str(&text), text.n }, name, ret, e);
}

void context_close(struct context *c)
{
	close_release(&c->fd);
	ignore_free(&c->ignore);
	commit_times_close(&c->git);
	free(c->dockerfile_name);
	free(c->dockerfile);
	free(c->dockerfile_at);
	free(c->ignore_at);
	*c = CONTEXT_NONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int output_file_begin(struct cli *c, const char *path, struct output_file *ret, struct err *e)
{
	FILE *collected;

	*ret = (struct output_file){ .path = path };
	if (!path || strcmp(path, "-") == 0)
		return 0;
	if (!*path || ends_with(path, "/"))
		return FAIL(e, E_USAGE, "--output needs a file, not '%s'", path);
	collected = open_memstream(&ret->text, &ret->n);
	if (!collected)
		return FAIL_NOMEM(e);
	ret->out = c->out;
	c->out = collected;
	return 0;
}

/* A device, a pipe, a link: written through. All else is replaced as a whole. */
static int write_file(const char *path, const char *p, size_t n, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	auto_close int fd = -1;
	struct stat st;

	if (!folder)
		return FAIL_NOMEM(e);
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = fs_open_user(path, O_WRONLY | O_TRUNC, 0, e);
		return fd < 0 ? fd : fs_write_all(fd, p, n, e);
	}
	fd = fs_open_user(folder, O_RDONLY | O_DIRECTORY, 0, e);
	return fd < 0 ? fd : fs_write_file(fd, slash ? slash + 1 : path, p, n, 0644, e);
}

int output_file_end(struct cli *c, struct output_file *f, int r, struct err *e)
{
	auto_free char *text = NULL;

	if (!f->out)
		return r;
	if (fclose(c->out) != 0 && r == 0)
		r = FAIL_NOMEM(e);
	c->out = f->out;
	f->out = NULL;
	text = f->text;
	r = r < 0 ? r : write_file(f->path, text, f->n, e);
	return r < 0 ? WRAP(e, r, "write %s", f->path) : 0;
}

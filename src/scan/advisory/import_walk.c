/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "scan/advisory/import_internal.h"

/* Which files an import reads. */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(int dir, const char *path, struct strv *ret, struct err *e)
{
	int fd = fs_open(dir, ".", O_RDONLY | O_DIRECTORY, 0, e);
	auto_closedir DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd < 0)
		return fd;
	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "read %s", path);
	}
	for (const struct dirent *ent; (ent = readdir(d));) {
		int r = ent->d_name[0] == '.' ? 0 : strv_add(ret, ent->d_name, e);

		if (r < 0)
			return r;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

static int add_folder(struct intake *in, int dir, const char *path, size_t i, int depth,
		      struct err *e)
{
	auto_strv names = { 0 };
	int r = list_names(dir, path, &names, e);

	if (r == 0 && depth > LIMIT_IMPORT_DEPTH)
		r = FAIL(e, E_FORMAT, "%s: folders deeper than %d", path, LIMIT_IMPORT_DEPTH);
	for (size_t k = 0; k < names.n && r == 0; k++) {
		auto_buf sub = BUF_INIT(64 * 1024);
		auto_close int fd = fs_open_nolink(dir, names.v[k], O_RDONLY | O_NONBLOCK, 0, NULL);
		struct stat st;

		buf_printf(&sub, "%s/%s", path, names.v[k]);
		if (fd < 0 || fstat(fd, &st) < 0)
			continue; /* a link, a socket */
		if (S_ISDIR(st.st_mode))
			r = add_folder(in, fd, buf_str(&sub), i, depth + 1, e);
		else if (advisory_is_name(names.v[k]))
			r = intake_file(
				in, (struct waiting){ .fd = TAKE_FD(fd), .name = sub.p, .path = i },
				e);
	}
	return r;
}

int intake_path(struct intake *in, const char *path, size_t i, bool single, struct err *e)
{
	auto_close int fd = fs_open_user(path, O_RDONLY | O_NONBLOCK, 0, e);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "%s", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(in, fd, path, i, 0, e);

	const struct waiting file = { .fd = TAKE_FD(fd),
				      .name = (char *)(uintptr_t)path,
				      .named = true,
				      .single = single,
				      .path = i };

	return intake_file(in, file, e);
}

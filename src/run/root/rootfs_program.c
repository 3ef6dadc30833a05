/* SPDX-License-Identifier: Apache-2.0 */
/* What an image's command and working folder name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/root/rootfs_internal.h"

enum { LIMIT_PATH = 4096 };

int rootfs_check_cwd(int root, const char *path, struct err *e)
{
	struct err why = ERR_INIT;
	auto_free char *real = NULL;
	auto_close int fd = fs_open_in_root(root, path, O_PATH | O_DIRECTORY, 0, &why);
	int r;

	if (fd < 0)
		return FAIL(e, E_FORMAT, "working folder '%s' is not a folder of the image", path);
	r = rootfs_path_within(root, fd, &real, e);
	return r == 0 ? rootfs_refuse_kernel_folders(real, "working folder", e) : r;
}

int rootfs_make_cwd(int root, const char *path, uid_t owner, struct err *e)
{
	struct err why = ERR_INIT;
	auto_free char *real = NULL;
	auto_strv made = { 0 };
	auto_close int there = fs_open_in_root(root, path, O_PATH, 0, &why);
	int r = there == E_NOTFOUND ? rootfs_target(root, path, true, &made, &real, e) : 0;

	for (size_t i = 0; r == 0 && i < made.n; i++) {
		auto_close int fd = fs_open_nolink(root, made.v[i], O_RDONLY | O_DIRECTORY, 0, e);

		r = fd < 0 ? fd : fchown(fd, owner, owner) < 0 ? FAIL_SYS(e, "fchown") : 0;
	}
	return r < 0 ? WRAP(e, r, "working folder") : rootfs_check_cwd(root, path, e);
}

/*
 * What execve(2) would say of its first bytes. The runtime could tell only once the container's
 * output is ours no more.
 */
static int check_format(int root, const char *path, struct err *e)
{
	auto_close int fd = fs_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);
	char head[257] = { 0 }, *interpreter;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, head, sizeof(head) - 1, 0);
	if (n >= 4 && memcmp(head, "\177ELF", 4) == 0)
		return 1;
	if (n < 3 || head[0] != '#' || head[1] != '!')
		return FAIL(e, E_POLICY, "'%s' is neither a program nor a script with '#!'", path);
	interpreter = head + 2 + strspn(head + 2, " \t");
	interpreter[strcspn(interpreter, " \t\r\n")] = '\0';

	auto_close int found = fs_open_in_root(root, interpreter, O_PATH, 0, NULL);

	return found >= 0 ? 1
			  : FAIL(e, E_NOTFOUND, "'%s' wants '%s', which is not in the image", path,
				 interpreter);
}

/* 1 found, 0 not there, E_POLICY there but not to be executed. */
static int try_program(int root, const char *path, struct err *e)
{
	auto_close int fd = fs_open_in_root(root, path, O_PATH, 0, NULL);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return FAIL(e, E_POLICY, "'%s' is not an executable file", path);
	return check_format(root, path, e);
}

int rootfs_check_program(int root, const char *cwd, const char *argv0, const char *path,
			 struct err *e)
{
	struct str rest = str_of(path), folder;
	struct err why = ERR_INIT;
	char full[LIMIT_PATH];
	int r = 0, found = 0;

	if (strchr(argv0, '/')) {
		if (snprintf(full, sizeof(full), "%s%s%s", argv0[0] == '/' ? "" : cwd,
			     argv0[0] == '/' ? "" : "/", argv0) >= (int)sizeof(full))
			return FAIL(e, E_NOTFOUND, "command name too long");
		r = try_program(root, full, e);
		return r ? (r < 0 ? r : 0)
			 : FAIL(e, E_NOTFOUND, "command '%s' is not in the image", argv0);
	}
	while (found <= 0 && str_cut(&rest, ':', &folder)) {
		if (snprintf(full, sizeof(full), "/%.*s/%s", (int)folder.n, folder.p, argv0) >=
		    (int)sizeof(full))
			continue;
		found = try_program(root, full, &why);
		r = found < 0 ? found : r;
	}
	if (found > 0)
		return 0;
	if (r < 0)
		return FAIL(e, (enum err_code)r, "%s", why.msg);
	return FAIL(e, E_NOTFOUND, "command '%s' is not in the image's PATH (%s)", argv0, path);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where programs are: in a folder of PATH, and our own helpers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"

#ifndef PLIMSOLL_LIBEXECDIR
#define PLIMSOLL_LIBEXECDIR "/usr/local/libexec/plimsoll"
#endif

#define PROC_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Debian's package of a program. */
static const char *package_of(const char *program)
{
	if (strcmp(program, "newuidmap") == 0 || strcmp(program, "newgidmap") == 0)
		return "uidmap";
	if (strcmp(program, "unshare") == 0)
		return "util-linux";
	return strcmp(program, "pasta") == 0 ? "passt" : program;
}

int proc_find(const char *name, char **ret, struct err *e)
{
	const char *path = getenv("PATH") ?: PROC_PATH;
	struct str rest = str_of(path), folder;
	struct stat st;

	if (strchr(name, '/')) {
		*ret = strdup(name);
		return *ret ? 0 : FAIL_NOMEM(e);
	}
	while (str_cut(&rest, ':', &folder)) {
		auto_free char *full = NULL;

		if (asprintf(&full, "%.*s/%s", (int)folder.n, folder.p, name) < 0)
			return FAIL_NOMEM(e);
		if (folder.n == 0 || full[0] != '/' || access(full, X_OK) < 0 ||
		    stat(full, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		*ret = TAKE(full);
		return 0;
	}
	return err_hint(
		e, FAIL(e, E_SYSTEM, "start '%s': not in a folder of PATH (%.200s)", name, path),
		"apt-get install %s", package_of(name));
}

static const char *helper_folder = PLIMSOLL_LIBEXECDIR;

void proc_helper_folder(const char *folder)
{
	helper_folder = folder;
}

int proc_helper_path(const char *name, char **ret, struct err *e)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *path = NULL, *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash && asprintf(&path, "%.*s/%s", (int)(slash - self), self, name) < 0)
			return FAIL_NOMEM(e);
		if (path && access(path, X_OK) == 0) {
			*ret = path;
			return 0;
		}
		free(path);
	}
	if (asprintf(&path, "%s/%s", helper_folder, name) < 0)
		return FAIL_NOMEM(e);
	if (access(path, X_OK) < 0) {
		int r = FAIL_SYS(e, "find helper program '%s'", path);

		free(path);
		return r;
	}
	*ret = path;
	return 0;
}

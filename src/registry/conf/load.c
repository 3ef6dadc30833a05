/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are read. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "registry/conf/registries.h"
#include "registry/conf/toml.h"

#define SYSTEM_DIR "/etc/containers"
enum { LIMIT_CONF_FILES = 256 };

static int add_file(const char *path, bool must, struct registries *into, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_TOML);
	int r = fs_read_user(path, LIMIT_TOML, &b, e);

	if (r == E_NOTFOUND && !must)
		return 0;
	return r < 0 ? r : registries_parse(buf_str(&b), b.n, path, into, e);
}

static int is_conf(const struct dirent *d)
{
	return d->d_name[0] != '.' && ends_with(d->d_name, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(const char *dir, struct registries *into, struct err *e)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_conf, by_name), r = 0;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : FAIL_SYS(e, "read '%s'", dir);
	if (n > LIMIT_CONF_FILES)
		r = FAIL(e, E_FORMAT, "%s: more than %d files", dir, LIMIT_CONF_FILES);
	for (int i = 0; i < n; i++) {
		char path[4096];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		if (r == 0)
			r = add_file(path, false, into, e);
		free(list[i]);
	}
	free(list);
	return r;
}

/* $XDG_CONFIG_HOME/containers or ~/.config/containers; "": neither is known. */
static void user_dir(char *ret, size_t cap)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	ret[0] = '\0';
	if (config && *config)
		(void)snprintf(ret, cap, "%s/containers", config);
	else if (home && *home)
		(void)snprintf(ret, cap, "%s/.config/containers", home);
}

int registries_load(struct registries *ret, struct err *e)
{
	const char *named = getenv("CONTAINERS_REGISTRIES_CONF");
	char user[2048], path[4096];
	auto_registries all = { 0 };
	int r;

	user_dir(user, sizeof(user));
	(void)snprintf(path, sizeof(path), "%s/registries.conf", user);
	if (named && *named)
		r = add_file(named, true, &all, e);
	else if (*user && access(path, F_OK) == 0)
		r = add_file(path, false, &all, e);
	else
		r = add_file(SYSTEM_DIR "/registries.conf", false, &all, e);
	if (r == 0)
		r = add_folder(SYSTEM_DIR "/registries.conf.d", &all, e);
	(void)snprintf(path, sizeof(path), "%s/registries.conf.d", user);
	if (r == 0 && *user)
		r = add_folder(path, &all, e);
	if (r < 0)
		return r;
	*ret = all;
	all = (struct registries){ 0 };
	return 0;
}

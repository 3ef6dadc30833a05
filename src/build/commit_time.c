/* SPDX-License-Identifier: Apache-2.0 */
#include "build/commit_time.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"

enum { LIMIT_ANSWER = 64 * 1024, GIT_WORDS = 32 };

/* What is before every git: no environment, no configuration of user and machine, no lock. */
static const char *const git_prefix[] = {
	"env",
	"-i",
	"PATH=/usr/local/bin:/usr/bin:/bin",
	"LC_ALL=C",
	"HOME=/nonexistent",
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_NO_LAZY_FETCH=1",
	"git",
	"-c",
	"core.fsmonitor=false",
	"-c",
	"core.hooksPath=/dev/null",
	"-C",
};
enum { PREFIX = sizeof(git_prefix) / sizeof(git_prefix[0]) };

/* git's answer to the words (end with NULL) in that folder; false when it has none. */
static bool git(const char *dir, const char *const *words, struct buf *ret)
{
	const char *argv[GIT_WORDS] = { NULL };
	size_t n = PREFIX;

	for (size_t i = 0; i < PREFIX; i++)
		argv[i] = git_prefix[i];
	argv[n++] = dir;
	for (size_t i = 0; words[i]; i++) {
		if (n + 1 >= GIT_WORDS)
			return false;
		argv[n++] = words[i];
	}
	*ret = BUF_INIT(LIMIT_ANSWER);
	return proc_run(argv, -1, ret, NULL) == 0;
}

/* A .git in the folder or above it: without one git need not be asked. */
static bool in_work_tree(const char *dir)
{
	auto_free char *at = strdup(dir);

	while (at) {
		auto_free char *git_dir = NULL;
		char *slash = strrchr(at, '/');
		struct stat st;

		if (asprintf(&git_dir, "%s/.git", at) < 0)
			return false;
		if (lstat(git_dir, &st) == 0)
			return true;
		if (!slash)
			return false;
		*slash = '\0';
	}
	return false;
}

/* What `git clone` and `git init` write, and whom a person is. */
static bool harmless(const char *key)
{
	static const char *const names[] = { "core.repositoryformatversion",
					     "core.filemode",
					     "core.bare",
					     "core.logallrefupdates",
					     "core.ignorecase",
					     "core.precomposeunicode",
					     "core.symlinks",
					     "user.name",
					     "user.email",
					     "init.defaultbranch" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(key, names[i]) == 0)
			return true;
	/* Not remote.*.promisor: a missing object would be fetched, by a program named here. */
	if (strncasecmp(key, "remote.", 7) == 0)
		return ends_with(key, ".url") || ends_with(key, ".fetch");
	return strncasecmp(key, "branch.", 7) == 0;
}

static bool config_is_harmless(const char *dir)
{
	static const char *const where[] = { "rev-parse", "--path-format=absolute",
					     "--git-common-dir", NULL };
	auto_buf common = BUF_INIT(0), keys = BUF_INIT(0);
	auto_free char *file = NULL;
	struct str line;

	if (!git(dir, where, &common))
		return false;
	line = str_trim((struct str){ buf_str(&common), common.n });
	if (asprintf(&file, "%.*s/config", (int)line.n, line.p) < 0)
		return false;

	const char *const list[] = { "config", "--file",      file,	"--no-includes",
				     "--null", "--name-only", "--list", NULL };

	if (!git(dir, list, &keys))
		return false;
	for (size_t at = 0; at < keys.n; at += strlen(buf_str(&keys) + at) + 1)
		if (!harmless(buf_str(&keys) + at))
			return false;
	return true;
}

int64_t commit_time(const char *context, const char *dockerfile)
{
	bool named = dockerfile && strcmp(dockerfile, "-") != 0;
	auto_free char *dir = realpath(context, NULL);
	auto_free char *file = named ? realpath(dockerfile, NULL) : NULL;
	/* "." twice where no Dockerfile is named: the list ends at the first NULL. */
	const char *const status[] = { "status",
				       "--porcelain=v1",
				       "--untracked-files=all",
				       "--no-renames",
				       "--ignore-submodules=all",
				       "--",
				       ".",
				       file ? file : ".",
				       NULL };
	const char *const log[] = { "log", "-1", "--no-show-signature", "--format=%ct",
				    "--",  ".",	 file ? file : ".",	NULL };
	auto_buf changes = BUF_INIT(0), time = BUF_INIT(0);
	uint64_t v;

	if (!dir || (named && !file) || !in_work_tree(dir) || !config_is_harmless(dir))
		return -1;
	if (!git(dir, status, &changes) || changes.n || !git(dir, log, &time))
		return -1;
	if (str_u64(str_trim((struct str){ buf_str(&time), time.n }), INT32_MAX, &v, NULL) < 0)
		return -1;
	return (int64_t)v;
}

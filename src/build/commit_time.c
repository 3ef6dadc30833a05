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

enum { LIMIT_ANSWER = 64 * 1024, GIT_WORDS = 32 + LIMIT_COMMIT_PATHS };

/* No configuration of user and machine, no lock. */
static const char *const git_env[] = {
	"PATH=/usr/local/bin:/usr/bin:/bin",
	"LC_ALL=C",
	"HOME=/nonexistent",
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_NO_LAZY_FETCH=1",
	NULL,
};

/* What begins every command. */
static const char *const git_prefix[] = {
	"git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C",
};
enum { PREFIX = sizeof(git_prefix) / sizeof(git_prefix[0]) };

bool commit_git(const char *dir, const char *const *words, size_t limit, struct buf *ret)
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
	*ret = BUF_INIT(limit);
	return proc_run_env(argv, git_env, -1, ret, NULL) == 0;
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

static bool config_is_harmless(const char *dir, struct str common)
{
	auto_buf keys = BUF_INIT(0);
	auto_free char *file = NULL;

	if (asprintf(&file, "%.*s/config", (int)common.n, common.p) < 0)
		return false;

	const char *const list[] = { "config", "--file",      file,	"--no-includes",
				     "--null", "--name-only", "--list", NULL };

	if (!commit_git(dir, list, LIMIT_ANSWER, &keys))
		return false;
	for (size_t at = 0; at < keys.n; at += strlen(buf_str(&keys) + at) + 1)
		if (!harmless(buf_str(&keys) + at))
			return false;
	return true;
}

/* Where the repository is, which commit, and where in its work tree the folder lies. A line break
 * in a path makes a line that is not as it should be. */
static bool read_place(struct commit_times *t)
{
	static const char *const words[] = { "rev-parse",
					     "--path-format=absolute",
					     "--git-common-dir",
					     "--is-shallow-repository",
					     "HEAD",
					     "--show-prefix",
					     NULL };
	auto_buf out = BUF_INIT(0);
	struct str rest, common, shallow, head;

	if (!commit_git(t->dir, words, LIMIT_ANSWER, &out))
		return false;
	rest = (struct str){ buf_str(&out), out.n };
	if (!str_line(&rest, &common) || !str_line(&rest, &shallow) || !str_line(&rest, &head))
		return false;
	t->shallow = str_eqz(shallow, "true");
	if ((!t->shallow && !str_eqz(shallow, "false")) || head.n >= sizeof(t->head) ||
	    strspn(head.p, "0123456789abcdef") != head.n)
		return false;
	memcpy(t->head, head.p, head.n);
	if (rest.n && rest.p[rest.n - 1] == '\n')
		rest.n--;
	t->prefix = str_dup(rest);
	return t->prefix && config_is_harmless(t->dir, common);
}

/* "XY path" each, of the whole work tree; a folder that is a repository of its own ends in "/". */
static bool read_changed(struct commit_times *t)
{
	static const char *const words[] = { "status",
					     "--porcelain=v1",
					     "-z",
					     "--untracked-files=all",
					     "--no-renames",
					     "--ignore-submodules=all",
					     "--",
					     ".",
					     NULL };
	auto_buf out = BUF_INIT(0);
	const size_t before = strlen(t->prefix);

	if (!commit_git(t->dir, words, LIMIT_COMMIT_CHANGES, &out))
		return false;
	for (size_t at = 0; at < out.n;) {
		char *entry = out.p + at, *path = entry + 3;
		size_t n = strlen(entry);

		at += n + 1;
		if (n <= 3 + before || strncmp(path, t->prefix, before) != 0)
			return false;
		if (entry[n - 1] == '/')
			entry[n - 1] = '\0';
		if (strv_add(&t->changed, path + before, NULL) < 0)
			return false;
	}
	return true;
}

void commit_times_open(struct commit_times *ret, const char *dir)
{
	struct commit_times t = { .dir = realpath(dir, NULL) };

	if (t.dir && in_work_tree(t.dir) && read_place(&t) && read_changed(&t)) {
		*ret = t;
		return;
	}
	commit_times_close(&t);
	*ret = t;
}

void commit_times_close(struct commit_times *t)
{
	free(t->dir);
	free(t->prefix);
	strv_free(&t->changed);
	*t = (struct commit_times){ 0 };
}

bool commit_time_ask(const struct commit_times *t, const struct strv *words, int64_t *ret_time,
		     bool *ret_certain)
{
	static const char *const log[] = { "log", "-1", "--no-show-signature", "--format=%ct %P" };
	const size_t n = sizeof(log) / sizeof(*log);
	const char *argv[GIT_WORDS] = { NULL };
	auto_buf out = BUF_INIT(0);
	struct str parents, time;
	uint64_t v;

	if (words->n > LIMIT_COMMIT_PATHS)
		return false;
	memcpy(argv, log, sizeof(log));
	argv[n] = t->head;
	argv[n + 1] = "--";
	for (size_t i = 0; i < words->n; i++)
		argv[n + 2 + i] = words->v[i];
	if (!commit_git(t->dir, argv, LIMIT_ANSWER, &out))
		return false;
	parents = str_trim((struct str){ buf_str(&out), out.n });
	(void)str_cut(&parents, ' ', &time);
	if (str_u64(time, INT32_MAX, &v, NULL) < 0)
		return false;
	*ret_time = (int64_t)v;
	/* At its end a shallow clone knows no parents, and takes all files for new. */
	*ret_certain = !t->shallow || parents.n;
	return true;
}

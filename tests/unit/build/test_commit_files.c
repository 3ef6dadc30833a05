/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "build/commit_time.h"
#include "build/context.h"
#include "tap.h"

TAP_MAIN()

/* The words for patterns ("a|b") with what .dockerignore and --exclude say, one after another. */
static char *words(const char *patterns, const char *ignored, const char *excluded)
{
	auto_strv list = { 0 }, found = { 0 };
	auto_ignore ignore = { 0 }, exclude = { 0 };
	auto_buf b = BUF_INIT(65536);
	struct str rest = str_of(patterns), one;

	while (str_cut(&rest, '|', &one))
		CHECK(strv_addf(&list, NULL, "%.*s", (int)one.n, one.p) == 0);
	CHECK(ignore_parse(str_of(ignored), ".dockerignore", &ignore, NULL) == 0);
	CHECK(ignore_parse(str_of(excluded), "--exclude", &exclude, NULL) == 0);

	const struct commit_files f = { .patterns = (const char *const *)list.v,
					.n = list.n,
					.ignore = &ignore,
					.exclude = &exclude };

	CHECK(commit_files_words(&f, &found, NULL) == 0);
	for (size_t i = 0; i < found.n; i++)
		buf_printf(&b, "%s%s", i ? " " : "", found.v[i]);
	return buf_take(&b);
}

#define CHECK_WORDS(patterns, ignored, excluded, want)                                             \
	do {                                                                                       \
		auto_free char *got = words((patterns), (ignored), (excluded));                    \
		CHECK_STR(got, (want));                                                            \
	} while (0)

TEST(patterns_become_pathspecs)
{
	CHECK_WORDS("a", "", "", ":(literal)a");
	CHECK_WORDS("/a/./b/../c/|:(top)x", "", "", ":(literal)a/c :(literal):(top)x");
	CHECK_WORDS(".", "", "", ".");
	CHECK_WORDS("/", "", "", ".");
	CHECK_WORDS("src/*.c", "", "", ":(glob)src/*.c :(glob)src/*.c/**");
}

TEST(what_is_left_out_is_excluded)
{
	CHECK_WORDS(".", "docs\n*.md\n", "",
		    ":(exclude,literal)docs :(exclude,glob)*.md :(exclude,glob)*.md/** .");
	CHECK_WORDS("src", "", "*.o\ntmp",
		    ":(literal)src :(exclude,glob)src/*.o :(exclude,glob)src/*.o/** "
		    ":(exclude,literal)src/tmp");
	/* What "!" takes back cannot be said. */
	CHECK_WORDS("src", "*\n!src\n", "", ":(literal)src");
	/* Where a source of a pattern begins is not known. */
	CHECK_WORDS("s*", "", "tmp", ":(glob)s* :(glob)s*/**");
	/* The whole context would be left out, or no path of it. */
	CHECK_WORDS("a", "/\n.\n", "", ":(literal)a");
}

TEST(too_many_patterns_leave_nothing_out)
{
	for (int n = LIMIT_COMMIT_PATHS - 1; n <= LIMIT_COMMIT_PATHS; n++) {
		auto_buf ignored = BUF_INIT(65536), many = BUF_INIT(65536);
		auto_free char *got = NULL;

		for (int i = 0; i < n; i++) {
			buf_printf(&ignored, "x%d\n", i);
			buf_printf(&many, "%sx%d", i ? "|" : "", i);
		}
		got = words("a", buf_str(&ignored), "");
		CHECK((strcmp(got, ":(literal)a") == 0) == (n == LIMIT_COMMIT_PATHS));
		free(got);
		got = words(buf_str(&many), "", "");
		CHECK(strcmp(got, ".") != 0);
		buf_puts(&many, "|y");
		free(got);
		got = words(buf_str(&many), "", "");
		CHECK((strcmp(got, ".") == 0) == (n == LIMIT_COMMIT_PATHS));
	}
}

/* Whether the source is clean while one path differs from the commit. */
static bool clean(const char *source, const char *include, const char *changed, const char *ignored,
		  const char *excluded)
{
	auto_free char *path = strdup(source), *only = include ? strdup(include) : NULL;
	auto_free char *entry = strdup(changed);
	auto_ignore ignore = { 0 }, exclude = { 0 };
	struct source v = { .fd = -1, .path = path, .include = only };
	const struct sources found = { &v, 1 };
	const struct commit_times t = { .changed = { .v = &entry, .n = 1 } };
	const struct commit_files f = { .found = &found, .ignore = &ignore, .exclude = &exclude };

	CHECK(ignore_parse(str_of(ignored), ".dockerignore", &ignore, NULL) == 0);
	CHECK(ignore_parse(str_of(excluded), "--exclude", &exclude, NULL) == 0);
	return commit_files_clean(&t, &f);
}

TEST(a_change_concerns_what_is_copied)
{
	CHECK(!clean("a", NULL, "a", "", ""));
	CHECK(!clean("a", NULL, "a/b/c", "", ""));
	CHECK(!clean("", NULL, "a/b/c", "", ""));
	CHECK(clean("a", NULL, "ab", "", ""));
	CHECK(clean("a/b", NULL, "a", "", "") == false); /* a repository of its own */
	CHECK(clean("a", NULL, "b/a", "", ""));
	CHECK(clean("", NULL, "docs/x", "docs", ""));
	CHECK(!clean("", NULL, "docs/x", "docs\n!docs/x", ""));
	CHECK(clean("a", NULL, "a/x.md", "", "*.md"));
	CHECK(!clean("a", NULL, "a/b/x.md", "", "*.md"));
	CHECK(clean("a", "b/*.c", "a/x.c", "", ""));
	CHECK(!clean("a", "b/*.c", "a/b/x.c", "", ""));
}

/* Whether the folder is clean, when that was done to a fresh clone of it: "a" and a Dockerfile. */
static bool clean_after(const char *script, const char *dockerfile)
{
	char dir[] = "/tmp/commit-source-XXXXXX";
	auto_free char *all = NULL, *remove = NULL;
	auto_context c = CONTEXT_NONE;
	auto_commit_source s = { .path = NULL };
	auto_buf out = BUF_INIT(65536);
	bool found;

	CHECK(mkdtemp(dir) != NULL);
	CHECK(asprintf(&all,
		       "cd %s; g() { git -c user.name=a -c user.email=a@b \"$@\"; }; "
		       "commit() { g add -A; g commit -qm x; }; exec 2>&1; set -e; "
		       "g init -q; echo a >a; echo FROM scratch >Dockerfile; %s",
		       dir, script) > 0);
	CHECK(proc_run((const char *const[]){ "sh", "-c", all, NULL }, -1, &out, NULL) == 0);
	CHECK(context_open(&c, dir, dockerfile, false, NULL) == 0);
	found = commit_source_read(dir, &c, &s);
	CHECK(found);
	CHECK(asprintf(&remove, "rm -r %s", dir) > 0);
	CHECK(proc_run((const char *const[]){ "sh", "-c", remove, NULL }, -1, &out, NULL) == 0);
	return found && !s.dirty;
}

/* A rule may ask that nothing was built but what the commit has. */
TEST(what_says_what_is_built_is_never_left_out)
{
	CHECK(clean_after("commit", NULL));
	CHECK(clean_after("echo b >.dockerignore; commit; echo b >b", NULL));
	CHECK(clean_after("ln -s Dockerfile link; commit", NULL));
	CHECK(!clean_after("commit; echo b >b", NULL));
	CHECK(!clean_after("commit; echo b >a", NULL));
	/* The Dockerfile is built though its patterns leave it out. */
	CHECK(!clean_after("printf '*\\n!a\\n' >.dockerignore; commit; echo >>Dockerfile", NULL));
	CHECK(!clean_after("echo '*' >.dockerignore; echo sub >.gitignore; commit; mkdir sub; "
			   "cd sub; echo FROM scratch >Dockerfile; cd ..; mv Dockerfile x; "
			   "ln -s sub/Dockerfile Dockerfile; git add Dockerfile; commit",
			   NULL));
	/* The patterns leave themselves out; others are read in place of the commit's. */
	CHECK(!clean_after("echo b >.dockerignore; commit; echo '*' >.dockerignore", NULL));
	CHECK(!clean_after("echo '*' >.dockerignore; commit; >Dockerfile.dockerignore", NULL));
	CHECK(!clean_after("echo '*' >.dockerignore; >Dockerfile.dockerignore; commit; "
			   "rm Dockerfile.dockerignore",
			   NULL));
	/* Something beneath a folder is taken back. */
	CHECK(!clean_after("printf 'o\\n!o/x\\n' >.dockerignore; echo o >.gitignore; commit; "
			   "mkdir o; echo >o/x",
			   NULL));
	/* Hidden from `git status`. */
	CHECK(!clean_after("commit; git update-index --skip-worktree a; echo b >a", NULL));
	CHECK(!clean_after("commit; git update-index --assume-unchanged a; echo b >a", NULL));
	CHECK(!clean_after("echo a >.dockerignore; commit; "
			   "git update-index --skip-worktree Dockerfile; echo >>Dockerfile",
			   NULL));
	CHECK(clean_after("echo a >.dockerignore; commit; git update-index --skip-worktree a; "
			  "echo b >a",
			  NULL));
	CHECK(clean_after("mkdir d; echo d >d/a; echo d >.dockerignore; commit; "
			  "git update-index --assume-unchanged d/a; echo b >d/a",
			  NULL));
	/* Ignored by git, and left out. */
	CHECK(clean_after("printf 'o\n*.log\n' | tee .gitignore >.dockerignore; commit; "
			  "mkdir o; echo >o/x; echo >a.log",
			  NULL));
	CHECK(!clean_after("echo '*.log' >.gitignore; commit; echo >a.log", NULL));
	/* From elsewhere. */
	CHECK(!clean_after("commit", "/etc/hostname"));
}

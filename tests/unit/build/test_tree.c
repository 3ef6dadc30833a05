/* SPDX-License-Identifier: Apache-2.0 */
/* Sources and targets on a real folder. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "build/tree.h"
#include "dockerfile/mode.h"
#include "tap.h"

TAP_MAIN()

struct ground {
	char path[64];
	int ctx, root; /* two folders within */
};

static void make_ground(struct ground *g)
{
	(void)snprintf(g->path, sizeof(g->path), "/tmp/plimsoll-tree-XXXXXX");
	CHECK(mkdtemp(g->path) != NULL);

	auto_close int top = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(mkdirat(top, "ctx", 0755) == 0 && mkdirat(top, "root", 0755) == 0);
	g->ctx = openat(top, "ctx", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g->root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_ground(struct ground *g)
{
	(void)close(g->ctx);
	(void)close(g->root);
	auto_close int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fs_remove_tree(tmp, g->path + 5, NULL) == 0);
}

static void file(int dir, const char *name, const char *content)
{
	CHECK(fs_write_file(dir, name, content, strlen(content), 0644, NULL) == 0);
}

static bool holds(int dir, const char *name, const char *content)
{
	auto_buf b = BUF_INIT(4096);

	return fs_read(dir, name, 4096, &b, NULL) == 0 && strcmp(buf_str(&b), content) == 0;
}

/* How many sources were copied. */
static int copy_from(struct ground *g, const struct source_root *from, bool parents,
		     const char *pattern, const char *target, bool into, struct err *e)
{
	struct tree_copy c = { .root = g->root,
			       .target = target,
			       .into = into,
			       .set_owner = true,
			       .owner = { getuid(), getgid() },
			       .clamp = INT_MAX };
	auto_sources s = { 0 };
	int r = parents ? sources_find_parents(from, pattern, &s, e)
			: sources_find(from, pattern, &s, e);

	for (size_t i = 0; r >= 0 && i < s.n; i++)
		r = tree_copy(&c, from, &s.v[i], e);
	return r < 0 ? r : (int)s.n;
}

static int copy(struct ground *g, const char *pattern, const char *target, bool into, struct err *e)
{
	struct source_root from = { .fd = g->ctx };

	return copy_from(g, &from, false, pattern, target, into, e);
}

TEST(patterns)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct source_root from;
	auto_sources s = { 0 };

	make_ground(&g);
	from = (struct source_root){ .fd = g.ctx };
	CHECK(mkdirat(g.ctx, "d", 0755) == 0 && mkdirat(g.ctx, "e", 0755) == 0);
	file(g.ctx, "d/x.c", "1");
	file(g.ctx, "e/x.c", "2");
	file(g.ctx, "d/.y.c", "3");
	file(g.ctx, "[a]", "4");
	CHECK(sources_find(&from, "*/x.?", &s, &e) == 0 && s.n == 2);
	CHECK_STR(s.v[0].path, "d/x.c");
	CHECK_STR(source_base(&s.v[1]), "x.c");
	CHECK(sources_find(&from, "/d/*.c", &s, &e) == 0 && s.n == 4);
	CHECK(sources_find(&from, "[[]a]", &s, &e) == 0 && s.n == 5);
	CHECK(sources_find(&from, "none*", &s, &e) == 0 && s.n == 5);
	CHECK(sources_find(&from, "none", &s, &e) == E_NOTFOUND);
	CHECK(sources_find(&from, "d/../e/./x.c", &s, &e) == 0 && s.n == 6);
	CHECK(sources_find(&from, "../ctx/d", &s, &e) == E_FORMAT);
	CHECK(sources_find(&from, "d/../../x", &s, &e) == E_FORMAT);
	CHECK(sources_find(&from, "[", &s, &e) == E_FORMAT);
	sources_free(&s);
	remove_ground(&g);
}

TEST(links_do_not_leave)
{
	struct ground g;
	struct err e = ERR_INIT;

	make_ground(&g);
	file(g.ctx, "real", "inside");
	CHECK(symlinkat("/real", g.ctx, "abs") == 0);
	CHECK(symlinkat("../../../../etc/passwd", g.ctx, "out") == 0);
	CHECK(symlinkat("/etc/passwd", g.ctx, "out2") == 0);
	CHECK(copy(&g, "abs", "/a", false, &e) == 1 && holds(g.root, "a", "inside"));
	CHECK(copy(&g, "out", "/b", false, &e) == E_NOTFOUND);
	CHECK(copy(&g, "out2", "/b", false, &e) == E_NOTFOUND);
	/* Within a folder a link is copied as it is. */
	CHECK(copy(&g, ".", "/all/", true, &e) == 1);

	char target[64] = "";

	CHECK(readlinkat(g.root, "all/out2", target, sizeof(target) - 1) == 11);
	CHECK_STR(target, "/etc/passwd");
	remove_ground(&g);
}

TEST(targets)
{
	struct ground g;
	struct err e = ERR_INIT;

	make_ground(&g);
	file(g.ctx, "f", "1");
	CHECK(mkdirat(g.ctx, "d", 0750) == 0);
	file(g.ctx, "d/g", "2");
	CHECK(copy(&g, "f", "/new/name", false, &e) == 1 && holds(g.root, "new/name", "1"));
	CHECK(copy(&g, "f", "/new/dir", true, &e) == 1 && holds(g.root, "new/dir/f", "1"));
	CHECK(copy(&g, "f", "/new/dir", false, &e) == 1 && holds(g.root, "new/dir/f", "1"));
	CHECK(copy(&g, "d", "/k", false, &e) == 1 && holds(g.root, "k/g", "2"));
	CHECK(copy(&g, "d", "/new", false, &e) == 1 && holds(g.root, "new/g", "2"));

	struct stat st;

	/* Contents are copied: the folder that is made for them does not take the source's mode. */
	CHECK(fstatat(g.root, "k", &st, 0) == 0 && (st.st_mode & 07777) == 0755);
	CHECK(fstatat(g.root, "new", &st, 0) == 0 && (st.st_mode & 07777) == 0755);
	CHECK(copy(&g, "d", "/new/name", false, &e) == E_FORMAT); /* a file is in the way */
	CHECK(copy(&g, "f", "/new/name/x", false, &e) < 0);
	remove_ground(&g);
}

TEST(links_in_the_target_stay_inside)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct stat st;

	make_ground(&g);
	file(g.ctx, "f", "1");
	CHECK(mkdirat(g.root, "real", 0755) == 0);
	CHECK(symlinkat("/real", g.root, "dir") == 0);
	CHECK(symlinkat("../../../real/made", g.root, "dangling") == 0);
	CHECK(symlinkat("loop", g.root, "loop") == 0);
	CHECK(copy(&g, "f", "/dir/x", false, &e) == 1 && holds(g.root, "real/x", "1"));
	CHECK(copy(&g, "f", "/dir/sub/x", false, &e) == 1 && holds(g.root, "real/sub/x", "1"));
	CHECK(copy(&g, "f", "/dangling", false, &e) == 1 && holds(g.root, "real/made", "1"));
	CHECK(fstatat(g.root, "dangling", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
	CHECK(copy(&g, "f", "/loop", false, &e) < 0);
	/* A folder by way of a link that leads nowhere yet. */
	CHECK(symlinkat("/later/on", g.root, "nowhere") == 0);
	CHECK(copy(&g, "f", "/nowhere/in/x", false, &e) == 1);
	CHECK(holds(g.root, "later/on/in/x", "1"));
	CHECK(copy(&g, "f", "/loop/x", false, &e) < 0);
	remove_ground(&g);
}

TEST(hard_links_and_hashes)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct stat a, b;

	make_ground(&g);
	file(g.ctx, "one", "1");
	CHECK(linkat(g.ctx, "one", g.ctx, "two", 0) == 0);
	CHECK(copy(&g, ".", "/", true, &e) == 1);
	CHECK(fstatat(g.root, "one", &a, 0) == 0 && fstatat(g.root, "two", &b, 0) == 0);
	CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);

	unsigned char before[SHA256_LEN], touched[SHA256_LEN], chmodded[SHA256_LEN];
	unsigned char *const out[] = { before, touched, chmodded };
	int64_t newest = 0;

	for (int i = 0; i < 3; i++) {
		struct source_root from = { .fd = g.ctx };
		struct timespec t[2] = { { .tv_sec = 2000000000 }, { .tv_sec = 2000000000 } };
		auto_sources s = { 0 };
		auto_release(sha256_free) struct sha256 *h = NULL;

		if (i == 1)
			CHECK(utimensat(g.ctx, "one", t, 0) == 0);
		if (i == 2)
			CHECK(fchmodat(g.ctx, "one", 0600, 0) == 0);
		CHECK(sha256_new(&h, &e) == 0 && sources_find(&from, ".", &s, &e) == 0);
		CHECK(sources_hash(&from, &s, h, &newest, &e) == 0);
		sha256_final(h, out[i]);
	}
	CHECK(memcmp(before, touched, SHA256_LEN) == 0);
	CHECK(memcmp(before, chmodded, SHA256_LEN) != 0);
	CHECK(newest == 2000000000);
	remove_ground(&g);
}

TEST(owners)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct owner o;

	make_ground(&g);
	CHECK(mkdirat(g.root, "etc", 0755) == 0);
	file(g.root, "etc/passwd", "root:x:0:0::/:\nweb:x:33:44::/:\nbad\n:::\n");
	file(g.root, "etc/group", "staff:x:50:\n");
	CHECK(tree_owner(g.root, "web", &o, &e) == 0 && o.uid == 33 && o.gid == 44);
	CHECK(tree_owner(g.root, "web:staff", &o, &e) == 0 && o.uid == 33 && o.gid == 50);
	CHECK(tree_owner(g.root, "7", &o, &e) == 0 && o.uid == 7 && o.gid == 7);
	CHECK(tree_owner(g.root, "7:8", &o, &e) == 0 && o.gid == 8);
	CHECK(tree_owner(g.root, "nobody", &o, &e) == E_NOTFOUND);
	CHECK(tree_owner(g.root, "web:none", &o, &e) == E_NOTFOUND);
	CHECK(tree_owner(g.root, "web:", &o, &e) == E_FORMAT);
	CHECK(tree_owner(g.root, ":1", &o, &e) == E_FORMAT);
	CHECK(tree_owner(g.root, "4294967295", &o, &e) == E_FORMAT);
	remove_ground(&g);
}

TEST(ignored_folders_appear_for_what_is_taken_back)
{
	struct ground g;
	struct err e = ERR_INIT;
	auto_ignore ig = { 0 };

	make_ground(&g);
	CHECK(mkdirat(g.ctx, "d", 0755) == 0 && mkdirat(g.ctx, "d/e", 0755) == 0 &&
	      mkdirat(g.ctx, "d/f", 0755) == 0);
	file(g.ctx, "d/e/keep", "1");
	file(g.ctx, "d/f/drop", "2");
	file(g.ctx, "x", "3");
	CHECK(ignore_parse(STR("d\nx\n!d/e/keep\n"), "i", &ig, &e) == 0);

	struct source_root from = { .fd = g.ctx, .ignore = &ig };
	struct tree_copy c = { .root = g.root,
			       .target = "/",
			       .into = true,
			       .set_owner = true,
			       .owner = { getuid(), getgid() },
			       .clamp = INT_MAX };
	auto_sources s = { 0 };

	CHECK(sources_find(&from, ".", &s, &e) == 0);
	CHECK(tree_copy(&c, &from, &s.v[0], &e) == 0);
	CHECK(holds(g.root, "d/e/keep", "1"));
	CHECK(!fs_exists(g.root, "d/f") && !fs_exists(g.root, "x"));
	CHECK(sources_find(&from, "x", &s, &e) == E_NOTFOUND);
	remove_ground(&g);
}

/* a.txt d/a.txt d/b.md d/e/a.txt d/e/c.md */
static void fill(struct ground *g)
{
	CHECK(mkdirat(g->ctx, "d", 0755) == 0 && mkdirat(g->ctx, "d/e", 0700) == 0);
	file(g->ctx, "a.txt", "1");
	file(g->ctx, "d/a.txt", "2");
	file(g->ctx, "d/b.md", "3");
	file(g->ctx, "d/e/a.txt", "4");
	file(g->ctx, "d/e/c.md", "5");
}

TEST(an_ignored_folder_of_which_nothing_is_taken_back_is_not_there)
{
	struct ground g;
	auto_ignore ignore = { 0 };
	struct err e = ERR_INIT;

	make_ground(&g);
	CHECK(mkdirat(g.ctx, "in", 0755) == 0 && mkdirat(g.ctx, "out", 0755) == 0);
	CHECK(ignore_parse(STR("**\n!in/file\n"), "I", &ignore, &e) == 0);

	struct source_root from = { .fd = g.ctx, .ignore = &ignore };

	CHECK(copy_from(&g, &from, false, "in", "/a", true, &e) == 1);
	CHECK(copy_from(&g, &from, false, "out", "/b", true, &e) == E_NOTFOUND);
	CHECK(copy_from(&g, &from, false, "*", "/c", true, &e) == 1);
	remove_ground(&g);
}

static mode_t mode_of(int dir, const char *name)
{
	struct stat st = { 0 };

	CHECK(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return st.st_mode & 07777;
}

TEST(made_folders_get_the_mode_others_keep_theirs)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct mode_change mode;

	make_ground(&g);
	CHECK(mode_parse("u=rwx,g=s,o=", &mode, &e) == 0);
	CHECK(mkdirat(g.root, "there", 0711) == 0 && mkdirat(g.ctx, "d", 0755) == 0);
	file(g.ctx, "f", "x");

	struct source_root from = { .fd = g.ctx };
	struct tree_copy c = { .root = g.root,
			       .target = "/there/made/too/f",
			       .set_owner = true,
			       .owner = { getuid(), getgid() },
			       .mode = &mode,
			       .clamp = INT_MAX };
	auto_sources s = { 0 };

	CHECK(sources_find(&from, "f", &s, &e) == 0 && sources_find(&from, "d", &s, &e) == 0);
	CHECK(tree_copy(&c, &from, &s.v[0], &e) == 1);
	c.target = "/folder";
	CHECK(tree_copy(&c, &from, &s.v[1], &e) == 0);
	CHECK(mode_of(g.root, "there") == 0711);
	CHECK(mode_of(g.root, "there/made") == 02700 && mode_of(g.root, "there/made/too") == 02700);
	CHECK(mode_of(g.root, "folder") == 02700);
	remove_ground(&g);
}

/* The source has a folder "x" and a file "y", the image the other way around. */
static int unpack_over(struct ground *g, bool replace, struct err *e)
{
	struct source_root from = { .fd = g->ctx };
	struct tree_copy c = { .root = g->root,
			       .target = "/",
			       .into = true,
			       .set_owner = true,
			       .owner = { getuid(), getgid() },
			       .replace = replace,
			       .clamp = INT_MAX };
	auto_sources s = { 0 };

	CHECK(sources_find(&from, ".", &s, e) == 0);
	return tree_copy(&c, &from, &s.v[0], e);
}

TEST(an_unpacking_replaces_what_is_of_another_kind)
{
	struct ground g;
	struct err e = ERR_INIT;

	make_ground(&g);
	CHECK(mkdirat(g.ctx, "x", 0755) == 0 && mkdirat(g.root, "y", 0755) == 0);
	CHECK(mkdirat(g.root, "y/z", 0755) == 0);
	file(g.ctx, "x/in", "folder");
	file(g.ctx, "y", "file");
	file(g.root, "x", "old");
	file(g.root, "y/z/old", "old");
	CHECK(unpack_over(&g, false, &e) == E_FORMAT);
	CHECK(unpack_over(&g, true, &e) == 0);
	CHECK(holds(g.root, "x/in", "folder") && holds(g.root, "y", "file"));

	/* A link stays: what it leads to may be the system's. */
	CHECK(unlinkat(g.root, "x/in", 0) == 0 && unlinkat(g.root, "x", AT_REMOVEDIR) == 0);
	CHECK(mkdirat(g.root, "usr", 0755) == 0 && symlinkat("usr", g.root, "x") == 0);
	CHECK(unpack_over(&g, true, &e) == E_FORMAT);
	CHECK(faccessat(g.root, "usr/in", F_OK, 0) < 0);
	remove_ground(&g);
}

TEST(exclude)
{
	struct ground g;
	struct err e = ERR_INIT;
	auto_ignore ex = { 0 }, all = { 0 };

	make_ground(&g);
	fill(&g);
	CHECK(ignore_add(&ex, "a.txt", &e) == 0 && ignore_add(&ex, "e/*.md", &e) == 0);

	struct source_root from = { .fd = g.ctx, .exclude = &ex };

	/* Patterns are of paths within the source. */
	CHECK(copy_from(&g, &from, false, "d", "/1", true, &e) == 1);
	CHECK(!fs_exists(g.root, "1/a.txt") && holds(g.root, "1/b.md", "3"));
	CHECK(holds(g.root, "1/e/a.txt", "4") && !fs_exists(g.root, "1/e/c.md"));
	CHECK(copy_from(&g, &from, false, ".", "/2", true, &e) == 1);
	CHECK(!fs_exists(g.root, "2/a.txt") && holds(g.root, "2/d/a.txt", "2"));
	CHECK(holds(g.root, "2/d/e/c.md", "5"));
	/* A file, and what a pattern finds, goes by its name. */
	CHECK(copy_from(&g, &from, false, "a.txt", "/3/", true, &e) == 0);
	CHECK(copy_from(&g, &from, false, "d/*", "/4/", true, &e) == 2);
	CHECK(holds(g.root, "4/b.md", "3") && !fs_exists(g.root, "4/c.md.x"));
	CHECK(ignore_add(&all, "**", &e) == 0 && ignore_add(&all, "!e/a.txt", &e) == 0);
	from.exclude = &all;
	CHECK(copy_from(&g, &from, false, "d", "/5", true, &e) == 1);
	CHECK(holds(g.root, "5/e/a.txt", "4") && !fs_exists(g.root, "5/b.md") &&
	      !fs_exists(g.root, "5/e/c.md"));
	CHECK(ignore_add(&all, "[", &e) == E_FORMAT && ignore_add(&all, "!", &e) == E_FORMAT);
	remove_ground(&g);
}

TEST(parents)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct stat st;

	make_ground(&g);
	fill(&g);

	struct source_root from = { .fd = g.ctx };

	CHECK(copy_from(&g, &from, true, "./d/e/a.txt", "/1/", true, &e) == 1);
	CHECK(holds(g.root, "1/d/e/a.txt", "4") && !fs_exists(g.root, "1/d/a.txt") &&
	      !fs_exists(g.root, "1/d/e/c.md"));
	CHECK(fstatat(g.root, "1/d/e", &st, 0) == 0 && (st.st_mode & 07777) == 0700);
	/* What stands before the pivot is not kept. */
	CHECK(copy_from(&g, &from, true, "d/./e/c.md", "/2", false, &e) == 1);
	CHECK(holds(g.root, "2/e/c.md", "5") && !fs_exists(g.root, "2/d"));
	CHECK(copy_from(&g, &from, true, "**/*.md", "/3", false, &e) == 1);
	CHECK(holds(g.root, "3/d/b.md", "3") && holds(g.root, "3/d/e/c.md", "5") &&
	      !fs_exists(g.root, "3/a.txt"));
	CHECK(copy_from(&g, &from, true, "d/*/a.txt", "/4", false, &e) == 1);
	CHECK(holds(g.root, "4/d/e/a.txt", "4") && !fs_exists(g.root, "4/d/a.txt"));
	CHECK(copy_from(&g, &from, true, "d/e", "/5", false, &e) == 1);
	CHECK(holds(g.root, "5/d/e/a.txt", "4") && holds(g.root, "5/d/e/c.md", "5"));
	CHECK(copy_from(&g, &from, true, "d/./.", "/6", false, &e) == 1);
	CHECK(holds(g.root, "6/a.txt", "2") && holds(g.root, "6/e/c.md", "5"));
	/* A pattern may match nothing, a name has to be there. */
	CHECK(copy_from(&g, &from, true, "d/*.none", "/7", false, &e) == 1);
	CHECK(!fs_exists(g.root, "7/d"));
	CHECK(copy_from(&g, &from, true, "d/none", "/8", false, &e) == E_NOTFOUND);
	CHECK(copy_from(&g, &from, true, "none/./a.txt", "/8", false, &e) == E_NOTFOUND);
	CHECK(copy_from(&g, &from, true, "d/../../x", "/8", false, &e) == E_FORMAT);
	CHECK(copy_from(&g, &from, true, "d/./../../x", "/8", false, &e) == E_FORMAT);
	CHECK(copy_from(&g, &from, true, "[/./x", "/8", false, &e) == E_FORMAT);
	remove_ground(&g);
}

TEST(two_files_for_one_name)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct source_root from;
	auto_sources s = { 0 };

	make_ground(&g);
	fill(&g);
	from = (struct source_root){ .fd = g.ctx };

	struct tree_copy c = { .root = g.root,
			       .target = "/x",
			       .set_owner = true,
			       .owner = { getuid(), getgid() },
			       .clamp = INT_MAX };

	CHECK(sources_find(&from, "a.txt", &s, &e) == 0);
	CHECK(tree_copy(&c, &from, &s.v[0], &e) == 1);
	CHECK(tree_write(&c, "here", "doc", 3, &e) == 1 && holds(g.root, "x", "doc"));
	CHECK(unlinkat(g.root, "x", 0) == 0 && mkdirat(g.root, "x", 0755) == 0);
	CHECK(tree_copy(&c, &from, &s.v[0], &e) == 0 && holds(g.root, "x/a.txt", "1"));
	CHECK(tree_write(&c, "here", "doc", 3, &e) == 0 && holds(g.root, "x/here", "doc"));
	remove_ground(&g);
}

/* More than one batch of every kind of job, and more than the slots hold. */
enum { MANY_FOLDERS = 40, MANY_FILES = 15 };

static void make_many(const struct ground *g)
{
	const struct timespec t[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char name[64], content[64];

	for (int i = 0; i < MANY_FOLDERS; i++) {
		(void)snprintf(name, sizeof(name), "many/d%02d/below", i);
		CHECK(fs_mkdir_p(g->ctx, name, 0755, NULL) == 0);
		for (int k = 0; k < MANY_FILES; k++) {
			(void)snprintf(name, sizeof(name), "many/d%02d/%s%d", i,
				       k % 2 ? "below/f" : "f", k);
			(void)snprintf(content, sizeof(content), "%d of %d", k, i);
			auto_close int fd =
				openat(g->ctx, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

			CHECK(fs_write_all(fd, content, strlen(content), NULL) == 0);
		}
		/* Second names far from the first, and close to it. */
		(void)snprintf(name, sizeof(name), "many/d%02d/zz", i);
		CHECK(linkat(g->ctx, "many/d00/f0", g->ctx, name, 0) == 0);
		(void)snprintf(name, sizeof(name), "many/d%02d/below", i);
		CHECK(utimensat(g->ctx, name, t, 0) == 0);
	}
}

static int open_fds(void)
{
	auto_closedir DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	return n;
}

TEST(many_files_on_several_threads)
{
	struct ground g;
	struct err e = ERR_INIT;
	struct stat first, st;
	char name[64], content[64];
	int before;

	make_ground(&g);
	make_many(&g);
	before = open_fds();
	CHECK(copy(&g, "many", "/to", false, &e) == 1);
	CHECK(open_fds() == before);
	CHECK(fstatat(g.root, "to/d00/f0", &first, 0) == 0 && first.st_nlink == MANY_FOLDERS + 1);
	for (int i = 0; i < MANY_FOLDERS; i++) {
		for (int k = 0; k < MANY_FILES; k++) {
			(void)snprintf(name, sizeof(name), "to/d%02d/%s%d", i,
				       k % 2 ? "below/f" : "f", k);
			(void)snprintf(content, sizeof(content), "%d of %d", k, i);
			CHECK(holds(g.root, name, content));
			CHECK(fstatat(g.root, name, &st, 0) == 0 && (st.st_mode & 07777) == 0640);
		}
		(void)snprintf(name, sizeof(name), "to/d%02d/zz", i);
		CHECK(fstatat(g.root, name, &st, 0) == 0 && st.st_ino == first.st_ino);
		(void)snprintf(name, sizeof(name), "to/d%02d/below", i);
		CHECK(fstatat(g.root, name, &st, 0) == 0 && st.st_mtime == 1000);
	}
	remove_ground(&g);
}

TEST(a_failure_among_many_files_leaves_nothing_open)
{
	struct ground g;
	struct err e = ERR_INIT;
	int before;

	make_ground(&g);
	make_many(&g);
	CHECK(fs_mkdir_p(g.root, "to/d20/f8", 0755, NULL) == 0);
	before = open_fds();
	CHECK(copy(&g, "many", "/to", false, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "'f8' is a folder in the image and a file in the source"));
	CHECK(open_fds() == before);
	remove_ground(&g);
}

/* The hash of the folder "many" as it is now. */
static void hash_many(const struct ground *g, struct file_memo *memo, unsigned char ret[SHA256_LEN])
{
	const struct source_root from = { .fd = g->ctx, .memo = memo };
	auto_release(sha256_free) struct sha256 *h = NULL;
	auto_sources s = { 0 };
	struct err e = ERR_INIT;
	int64_t newest = 0;

	CHECK(sources_find(&from, "many", &s, &e) == 0);
	CHECK(sha256_new(&h, &e) == 0);
	CHECK(sources_hash(&from, &s, h, &newest, &e) == 0);
	CHECK_STR(e.msg, "");
	sha256_final(h, ret);
}

TEST(the_hash_of_many_files_does_not_depend_on_what_is_remembered)
{
	struct ground g;
	unsigned char plain[SHA256_LEN], first[SHA256_LEN], second[SHA256_LEN], other[SHA256_LEN];
	struct state state;
	struct file_memo memo;
	struct stat st;
	struct err e = ERR_INIT;
	char path[96];

	make_ground(&g);
	make_many(&g);
	(void)snprintf(path, sizeof(path), "%s/state", g.path);
	CHECK(state_open(&state, path, &e) == 0 && fstat(g.ctx, &st) == 0);
	hash_many(&g, NULL, plain);
	(void)usleep(100 * 1000); /* what was just written is not remembered */
	for (int i = 0; i < 2; i++) {
		file_memo_open(&memo, &state, &st);
		hash_many(&g, &memo, i ? second : first);
		CHECK(i == 0 || memo.n > MANY_FILES * MANY_FOLDERS / 2);
		file_memo_free(&memo);
	}
	file(g.ctx, "many/d33/f4", "5 of 33");
	hash_many(&g, NULL, other);
	CHECK(memcmp(plain, first, SHA256_LEN) == 0 && memcmp(plain, second, SHA256_LEN) == 0);
	CHECK(memcmp(plain, other, SHA256_LEN) != 0);
	state_close(&state);
	remove_ground(&g);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The same members as libarchive sees, over archives that GNU tar made in its formats. */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "tap.h"
#include "tar_build.h"

TAP_MAIN()

static void put_sum(struct buf *b, const unsigned char *p, size_t n, uint32_t *sum)
{
	(void)b;
	for (size_t i = 0; i < n; i++)
		*sum = *sum * 31 + p[i];
}

static int list_ours(const struct buf *archive, struct buf *ret, struct err *e)
{
	struct memory m = { .p = archive->p, .n = archive->n };
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *x;
	int r = tar_reader_new(&t, memory_read, &m, e);

	while (r == 0 && (r = tar_next(t, &x, e)) > 0) {
		unsigned char data[1000];
		uint32_t sum = 0;
		int64_t n;

		while ((n = tar_read(t, data, sizeof(data), e)) > 0)
			put_sum(ret, data, (size_t)n, &sum);
		buf_printf(ret, "%s|%s|%o|%u|%u|%llu|%lld|%u|%08x", x->name, x->link ? x->link : "",
			   (unsigned)x->mode, x->uid, x->gid, (unsigned long long)x->size,
			   (long long)x->mtime, x->mtime_ns, sum);
		for (size_t i = 0; i < x->xattrs_n; i++)
			buf_printf(ret, "|%s=%.*s", x->xattrs[i].name, (int)x->xattrs[i].value_n,
				   x->xattrs[i].value);
		buf_putc(ret, '\n');
		r = n < 0 ? (int)n : 0;
	}
	return r;
}

static void list_theirs(const struct buf *archive, struct buf *ret)
{
	struct archive *a = archive_read_new();
	struct archive_entry *x;
	int r;

	CHECK(archive_read_support_format_tar(a) == ARCHIVE_OK);
	CHECK(archive_read_open_memory(a, archive->p, archive->n) == ARCHIVE_OK);
	while ((r = archive_read_next_header(a, &x)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		auto_buf name = BUF_INIT(10000), link = BUF_INIT(10000);
		const char *hard = archive_entry_hardlink(x), *soft = archive_entry_symlink(x);
		const char *xname;
		const void *value;
		unsigned char data[1000];
		uint32_t sum = 0;
		bool folder;
		size_t size;
		la_ssize_t n;

		CHECK(tar_clean_name(str_of(archive_entry_pathname(x)), &name, &folder, NULL) == 0);
		if (hard)
			CHECK(tar_clean_name(str_of(hard), &link, &folder, NULL) == 0);
		else if (soft)
			buf_puts(&link, soft);
		while ((n = archive_read_data(a, data, sizeof(data))) > 0)
			put_sum(ret, data, (size_t)n, &sum);
		buf_printf(ret, "%s|%s|%o|%lld|%lld|%llu|%lld|%ld|%08x", buf_str(&name),
			   buf_str(&link), (unsigned)archive_entry_perm(x),
			   (long long)archive_entry_uid(x), (long long)archive_entry_gid(x),
			   (unsigned long long)archive_entry_size(x),
			   (long long)archive_entry_mtime(x), archive_entry_mtime_nsec(x), sum);
		(void)archive_entry_xattr_reset(x);
		while (archive_entry_xattr_next(x, &xname, &value, &size) == ARCHIVE_OK)
			buf_printf(ret, "|%s=%.*s", xname, (int)size, (const char *)value);
		buf_putc(ret, '\n');
	}
	CHECK(r == ARCHIVE_EOF);
	(void)archive_read_free(a);
}

/* A tree with what archives have. Names fit 255 bytes, so that every format can hold them. */
static int make_tree(int dir, struct err *e)
{
	char name[300], content[3000];
	int r = fs_mkdir_p(dir, "d/e/f", 0755, e);

	memset(content, 'c', sizeof(content));
	for (size_t i = 0; r == 0 && i < 90; i++) {
		(void)snprintf(name, sizeof(name), "d/%0*zu", (int)i + 1, i);
		r = fs_write_file(dir, name, content, i * 33, 0600 + (mode_t)(i % 64), e);
	}
	r = r < 0 ? r : fs_write_file(dir, "d/sm\303\266rg", "x", 1, 04755, e);
	if (r == 0 && (linkat(dir, "d/e/../00001", dir, "d/hard", 0) < 0) && errno != ENOENT)
		r = FAIL_SYS(e, "link");
	if (r == 0 && (symlinkat("../../anywhere", dir, "d/soft") < 0 ||
		       linkat(dir, "d/sm\303\266rg", dir, "d/zhard", 0) < 0 ||
		       mkfifoat(dir, "d/fifo", 0600) < 0))
		r = FAIL_SYS(e, "make");
	return r;
}

/* Shows the first line that differs, not both lists. */
static void check_lines(const char *ours, const char *theirs)
{
	size_t at = 0, line = 0;

	for (; ours[at] && ours[at] == theirs[at]; at++)
		line = ours[at] == '\n' ? at + 1 : line;
	CHECK(ours[at] == theirs[at]);
	if (ours[at] != theirs[at])
		printf("# ours:   %.*s\n# theirs: %.*s\n", (int)strcspn(ours + line, "\n"),
		       ours + line, (int)strcspn(theirs + line, "\n"), theirs + line);
}

static void compare(const char *const *argv, size_t at_least)
{
	auto_buf archive = BUF_INIT(ARCHIVE_MAX), ours = BUF_INIT(ARCHIVE_MAX),
		 theirs = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;
	size_t lines = 0;

	CHECK(proc_run(argv, -1, &archive, &e) == 0);
	CHECK(list_ours(&archive, &ours, &e) == 0);
	CHECK_STR(e.msg, "");
	list_theirs(&archive, &theirs);
	check_lines(buf_str(&ours), buf_str(&theirs));
	for (const char *p = buf_str(&ours); *p; p++)
		lines += *p == '\n';
	CHECK(lines >= at_least);
}

TEST(gnu_tar_in_its_formats)
{
	static const char *const formats[] = { "gnu", "oldgnu", "pax", "ustar", "v7" };
	char dir[] = "tar_oracle.XXXXXX";
	struct err e = ERR_INIT;

	/* libarchive stops at names that the C locale cannot hold. */
	CHECK(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	CHECK(mkdtemp(dir) != NULL);

	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(make_tree(fd, &e) == 0);
	CHECK_STR(e.msg, "");
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		char format[32];
		bool pax = strcmp(formats[i], "pax") == 0, v7 = strcmp(formats[i], "v7") == 0;
		const char *const argv[] = { "tar",
					     "-C",
					     dir,
					     "--sort=name",
					     format,
					     "-cf",
					     "-",
					     v7 ? "--exclude=fifo" : "--numeric-owner",
					     "--exclude=nothing",
					     pax ? "--pax-option=exthdr.name=%d/PaxHeaders/%f"
						 : "--numeric-owner",
					     "d",
					     NULL };

		(void)snprintf(format, sizeof(format), "--format=%s", formats[i]);
		compare(argv, 90);
	}
	CHECK(fs_remove_tree(AT_FDCWD, dir, &e) == 0);
}

TEST(long_names_and_big_owners)
{
	char dir[] = "tar_oracle.XXXXXX", deep[1100];
	struct err e = ERR_INIT;

	CHECK(mkdtemp(dir) != NULL);
	for (size_t i = 0; i < sizeof(deep) - 1; i++)
		deep[i] = i % 150 == 149 ? '/' : 'n';
	deep[sizeof(deep) - 1] = '\0';

	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fs_mkdir_p(fd, deep, 0755, &e) == 0);
	for (int i = 0; i < 2; i++) {
		const char *const argv[] = { "tar",
					     "-C",
					     dir,
					     i ? "--format=pax" : "--format=gnu",
					     "--owner=3000000",
					     "--group=3000000",
					     "--mtime=1960-01-01 00:00:00",
					     "-cf",
					     "-",
					     ".",
					     NULL };

		compare(argv, 7);
	}
	CHECK(fs_remove_tree(AT_FDCWD, dir, &e) == 0);
}

TEST(extended_attributes)
{
	char dir[] = "tar_oracle.XXXXXX";
	const char *const argv[] = {
		"tar", "-C",	       dir, "--xattrs", "--xattrs-include=*", "-cf",
		"-",   "--format=pax", ".", NULL
	};
	struct err e = ERR_INIT;

	CHECK(mkdtemp(dir) != NULL);

	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int f = openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	bool able = fsetxattr(f, "user.plimsoll", "value", 5, 0) == 0;

	compare(argv, 2);
	CHECK(fs_remove_tree(AT_FDCWD, dir, &e) == 0);
	if (!able)
		TAP_SKIP("no user.* attributes here");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking good layers, and hostile ones. */
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "layer_help.h"

TAP_MAIN()

/* Unpacks the archive; returns the root's descriptor. */
static int unpack(struct place *p, const struct buf *archive)
{
	struct digest diff_id;
	struct desc d = put_layer(p, archive, &diff_id);
	struct err e = ERR_INIT;

	CHECK(layer_unpack(&p->state, p->store, &d, &diff_id, NULL, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK_STR(e.hint, "");
	return layer_root(p, &diff_id);
}

static void refuse(const struct buf *archive, const char *why)
{
	auto_place p = place_open();
	struct digest diff_id;
	struct desc d = put_layer(&p, archive, &diff_id);
	struct err e = ERR_INIT;

	CHECK(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, &e) == E_FORMAT);
	if (!strstr(e.msg, why))
		CHECK_STR(e.msg, why);
	CHECK(layers_n(&p) == 0);
}

TEST(files_with_their_metadata)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct tar_header su = header("bin/su", '0', 3), dir = header("tmp", '5', 0);
	struct stat st;

	if (geteuid() != 0)
		TAP_SKIP("not root");
	memcpy(dir.mode, "0001777", 8);
	memcpy(dir.mtime, "00000001750", 12);
	put_header(&b, &dir);
	memcpy(su.mode, "0006755", 8);
	memcpy(su.uid, "0000012", 8);
	memcpy(su.gid, "0000013", 8);
	memcpy(su.mtime, "00000001751", 12);
	put_header(&b, &su);
	put_data(&b, "ELF", 3);
	put_link(&b, "bin/sudo", '1', "bin/su");
	put_link(&b, "bin/sh", '2', "/bin/su");
	put_member(&b, "run/pipe", '6', "");
	put_member(&b, "tmp/x", '0', "later than its folder");
	put_end(&b);

	auto_close int root = unpack(&p, &b);

	CHECK(fstatat(root, "bin/su", &st, 0) == 0 && st.st_mode == (S_IFREG | 06755) &&
	      st.st_uid == 10 && st.st_gid == 11 && st.st_mtime == 01751 && st.st_nlink == 2);
	CHECK(fstatat(root, "tmp", &st, 0) == 0 && st.st_mode == (S_IFDIR | 01777) &&
	      st.st_mtime == 01750);
	CHECK(fstatat(root, "bin", &st, 0) == 0 && st.st_mode == (S_IFDIR | 0755) &&
	      st.st_mtime == 0 && st.st_uid == 0);
	CHECK(fstatat(root, "bin/sh", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));
	CHECK(fstatat(root, "run/pipe", &st, 0) == 0 && S_ISFIFO(st.st_mode));
	CHECK(fstat(root, &st) == 0 && (st.st_mode & 07777) == 0755);
	check_content(root, "bin/sudo", "ELF");
	CHECK(layers_n(&p) == 1);
}

TEST(only_harmless_attributes)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX), pax = BUF_INIT(10000);
	/* VFS_CAP_REVISION_2 with CAP_NET_BIND_SERVICE */
	static const char cap[20] = { 1, 0, 0, 2, 0, 4 };
	char got[64];

	if (geteuid() != 0)
		TAP_SKIP("not root");
	pax_record(&pax, "SCHILY.xattr.user.a", "1", 1);
	pax_record(&pax, "SCHILY.xattr.security.capability", cap, sizeof(cap));
	pax_record(&pax, "SCHILY.xattr.trusted.overlay.redirect", "/etc", 4);
	pax_record(&pax, "SCHILY.xattr.trusted.x", "1", 1);
	pax_record(&pax, "SCHILY.xattr.user.overlay.opaque", "y", 1);
	pax_record(&pax, "SCHILY.xattr.security.selinux", "x", 1);
	put_ext(&b, 'x', pax.p, pax.n);
	put_member(&b, "f", '0', "x");
	put_ext(&b, 'x', pax.p, pax.n);
	put_folder(&b, "d");

	auto_close int root = unpack(&p, &b);

	for (int i = 0; i < 2; i++) {
		auto_close int fd = openat(root, i ? "d" : "f", O_RDONLY | O_CLOEXEC);

		CHECK(fgetxattr(fd, "user.a", got, sizeof(got)) == 1);
		CHECK(i || fgetxattr(fd, "security.capability", got, sizeof(got)) == 20);
		CHECK(fgetxattr(fd, "trusted.overlay.redirect", got, sizeof(got)) < 0);
		CHECK(fgetxattr(fd, "trusted.x", got, sizeof(got)) < 0);
		CHECK(fgetxattr(fd, "user.overlay.opaque", got, sizeof(got)) < 0);
		CHECK(fgetxattr(fd, "security.selinux", got, sizeof(got)) < 0);
	}
}

static bool is_whiteout(int root, const char *path)
{
	struct stat st;

	return fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == 0;
}

static bool is_opaque(int root, const char *path)
{
	auto_close int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char v[8];

	return fgetxattr(fd, "trusted.overlay.opaque", v, sizeof(v)) == 1 && v[0] == 'y';
}

TEST(whiteouts)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	if (geteuid() != 0)
		TAP_SKIP("not root");
	put_member(&b, "etc/.wh.gone", '0', "");
	put_member(&b, "opaque/.wh..wh..opq", '0', "");
	put_member(&b, "opaque/new", '0', "");
	/* Hidden beneath, and yet here: before, after, and as a folder nobody names. */
	put_member(&b, "a/x", '0', "a");
	put_member(&b, ".wh.a", '0', "");
	put_member(&b, ".wh.b", '0', "");
	put_folder(&b, "b");
	put_member(&b, ".wh.c", '0', "");
	put_member(&b, "c/d/e", '0', "c");
	put_member(&b, "f", '0', "f");
	put_member(&b, ".wh.f", '0', "");
	put_member(&b, ".wh..wh.plnk/1", '0', "");
	put_member(&b, ".wh..wh.aufs", '0', "");

	auto_close int root = unpack(&p, &b);

	CHECK(is_whiteout(root, "etc/gone"));
	CHECK(is_opaque(root, "opaque") && faccessat(root, "opaque/new", F_OK, 0) == 0);
	CHECK(is_opaque(root, "a") && is_opaque(root, "b") && is_opaque(root, "c"));
	CHECK(!is_opaque(root, "etc") && !is_opaque(root, "c/d"));
	check_content(root, "a/x", "a");
	check_content(root, "c/d/e", "c");
	check_content(root, "f", "f");
	CHECK(faccessat(root, ".wh..wh.plnk", F_OK, 0) < 0 &&
	      faccessat(root, ".wh..wh.aufs", F_OK, 0) < 0);
}

TEST(bad_whiteouts)
{
	static const char *const names[] = { ".wh.", ".wh..", ".wh...", "d/.wh.", ".wh.a/b" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX);

		put_member(&b, names[i], '0', "");
		refuse(&b, "whiteout");
	}
}

TEST(later_entries_replace_earlier_ones)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct stat st;

	put_member(&b, "dir/sub/file", '0', "x");
	put_member(&b, "dir", '0', "a file now");
	put_member(&b, "file", '0', "x");
	put_folder(&b, "file/in");
	auto_buf bad = BUF_INIT(ARCHIVE_MAX);

	buf_put(&bad, b.p, b.n);
	refuse(&bad, "'file' is not a folder");
	b.n -= TAR_BLOCK_SIZE;
	put_folder(&b, "file");
	put_member(&b, "file/in", '0', "in");
	put_link(&b, "link", '2', "dir");
	put_member(&b, "link", '0', "not through the link");
	put_member(&b, "twice", '0', "one");
	put_link(&b, "hard", '1', "twice");
	put_member(&b, "twice", '0', "two");
	put_member(&b, "kept/a", '0', "a");
	put_folder(&b, "kept");

	auto_close int root = unpack(&p, &b);

	check_content(root, "dir", "a file now");
	check_content(root, "file/in", "in");
	check_content(root, "link", "not through the link");
	check_content(root, "hard", "one");
	check_content(root, "twice", "two");
	check_content(root, "kept/a", "a");
	CHECK(fstatat(root, "link", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
}

TEST(links_in_names_stay_inside)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_folder(&b, "usr/lib");
	put_link(&b, "lib", '2', "usr/lib");
	put_link(&b, "abs", '2', "/usr");
	put_link(&b, "up", '2', "../../../../usr");
	put_member(&b, "lib/one", '0', "1");
	put_member(&b, "abs/lib/two", '0', "2");
	put_member(&b, "up/lib/three", '0', "3");
	put_member(&b, "up/lib/made/four", '0', "4");
	put_link(&b, "hard", '1', "lib/one");

	auto_close int root = unpack(&p, &b);

	check_content(root, "usr/lib/one", "1");
	check_content(root, "usr/lib/two", "2");
	check_content(root, "usr/lib/three", "3");
	check_content(root, "usr/lib/made/four", "4");
	check_content(root, "hard", "1");
}

/* The classic: a link to outside, then a file through it. */
TEST(links_to_outside_reach_nothing)
{
	char outside[] = "/tmp/layer_outside.XXXXXX";
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	char name[64];

	CHECK(mkdtemp(outside) != NULL);
	(void)snprintf(name, sizeof(name), "%s/f", outside);
	put_link(&b, "out", '2', outside);
	put_member(&b, "out/file", '0', "escaped");
	refuse(&b, "dangling link");
	CHECK(access(name, F_OK) < 0);
	buf_reset(&b);
	put_link(&b, "out", '1', "etc/passwd");
	refuse(&b, "no file of this layer");
	buf_reset(&b);
	put_link(&b, "loop", '2', "loop");
	put_member(&b, "loop/file", '0', "");
	refuse(&b, "links without end");
	CHECK(rmdir(outside) == 0); /* still empty */
}

TEST(bad_hard_links)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_folder(&b, "d");
	put_link(&b, "l", '1', "d");
	refuse(&b, "no file of this layer");
	buf_reset(&b);
	put_member(&b, ".wh.w", '0', "");
	put_link(&b, "l", '1', "w");
	refuse(&b, "no file of this layer");
	buf_reset(&b);
	put_member(&b, "d/f", '0', "");
	put_link(&b, "d", '1', "d/f");
	refuse(&b, "replaces its own target");
	buf_reset(&b);
	put_link(&b, "self", '1', "self");
	refuse(&b, "no file of this layer");
}

TEST(devices)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct tar_header h = header("dev/null", '3', 0);
	auto_place p = place_open();

	memcpy(h.major, "0000001", 8);
	memcpy(h.minor, "0000003", 8);
	put_header(&b, &h);
	put_member(&b, "f", '0', "");
	{
		auto_close int root = unpack(&p, &b);

		CHECK(faccessat(root, "dev/null", F_OK, 0) < 0);
		CHECK(faccessat(root, "f", F_OK, 0) == 0);
	}
	memcpy(h.minor, "0000001", 8); /* /dev/mem's numbers under a harmless name */
	buf_reset(&b);
	put_header(&b, &h);
	refuse(&b, "may not bring devices");
	memset(h.major, 0, 8);
	memset(h.minor, 0, 8); /* a whiteout by hand */
	buf_reset(&b);
	put_header(&b, &h);
	refuse(&b, "may not bring devices");
	h.type = '4';
	buf_reset(&b);
	put_header(&b, &h);
	refuse(&b, "may not bring devices");
}

static void put_deep(struct buf *b, int depth)
{
	auto_buf name = BUF_INIT(ARCHIVE_MAX);

	for (int i = 0; i < depth; i++)
		buf_puts(&name, i ? "/d" : "d");
	put_ext(b, 'L', name.p, name.n + 1);
	put_member(b, "d", '5', "");
}

TEST(depth_at_the_limit_and_one_past)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_deep(&b, LIMIT_LAYER_DEPTH);
	{
		auto_place p = place_open();
		auto_close int root = unpack(&p, &b);

		CHECK(root >= 0);
	}
	buf_reset(&b);
	put_deep(&b, LIMIT_LAYER_DEPTH + 1);
	refuse(&b, "nested deeper than");
	/* Deeper by way of a link. */
	buf_reset(&b);
	put_deep(&b, LIMIT_LAYER_DEPTH);

	auto_buf target = BUF_INIT(ARCHIVE_MAX);

	for (int i = 0; i < LIMIT_LAYER_DEPTH; i++)
		buf_puts(&target, i ? "/d" : "d");
	put_ext(&b, 'K', target.p, target.n + 1);
	put_link(&b, "l", '2', "x");
	put_member(&b, "l/more/f", '0', "");
	refuse(&b, "nested deeper than");
}

TEST(wrong_digests)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct digest diff_id, other;
	struct err e = ERR_INIT;
	struct desc d;
	char path[128];

	put_member(&b, "f", '0', "x");
	put_end(&b);
	d = put_layer(&p, &b, &diff_id);
	digest_of("other", 5, &other);
	CHECK(layer_unpack(&p.state, p.store, &d, &other, NULL, &e) == E_VERIFY);
	CHECK(strstr(e.msg, "diff ID") != NULL);
	/* One byte of the blob on disk, wherever it is. */
	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(&d.digest));

	auto_close int fd = openat(store_fd(p.store), path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	for (off_t i = 0; i < (off_t)d.size; i += 3) {
		char c = 0, x;

		CHECK(pread(fd, &c, 1, i) == 1);
		x = (char)(c ^ 0x40);
		CHECK(pwrite(fd, &x, 1, i) == 1);
		CHECK(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, &e) == E_VERIFY);
		CHECK(pwrite(fd, &c, 1, i) == 1);
	}
	CHECK(layers_n(&p) == 0);
	CHECK(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, &e) == 0);
	CHECK(layers_n(&p) == 1);
}

TEST(truncated_archive_with_right_digest)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_member(&b, "f", '0', "hello");
	b.n -= 100;
	refuse(&b, "cut short");
	buf_reset(&b);
	buf_puts(&b, "not an archive at all");
	refuse(&b, "cut short");
}

TEST(unpackers_at_once_all_succeed)
{
	enum { N = 4 };
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct digest diff_id;
	struct desc d;
	pid_t pids[N];

	for (int i = 0; i < 200; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "f%d", i);
		put_member(&b, name, '0', "some content");
	}
	d = put_layer(&p, &b, &diff_id);
	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, NULL) == 0 ? 0
											     : 1);
	}
	for (int i = 0; i < N; i++) {
		int status = -1;

		CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
	}

	auto_close int root = layer_root(&p, &diff_id);

	check_content(root, "f199", "some content");
	CHECK(layers_n(&p) == 1);
}

/* A bomb: little on disk, more than it may be when unpacked. */
TEST(size_at_the_limit_and_one_past)
{
	for (uint64_t past = 0; past < 2; past++) {
		auto_place p = place_open();
		auto_buf b = BUF_INIT(ARCHIVE_MAX);
		auto_layer_stream s = { .fd = -1 };
		struct digest diff_id;
		struct err e = ERR_INIT;
		struct desc d;
		int r;

		while (b.n < 3000000)
			buf_put(&b, "\0\0\0\0", 4);
		d = put_layer(&p, &b, &diff_id);
		CHECK(d.size < 10000);

		auto_close int fd = store_blob_open(p.store, &d, &e);

		CHECK(layer_stream_start(&s, fd, &e) == 0);
		CHECK(s.plain_max == LIMIT_LAYER_BYTES);
		s.plain_max = b.n - past;
		r = layer_stream_end(&s, &d, &diff_id, &e);
		CHECK(r == (past ? E_FORMAT : 0));
	}
}

TEST(killed_in_the_middle)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct digest diff_id;
	struct desc d;
	struct err e = ERR_INIT;

	for (int i = 0; i < 2000; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "d%d/f", i);
		put_member(&b, name, '0', "some content");
	}
	d = put_layer(&p, &b, &diff_id);
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, NULL) == 0 ? 0
											     : 1);
		(void)usleep((useconds_t)(1000 << (2 * i)));
		CHECK(kill(pid, SIGKILL) == 0 || errno == ESRCH);
		CHECK(waitpid(pid, NULL, 0) == pid);
		/* Whole, or not there. */
		auto_close int root = layer_root(&p, &diff_id);

		CHECK(root < 0 || faccessat(root, "d1999/f", F_OK, 0) == 0);
	}
	CHECK(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, &e) == 0);
	CHECK_STR(e.msg, "");
	for (int i = 0; i < 100 && layers_n(&p) > 1; i++) {
		(void)usleep(20 * 1000); /* the killed one's child is going, too */
		CHECK(layer_clean(&p.state, &e) == 0);
	}
	CHECK(layers_n(&p) == 1);
}

TEST(what_a_kill_left_is_removed)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	CHECK(fs_mkdir_p(p.state.fd, "layers/.tmp-dead/fs/usr/lib", 0700, &e) == 0);
	CHECK(fs_mkdir_p(p.state.fd, "layers/.tmp-alive/fs", 0700, &e) == 0);

	auto_close int alive =
		openat(p.state.fd, "layers/.tmp-alive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(flock(alive, LOCK_EX | LOCK_NB) == 0);
	put_member(&b, "f", '0', "x");

	auto_close int root = unpack(&p, &b);

	CHECK(root >= 0);
	CHECK(!fs_exists(p.state.fd, "layers/.tmp-dead"));
	CHECK(fs_exists(p.state.fd, "layers/.tmp-alive"));
}

static void write_text(int dir, const char *path, const char *text)
{
	struct err e = ERR_INIT;

	CHECK(fs_write_file(dir, path, text, strlen(text), 0600, &e) == 0);
	CHECK_STR(e.msg, "");
}

/* What a layer was kept with in another boot, or by something that was cut short. */
TEST(a_layer_that_another_boot_kept_is_unpacked_anew)
{
	static const char *const kept[] = { "00000000-0000-0000-0000-000000000000", "", "sync" };
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct digest diff_id;
	struct err e = ERR_INIT;
	char path[128];

	put_member(&b, "f", '0', "whole");

	struct desc d = put_layer(&p, &b, &diff_id);

	for (size_t i = 0; i <= sizeof(kept) / sizeof(*kept); i++) {
		CHECK(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, &e) == 0);
		CHECK_STR(e.msg, "");

		auto_close int root = layer_root(&p, &diff_id);

		check_content(root, "f", "whole");
		CHECK(layers_n(&p) == 1);
		if (i == sizeof(kept) / sizeof(*kept))
			break;
		write_text(root, "f", "");
		(void)snprintf(path, sizeof(path), "layers/%s/kept", digest_hex(&diff_id));
		write_text(p.state.fd, path, kept[i]);
	}
	(void)snprintf(path, sizeof(path), "layers/%s/kept", digest_hex(&diff_id));
	CHECK(unlinkat(p.state.fd, path, 0) == 0);
	CHECK(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, &e) == 0);
	CHECK(fs_exists(p.state.fd, path));
}

TEST(an_adopted_layer_is_not_unpacked_in_the_same_boot)
{
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX), boot = BUF_INIT(64);
	char path[128];
	struct digest diff_id;
	struct err e = ERR_INIT;

	put_member(&b, "f", '0', "from the archive");

	struct desc d = put_layer(&p, &b, &diff_id);

	CHECK(fs_mkdir_p(p.state.fd, "area/1/fs", 0700, &e) == 0);
	write_text(p.state.fd, "area/1/fs/f", "adopted");

	auto_close int area = openat(p.state.fd, "area", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(layer_adopt(&p.state, area, "1", &diff_id, &e) == 0);
	CHECK(!fs_exists(area, "1"));
	CHECK(fs_read_user("/proc/sys/kernel/random/boot_id", 64, &boot, &e) == 0);
	(void)snprintf(path, sizeof(path), "layers/%s", digest_hex(&diff_id));

	auto_close int layer = openat(p.state.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	check_content(layer, "kept", buf_str(&boot));
	CHECK(layer_unpack(&p.state, p.store, &d, &diff_id, NULL, &e) == 0);
	CHECK_STR(e.msg, "");

	auto_close int root = layer_root(&p, &diff_id);

	check_content(root, "f", "adopted");
	/* A second one comes too late, and stays where it is. */
	CHECK(fs_mkdir_p(p.state.fd, "area/2/fs", 0700, &e) == 0);
	CHECK(layer_adopt(&p.state, area, "2", &diff_id, &e) == 0);
	CHECK(fs_exists(area, "2") && layers_n(&p) == 1);
}

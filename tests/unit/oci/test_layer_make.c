/* SPDX-License-Identifier: Apache-2.0 */
/* Layers from folders and archives, and reading chosen files of them. */
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/proc.h"
#include "layer_help.h"

TAP_MAIN()

static const struct layer_opts plain = { .clamp_mtime = 1000 };

static int write_file(int dir, const char *name, const char *text, mode_t mode)
{
	struct err e = ERR_INIT;
	int r = fs_write_file(dir, name, text, strlen(text), mode, &e);

	CHECK(r == 0);
	return r;
}

static int open_tree(const struct place *p, const char *name)
{
	struct err e = ERR_INIT;

	CHECK(fs_mkdir_p(p->state.fd, name, 0755, &e) == 0);
	return openat(p->state.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What a layer holds, one line an entry. */
static bool want_all(void *arg, const struct tar_entry *m)
{
	(void)arg, (void)m;
	return true;
}

static int print_entry(void *arg, const struct tar_entry *m, const char *p, size_t n,
		       struct buf *emit, struct err *e)
{
	(void)arg, (void)e;
	buf_printf(emit, "%d %s", (int)m->type, m->name);
	if (m->link)
		buf_printf(emit, " -> %s", m->link);
	buf_printf(emit, " %o", (unsigned)m->mode);
	for (size_t i = 0; i < m->xattrs_n; i++)
		buf_printf(emit, " %s", m->xattrs[i].name);
	if (p)
		buf_printf(emit, " '%.*s'", (int)n, p);
	if (m->mtime > 1000)
		buf_puts(emit, " late");
	buf_puts(emit, "\n");
	return 0;
}

static void check_layer(const struct place *p, const struct desc *d, const struct digest *diff_id,
			const char *want)
{
	const struct layer_reader reader = { .want = want_all, .got = print_entry, .max = 1000 };
	auto_buf got = BUF_INIT(100000);
	struct err e = ERR_INIT;

	CHECK(layer_read(p->store, d, diff_id, &reader, &got, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK_STR(buf_str(&got), want);
}

static void make_tree(int dir)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char fd_path[32];

	CHECK(mkdirat(dir, "b", 0755) == 0 && mkdirat(dir, "B", 0700) == 0);
	(void)write_file(dir, "b/z", "z", 0644);
	(void)write_file(dir, "b/a", "a", 04755);
	(void)write_file(dir, "b.x", "dot", 0644);
	(void)write_file(dir, "sm\303\266rg", "", 0600);
	CHECK(linkat(dir, "b/a", dir, "c", 0) == 0);
	CHECK(symlinkat("/etc/passwd", dir, "s") == 0);
	CHECK(mkfifoat(dir, "p", 0640) == 0);
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", fs_fd_path(dir, fd_path));
	CHECK(bind(sock, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	(void)close(sock);
}

static const char tree_lines[] = "5 B 700\n5 b 755\n0 b/a 4755 'a'\n0 b/z 644 'z'\n"
				 "0 b.x 644 'dot'\n1 c -> b/a 4755\n6 p 640\n"
				 "2 s -> /etc/passwd 777\n0 sm\303\266rg 600 ''\n";

TEST(folder_in_the_order_of_bytes)
{
	auto_place p = place_open();
	auto_close int dir = open_tree(&p, "tree");
	struct digest id, again;
	struct desc d, d2;
	struct err e = ERR_INIT;

	(void)umask(022);
	make_tree(dir);
	CHECK(layer_from_dir(p.store, dir, &plain, &d, &id, NULL, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK_STR(d.media_type, MT_OCI_LAYER_GZIP);
	check_layer(&p, &d, &id, tree_lines);
	/* The same tree, made anew in another order, is the same layer. */
	auto_close int other = open_tree(&p, "other");

	make_tree(other);
	CHECK(layer_from_dir(p.store, other, &plain, &d2, &again, NULL, &e) == 0);
	CHECK(digest_eq(&id, &again) && digest_eq(&d.digest, &d2.digest));
}

TEST(prefix)
{
	auto_place p = place_open();
	auto_close int dir = open_tree(&p, "tree");
	const struct layer_opts o = { .clamp_mtime = 1000, .prefix = "/srv//app/" };
	struct digest id;
	struct desc d;
	struct err e = ERR_INIT;

	(void)write_file(dir, "f", "f", 0644);
	CHECK(layer_from_dir(p.store, dir, &o, &d, &id, NULL, &e) == 0);
	check_layer(&p, &d, &id, "0 srv/app/f 644 'f'\n");
}

TEST(attributes)
{
	auto_place p = place_open();
	auto_close int dir = open_tree(&p, "tree");
	struct digest id;
	struct desc d;
	struct err e = ERR_INIT;

	(void)write_file(dir, "f", "f", 0644);

	auto_close int f = openat(dir, "f", O_RDWR | O_CLOEXEC);

	if (geteuid() != 0 || fsetxattr(f, "user.b", "1", 1, 0) < 0)
		TAP_SKIP("not root, or no attributes here");
	CHECK(fsetxattr(f, "user.a", "", 0, 0) == 0);
	CHECK(fsetxattr(f, "user.overlay.x", "", 0, 0) == 0);
	CHECK(fsetxattr(f, "trusted.overlay.redirect", "/x", 2, 0) == 0);
	CHECK(layer_from_dir(p.store, dir, &plain, &d, &id, NULL, &e) == 0);
	check_layer(&p, &d, &id, "0 f 644 user.a user.b 'f'\n");

	const struct layer_opts overlay = { .from_overlay = true, .clamp_mtime = 1000 };

	CHECK(layer_from_dir(p.store, dir, &overlay, &d, &id, NULL, &e) == E_SYSTEM);
	CHECK(strstr(e.msg, "redirect") != NULL);
}

TEST(overlay_whiteouts)
{
	auto_place p = place_open();
	auto_close int dir = open_tree(&p, "tree");
	const struct layer_opts o = { .clamp_mtime = 1000, .from_overlay = true };
	struct digest id;
	struct desc d;
	struct err e = ERR_INIT;

	if (geteuid() != 0)
		TAP_SKIP("not root");
	CHECK(mkdirat(dir, "o", 0755) == 0);
	(void)write_file(dir, "o/x", "x", 0644);
	CHECK(mknodat(dir, "gone", S_IFCHR, 0) == 0 && mknodat(dir, "o/y", S_IFCHR, 0) == 0);

	auto_close int sub = openat(dir, "o", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fsetxattr(sub, "trusted.overlay.opaque", "y", 1, 0) == 0);
	CHECK(layer_from_dir(p.store, dir, &o, &d, &id, NULL, &e) == 0);
	check_layer(&p, &d, &id,
		    "0 .wh.gone 600\n5 o 755\n0 o/.wh..wh..opq 600\n0 o/x 644 'x'\n"
		    "0 o/.wh.y 600\n");
	/* The device means something in an overlay only. */
	CHECK(layer_from_dir(p.store, dir, &plain, &d, &id, NULL, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "may not bring devices") != NULL);
}

TEST(names_that_would_be_whiteouts)
{
	auto_place p = place_open();
	auto_close int dir = open_tree(&p, "tree");
	struct digest id;
	struct desc d;
	struct err e = ERR_INIT;

	(void)write_file(dir, ".wh.etc", "", 0644);
	CHECK(layer_from_dir(p.store, dir, &plain, &d, &id, NULL, &e) == E_FORMAT);
}

TEST(many_hard_links)
{
	auto_place p = place_open();
	auto_close int dir = open_tree(&p, "tree");
	auto_buf want = BUF_INIT(100000);
	struct digest id;
	struct desc d;
	struct err e = ERR_INIT;
	char a[16], b[16];

	(void)umask(022);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(a, sizeof(a), "a%03d", i);
		(void)snprintf(b, sizeof(b), "b%03d", i);

		auto_close int fd = openat(dir, a, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		CHECK(fd >= 0 && linkat(dir, a, dir, b, 0) == 0);
		buf_printf(&want, "0 %s 644 ''\n", a);
	}
	for (int i = 0; i < 600; i++)
		buf_printf(&want, "1 b%03d -> a%03d 644\n", i, i);
	CHECK(layer_from_dir(p.store, dir, &plain, &d, &id, NULL, &e) == 0);
	check_layer(&p, &d, &id, buf_str(&want));
}

/* --- from archives --- */

static int open_bytes(const struct buf *b, bool pipe_only)
{
	struct err e = ERR_INIT;
	int fds[2];

	if (pipe_only) {
		CHECK(pipe2(fds, O_CLOEXEC) == 0);
		CHECK(fcntl(fds[1], F_SETPIPE_SZ, 1024 * 1024) > 0);
		CHECK(fs_write_all(fds[1], b->p, b->n, &e) == 0);
		(void)close(fds[1]);
		return fds[0];
	}
	fds[0] = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	CHECK(fds[0] >= 0 && fs_write_all(fds[0], b->p, b->n, &e) == 0);
	CHECK(lseek(fds[0], 0, SEEK_SET) == 0);
	return fds[0];
}

static void make_archive(struct buf *b)
{
	auto_buf pax = BUF_INIT(1000);
	struct tar_header null = header("dev/null", '3', 0), late = header("late", '0', 0);

	pax_record(&pax, "SCHILY.xattr.security.selinux", "x", 1);
	pax_record(&pax, "SCHILY.xattr.user.k", "v", 1);
	put_ext(b, 'x', pax.p, pax.n);
	put_member(b, "./etc/motd", '0', "hello");
	put_link(b, "./l", '1', "./etc/motd");
	memcpy(null.major, "0000001", 8);
	memcpy(null.minor, "0000003", 8);
	put_header(b, &null);
	memcpy(late.mtime, "14000000000", 12);
	put_header(b, &late);
	put_end(b);
}

static const char archive_lines[] = "0 etc/motd 644 user.k 'hello'\n1 l -> etc/motd 644\n"
				    "0 late 644 ''\n";

TEST(archive_in_every_compression)
{
	static const char *const programs[] = { NULL, "gzip", "zstd", "bzip2", "xz" };
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct digest first = { "" };

	make_archive(&b);
	for (size_t i = 0; i < 2 * sizeof(programs) / sizeof(*programs); i++) {
		const char *const argv[] = { programs[i / 2], "-c", NULL };
		auto_buf packed = BUF_INIT(ARCHIVE_MAX);
		auto_close int raw = open_bytes(&b, false), in = -1;
		struct err e = ERR_INIT;
		struct digest id;
		struct desc d;

		if (argv[0])
			CHECK(proc_run(argv, raw, &packed, &e) == 0);
		in = open_bytes(argv[0] ? &packed : &b, i % 2 == 1);
		CHECK(layer_from_tar(p.store, in, 1000, &d, &id, NULL, &e) == 0);
		CHECK_STR(e.msg, "");
		check_layer(&p, &d, &id, archive_lines);
		CHECK(i == 0 || digest_eq(&first, &id));
		first = id;
	}
}

TEST(bad_archives)
{
	static const char *const bytes[] = { "", "hello", "BZh9 no more", "\375\067zXZ",
					     "\x1f\x8b\x08" };
	auto_place p = place_open();
	struct digest id;
	struct desc d;

	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
		auto_buf b = BUF_INIT(1000);
		struct err e = ERR_INIT;

		buf_puts(&b, bytes[i]);
		buf_putc(&b, '\0');
		b.n -= i != 3;

		auto_close int in = open_bytes(&b, false);

		CHECK(layer_from_tar(p.store, in, 1000, &d, &id, NULL, &e) == E_FORMAT);
		CHECK(e.msg[0] != '\0');
	}
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "../x", ".wh.x", "dev/sda" };
		auto_buf b = BUF_INIT(ARCHIVE_MAX);
		struct err e = ERR_INIT;

		put_member(&b, names[i], i == 2 ? '4' : '0', "");

		auto_close int in = open_bytes(&b, false);

		CHECK(layer_from_tar(p.store, in, 1000, &d, &id, NULL, &e) == E_FORMAT);
	}
	/* Nothing half-written is left. */
	auto_closedir DIR *t = fdopendir(open_tree(&p, "tmp"));
	int left = 0;

	for (const struct dirent *ent; t && (ent = readdir(t));)
		left += ent->d_name[0] != '.';
	CHECK(left == 0);
}

/* --- reading --- */

static bool want_list(void *arg, const struct tar_entry *m)
{
	(void)arg;
	return strcmp(m->name, "var/lib/dpkg/status") == 0;
}

static int at_end(void *arg, struct buf *emit, struct err *e)
{
	(void)arg, (void)e;
	buf_puts(emit, "end\n");
	return 0;
}

TEST(reading_chosen_files)
{
	const struct layer_reader reader = {
		.want = want_list, .got = print_entry, .done = at_end, .max = 5
	};
	auto_place p = place_open();
	auto_buf b = BUF_INIT(ARCHIVE_MAX), got = BUF_INIT(1000), small = BUF_INIT(10);
	struct digest id, other;
	struct err e = ERR_INIT;
	struct desc d;

	put_member(&b, "var/lib/dpkg/status", '0', "12345");
	put_member(&b, "big", '0', "not wanted, so as large as it likes");
	put_member(&b, "var/lib/.wh.apk", '0', "");
	put_link(&b, "var/lib/dpkg/status", '2', "/elsewhere");
	put_end(&b);
	d = put_layer(&p, &b, &id);
	CHECK(layer_read(p.store, &d, &id, &reader, &got, &e) == 0);
	CHECK_STR(buf_str(&got), "0 var/lib/dpkg/status 644 '12345'\n0 var/lib/.wh.apk 644\n"
				 "2 var/lib/dpkg/status -> /elsewhere 644\nend\n");
	CHECK(layer_read(p.store, &d, NULL, &reader, &got, &e) == 0);
	CHECK(layer_read(p.store, &d, &id, &reader, &small, &e) == E_FORMAT);
	digest_of("x", 1, &other);
	got.n = 0;
	CHECK(layer_read(p.store, &d, &other, &reader, &got, &e) == E_VERIFY);
	CHECK(got.n == 0);
	/* One byte over the most that is read. */
	buf_reset(&b);
	put_member(&b, "var/lib/dpkg/status", '0', "123456");
	d = put_layer(&p, &b, &id);
	CHECK(layer_read(p.store, &d, &id, &reader, &got, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "at most 5") != NULL);
}

TEST(real_images)
{
	const char *shared = getenv("PLIMSOLL_SHARED");
	char path[300];
	auto_place p = place_open();
	struct digest id;
	struct err e = ERR_INIT;
	struct desc d;

	(void)snprintf(path, sizeof(path), "%s/data/images/alpine-minirootfs-3.20.3-x86_64.tar.gz",
		       shared ? shared : "/nonexistent");

	auto_close int in = open(path, O_RDONLY | O_CLOEXEC);

	if (in < 0)
		TAP_SKIP("no real images here (PLIMSOLL_SHARED)");
	CHECK(layer_from_tar(p.store, in, INT64_MAX, &d, &id, NULL, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK(layer_unpack(&p.state, p.store, &d, &id, NULL, &e) == 0);
	CHECK_STR(e.msg, "");

	auto_close int root = layer_root(&p, &id);

	CHECK(faccessat(root, "lib/apk/db/installed", F_OK, 0) == 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Overlay mounts of unpacked layers, in a mount namespace of the test's own. */
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "layer_help.h"
#include "oci/overlay.h"

TAP_MAIN()

/* Unpacks a layer with file "n<i>", and "top" that every layer replaces. */
static struct digest make_layer(struct place *p, int i)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct digest diff_id;
	struct err e = ERR_INIT;
	char name[16], text[32];

	(void)snprintf(name, sizeof(name), "n%d", i);
	(void)snprintf(text, sizeof(text), "layer %d", i);
	put_member(&b, name, '0', "x");
	put_member(&b, "top", '0', text);
	if (i == 1)
		put_member(&b, ".wh.n0", '0', "");

	struct desc d = put_layer(p, &b, &diff_id);

	CHECK(layer_unpack(&p->state, p->store, &d, &diff_id, NULL, &e) == 0);
	CHECK_STR(e.msg, "");
	return diff_id;
}

/* Once for the whole program, which then mounts for itself only. */
static void prepare(void)
{
	static bool done;
	struct err e = ERR_INIT;

	if (!done)
		done = mounts_private(&e) == 0;
	CHECK(done);
	CHECK_STR(e.msg, "");
}

static char *make_folder(struct place *p, const char *name)
{
	char *path = NULL;
	struct err e = ERR_INIT;

	CHECK(fs_mkdir_p(p->state.fd, name, 0755, &e) == 0);
	CHECK(asprintf(&path, "%s/%s", p->state.path, name) > 0);
	return path;
}

static void mount_n(int n)
{
	auto_place p = place_open();
	auto_free struct digest *ids = calloc((size_t)n + 1, sizeof(*ids));
	auto_free char *at = make_folder(&p, "at");
	char last[16], text[32];
	struct err e = ERR_INIT;

	prepare();
	for (int i = 0; i < n; i++)
		ids[i] = make_layer(&p, i);
	CHECK(overlay_mount(&p.state, ids, (size_t)n, NULL, NULL, at, false, &e) == 0);
	CHECK_STR(e.msg, "");
	{
		auto_close int root = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statvfs v;

		(void)snprintf(last, sizeof(last), "n%d", n - 1);
		(void)snprintf(text, sizeof(text), "layer %d", n - 1);
		if (n) {
			check_content(root, last, "x");
			check_content(root, "top", text);
		}
		CHECK(faccessat(root, "n0", F_OK, 0) == (n == 1 ? 0 : -1));
		CHECK(fstatvfs(root, &v) == 0 && v.f_flag & ST_RDONLY && v.f_flag & ST_NODEV);
	}
	CHECK(umount2(at, MNT_DETACH) == 0);
}

TEST(no_layer)
{
	if (geteuid() != 0)
		TAP_SKIP("not root");
	mount_n(0);
}
TEST(one_layer)
{
	if (geteuid() != 0)
		TAP_SKIP("not root");
	mount_n(1);
}
TEST(two_layers)
{
	if (geteuid() != 0)
		TAP_SKIP("not root");
	mount_n(2);
}
TEST(many_layers)
{
	if (geteuid() != 0)
		TAP_SKIP("not root");
	mount_n(130);
}

TEST(upper_becomes_a_layer)
{
	const struct layer_opts o = { .from_overlay = true, .clamp_mtime = 1000 };
	struct digest ids[2], third, again;
	struct desc d;
	struct err e = ERR_INIT;

	if (geteuid() != 0)
		TAP_SKIP("not root");
	prepare();

	auto_place p = place_open();
	/* Names that mount options would have to escape. */
	auto_free char *at = make_folder(&p, "at"), *upper = make_folder(&p, "up,per:\\"),
		       *work = make_folder(&p, "work");

	ids[0] = make_layer(&p, 0);
	CHECK(overlay_mount(&p.state, ids, 1, upper, work, at, false, &e) == 0);
	CHECK_STR(e.msg, "");
	{
		auto_close int root = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		CHECK(unlinkat(root, "n0", 0) == 0);
		CHECK(fs_write_file(root, "new", "new", 3, 0644, &e) == 0);
		CHECK(mkdirat(root, "folder", 0700) == 0);
	}
	CHECK(umount2(at, 0) == 0);

	auto_close int up = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(layer_from_dir(p.store, up, &o, &d, &third, NULL, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK(layer_from_dir(p.store, up, &o, &d, &again, NULL, &e) == 0);
	CHECK(digest_eq(&third, &again));
	CHECK(layer_unpack(&p.state, p.store, &d, &third, NULL, &e) == 0);
	ids[1] = third;
	CHECK(overlay_mount(&p.state, ids, 2, NULL, NULL, at, true, &e) == 0);
	{
		auto_close int root = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		CHECK(faccessat(root, "n0", F_OK, 0) < 0);
		check_content(root, "top", "layer 0");
		check_content(root, "new", "new");
		CHECK(faccessat(root, "folder", F_OK, 0) == 0);
	}
	CHECK(umount2(at, 0) == 0);
}

TEST(missing_layer)
{
	auto_place p = place_open();
	auto_free char *at = make_folder(&p, "at");
	struct digest id;
	struct err e = ERR_INIT;

	digest_of("x", 1, &id);
	CHECK(overlay_mount(&p.state, &id, 1, NULL, NULL, at, true, &e) == E_NOTFOUND);
}

TEST(layers_past_the_limit)
{
	auto_place p = place_open();
	auto_free char *at = make_folder(&p, "at");
	auto_free struct digest *ids = calloc(LIMIT_OVERLAY + 1, sizeof(*ids));
	struct err e = ERR_INIT;

	CHECK(overlay_mount(&p.state, ids, LIMIT_OVERLAY + 1, NULL, NULL, at, true, &e) ==
	      E_FORMAT);
}

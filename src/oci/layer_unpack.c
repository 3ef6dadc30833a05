/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacked layers on disk: made under a temporary name, whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/userns.h"
#include "oci/layer_internal.h"
#include "oci/overlay.h"
#include "sandbox/sandbox.h"

#define TEMPORARY ".tmp-"

/*
 * layers/<diff id>/kept tells what an unpacked layer is worth: KEPT_SYNCED, or the boot of the
 * machine in which it was put there without waiting for the disk. After another boot such a layer
 * may be in pieces, and is unpacked anew.
 */
#define KEPT "kept"
#define KEPT_SYNCED "synced"
enum { BOOT_ID_MAX = 64 };

/* An unpacker holds a lock on its temporary folder; one without a holder was left by a kill. The
 * lock on layers/.lock covers the moment between making and locking it. One that cannot be removed
 * now (its child may just be dying) is left for the next time. */
static int remove_abandoned(int layers, struct err *e)
{
	int copy = openat(layers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *ent;

	if (!d)
		return FAIL_SYS(e, "list unpacked layers");
	while ((ent = readdir(d))) {
		auto_close int fd = -1;

		if (!starts_with(ent->d_name, TEMPORARY))
			continue;
		fd = openat(layers, ent->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		(void)fs_remove_tree(layers, ent->d_name, NULL);
	}
	return 0;
}

static int open_layers(const struct state *state, struct err *e)
{
	int r = fs_mkdir_p(state->fd, "layers", 0700, e);

	return r < 0 ? r : fs_open_nolink(state->fd, "layers", O_RDONLY | O_DIRECTORY, 0, e);
}

int layer_clean(const struct state *state, struct err *e)
{
	auto_close int layers = open_layers(state, e);
	auto_close int lock = layers < 0 ? layers : fs_lock(layers, ".lock", -1, e);

	return lock < 0 ? lock : remove_abandoned(layers, e);
}

/* Makes the temporary folder and its fs/, and locks it. The lock lasts as long as *ret_lock. */
static int make_temporary(int layers, char name[static 64], int *ret_lock, struct err *e)
{
	auto_close int lock = fs_lock(layers, ".lock", -1, e);
	auto_close int dir = -1;
	int r = lock < 0 ? lock : remove_abandoned(layers, e);

	r = r < 0 ? r : fs_temp_name(TEMPORARY, name, 64, e);
	if (r < 0)
		return r;
	if (mkdirat(layers, name, 0700) < 0)
		return FAIL_SYS(e, "make folder '%s'", name);
	dir = openat(layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0 || mkdirat(dir, "fs", 0755) < 0 ||
	    fchmodat(dir, "fs", 0755, 0) < 0)
		return FAIL_SYS(e, "make folder '%s/fs'", name);
	*ret_lock = TAKE_FD(dir);
	return 0;
}

/* Of this boot; "" when the kernel does not say. */
static void boot_id(char ret[static BOOT_ID_MAX + 1])
{
	auto_buf b = BUF_INIT(BOOT_ID_MAX);

	*ret = '\0';
	if (fs_read_user("/proc/sys/kernel/random/boot_id", BOOT_ID_MAX, &b, NULL) == 0)
		(void)snprintf(ret, BOOT_ID_MAX + 1, "%s", buf_str(&b));
}

/* "layers/.../kept" is new, and its folder has no name yet that anybody would look for. */
static int write_kept(int dir, const char *text, struct err *e)
{
	auto_close int fd =
		openat(dir, KEPT, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? FAIL_SYS(e, "make '" KEPT "'") : fs_write_all(fd, text, strlen(text), e);
}

/* Whether the layer is there, whole. */
static bool is_whole(int layers, const char *name)
{
	auto_buf b = BUF_INIT(BOOT_ID_MAX);
	char path[128], boot[BOOT_ID_MAX + 1];

	(void)snprintf(path, sizeof(path), "%.80s/" KEPT, name);
	if (fs_read(layers, path, BOOT_ID_MAX, &b, NULL) < 0)
		return false;
	if (strcmp(buf_str(&b), KEPT_SYNCED) == 0)
		return true;
	boot_id(boot);
	return *boot && strcmp(buf_str(&b), boot) == 0;
}

/* Takes a layer away that the last boot may have left in pieces. */
static int remove_doubtful(int layers, const char *name, struct err *e)
{
	auto_close int lock = fs_lock(layers, ".lock", -1, e);
	char temporary[64];
	int r;

	if (lock < 0)
		return lock;
	if (is_whole(layers, name)) /* somebody was faster */
		return 0;
	r = fs_temp_name(TEMPORARY, temporary, sizeof(temporary), e);
	if (r < 0)
		return r;
	if (renameat(layers, name, layers, temporary) < 0)
		return errno == ENOENT ? 0 : FAIL_SYS(e, "rename unpacked layer");
	return fs_remove_tree(layers, temporary, e);
}

struct unpack {
	struct layer_stream *stream;
	const struct desc *blob;
	const struct digest *diff_id;
	const char *opaque;
	int root;
};

static int unpack_child(void *arg, struct buf *emit, struct err *e)
{
	const struct unpack *u = arg;
	int r = layer_extract(u->stream, u->root, u->opaque, e);

	(void)emit;
	return r < 0 ? r : layer_stream_end(u->stream, u->blob, u->diff_id, e);
}

static int unpack_into(int dir, const struct store *s, const struct desc *blob,
		       const struct digest *diff_id, struct err *e)
{
	auto_close int root = openat(dir, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int fd = store_blob_open(s, blob, e);
	auto_layer_stream stream = { .fd = -1 };
	struct unpack u = { .stream = &stream,
			    .blob = blob,
			    .diff_id = diff_id,
			    .opaque = overlay_opaque(),
			    .root = root };
	const struct sandbox box = {
		.what = "unpack",
		.keep = &fd,
		.keep_n = 1,
		.write_dir = root,
		.keep_caps = geteuid() == 0,
		.cpu_seconds = 3600,
	};
	int r;

	if (fd < 0)
		return fd;
	if (root < 0)
		return FAIL_SYS(e, "open folder to unpack to");
	r = layer_stream_start(&stream, fd, e);
	if (r < 0)
		return r;
	r = sandbox_run(&box, unpack_child, &u, NULL, e);
	if (r == E_SYSTEM && e && e->sys == EINVAL && userns_inside())
		(void)err_hint(e, r,
			       "this user has %u ids; more: as root, usermod --add-subuids and "
			       "--add-subgids (usermod(8))",
			       userns_ids());
	r = r < 0 ? r : write_kept(dir, KEPT_SYNCED, e);
	/* One flush for all files costs far less than one each. */
	if (r == 0 && syncfs(root) < 0)
		r = FAIL_SYS(e, "sync");
	return layer_blame(s, blob, r, e);
}

/* Puts the finished folder in its place; somebody else may have been faster. */
static int publish(int layers, const char *name, const struct digest *diff_id, struct err *e)
{
	if (renameat2(layers, name, layers, digest_hex(diff_id), RENAME_NOREPLACE) < 0 &&
	    errno != EEXIST)
		return FAIL_SYS(e, "rename unpacked layer");
	return fsync(layers) < 0 ? FAIL_SYS(e, "sync folder of layers") : 0;
}

bool layer_unpacked(const struct state *state, const struct digest *diff_id)
{
	auto_close int layers =
		fs_open_nolink(state->fd, "layers", O_RDONLY | O_DIRECTORY, 0, NULL);

	return layers >= 0 && digest_hex(diff_id)[0] && is_whole(layers, digest_hex(diff_id));
}

int layer_unpack(const struct state *state, const struct store *s, const struct desc *layer,
		 const struct digest *diff_id, struct progress *p, struct err *e)
{
	auto_close int layers = open_layers(state, e);
	auto_close int dir = -1;
	char name[64] = "", what[100];
	int r, cleaned;

	if (layers < 0)
		return layers;
	if (digest_hex(diff_id)[0] == '\0')
		return FAIL(e, E_INTERNAL, "unpack a layer without its diff ID");
	if (is_whole(layers, digest_hex(diff_id)))
		return 0;
	(void)snprintf(what, sizeof(what), "unpack %.19s", layer->digest.s);
	progress_begin(p, what, layer->size);
	r = fs_exists(layers, digest_hex(diff_id)) ? remove_doubtful(layers, digest_hex(diff_id), e)
						   : 0;
	r = r < 0 ? r : make_temporary(layers, name, &dir, e);
	r = r < 0 ? r : unpack_into(dir, s, layer, diff_id, e);
	r = r < 0 ? r : publish(layers, name, diff_id, e);
	/* Gone already when it was renamed. */
	cleaned = name[0] ? fs_remove_tree(layers, name, r < 0 ? NULL : e) : 0;
	r = r < 0 ? r : cleaned;
	if (r == 0)
		progress_advance(p, layer->size);
	progress_end(p, r < 0 ? "failed" : NULL);
	return r < 0 ? WRAP(e, r, "layer %s", layer->digest.s) : 0;
}

int layer_adopt(const struct state *state, int dir, const char *name, const struct digest *diff_id,
		struct err *e)
{
	auto_close int layers = open_layers(state, e);
	auto_close int fd =
		layers < 0 ? layers : fs_open_nolink(dir, name, O_RDONLY | O_DIRECTORY, 0, e);
	char boot[BOOT_ID_MAX + 1];
	int r;

	if (fd < 0)
		return fd;
	boot_id(boot);
	r = write_kept(fd, *boot ? boot : KEPT_SYNCED, e);
	if (r == 0 && (fchmod(fd, 0700) < 0 || (!*boot && syncfs(fd) < 0)))
		r = FAIL_SYS(e, "keep unpacked layer");
	if (r == 0 && renameat2(dir, name, layers, digest_hex(diff_id), RENAME_NOREPLACE) < 0 &&
	    errno != EEXIST)
		r = FAIL_SYS(e, "keep unpacked layer");
	return r;
}

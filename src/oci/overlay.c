/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/userns.h"

/* Options of mount(2) are one page. Folders are named by their descriptors, from within
 * /proc/self/fd: five bytes each, and no character that would need escaping. */
enum { LIMIT_OPTIONS = 4095 };

static bool user_notes(void)
{
	return geteuid() != 0 || userns_inside();
}

const char *overlay_opaque(void)
{
	return user_notes() ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

struct folders {
	int fds[LIMIT_OVERLAY + 2];
	size_t n;
};

static void folders_close(struct folders *f)
{
	while (f->n)
		(void)close(f->fds[--f->n]);
}
#define auto_folders __attribute__((cleanup(folders_close))) struct folders

/* Adds a folder to the options; takes fd, which may be an error, over. */
static int add_folder(struct folders *f, int fd, struct buf *options, const char *before)
{
	if (fd < 0)
		return fd;
	f->fds[f->n++] = fd;
	buf_printf(options, "%s%d", before, fd);
	return 0;
}

/* layers: descriptor of the folder of all layers, here and below. */
static int open_layer(int layers, const struct digest *diff_id, struct err *e)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/fs", digest_hex(diff_id));
	fd = fs_open_nolink(layers, path, O_PATH | O_DIRECTORY, 0, e);
	if (fd == E_NOTFOUND)
		return FAIL(e, E_NOTFOUND, "layer %s is not unpacked", diff_id->s);
	return fd;
}

/* overlayfs wants two lower folders when there is no upper one, and one otherwise. */
static int open_empty(int layers, const char *path, struct err *e)
{
	int r = fs_mkdir_p(layers, path, 0755, e);

	return r < 0 ? r : fs_open_nolink(layers, path, O_PATH | O_DIRECTORY, 0, e);
}

/*
 * The same layer may stand in an image twice, but overlayfs takes a folder only once. The upper one
 * has all that the lower one has, so the lower one does not matter.
 */
static bool comes_again(const struct digest *diff_ids, size_t i, size_t n)
{
	for (size_t k = i + 1; k < n; k++)
		if (digest_eq(&diff_ids[i], &diff_ids[k]))
			return true;
	return false;
}

static int add_lowers(struct folders *f, int layers, const struct digest *diff_ids, size_t n,
		      size_t at_least, struct buf *options, struct err *e)
{
	const char *const empty[] = { ".empty/a", ".empty/b" };
	const char *before = "lowerdir=";
	size_t have = 0;
	int r = 0;

	for (size_t i = n; r == 0 && i-- > 0;) {
		if (comes_again(diff_ids, i, n))
			continue;
		r = add_folder(f, open_layer(layers, &diff_ids[i], e), options, before);
		before = ":";
		have++;
	}
	for (size_t i = have; r == 0 && i < at_least; i++, before = ":")
		r = add_folder(f, open_empty(layers, empty[i], e), options, before);
	return r;
}

static int add_upper(struct folders *f, const char *upper, const char *work, struct buf *options,
		     struct err *e)
{
	int r = add_folder(f, fs_open_user(upper, O_PATH | O_DIRECTORY, 0, e), options,
			   ",upperdir=");

	return r < 0 ? r
		     : add_folder(f, fs_open_user(work, O_PATH | O_DIRECTORY, 0, e), options,
				  ",workdir=");
}

static int fail_mount(size_t n, const char *target, bool upper, struct err *e)
{
	int why = errno, r = FAIL_SYS(e, "mount %zu layers at '%s' by overlayfs", n, target);

	if (why == ENODEV)
		return err_hint(e, r, "modprobe overlay");
	if (why == EPERM)
		return err_hint(e, r, "run it as root");
	if (why == EINVAL && upper)
		return err_hint(e, r,
				"put the state on a plain filesystem: plimsoll --state DIR (not on "
				"overlayfs or NFS)");
	return r;
}

static int mount_from_fds(const char *options, unsigned long flags, const char *target)
{
	auto_close int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r, saved;

	if (here < 0 || chdir("/proc/self/fd") < 0)
		return -1;
	r = mount("overlay", target, "overlay", flags, options);
	saved = errno;
	(void)!fchdir(here);
	errno = saved;
	return r;
}

int overlay_mount_layers(const char *layers, const struct digest *diff_ids, size_t n,
			 const char *upper, const char *work, const char *target, bool read_only,
			 struct err *e)
{
	auto_buf options = BUF_INIT(LIMIT_OPTIONS);
	auto_folders f = { .n = 0 };
	/* The target may be relative to where we are now. */
	auto_free char *at = realpath(target, NULL);
	unsigned long flags = MS_NODEV | (read_only || !upper ? MS_RDONLY : 0);
	/* By its path, since a descriptor may be from before mounts_private(): folders reached by
	 * it lie in the mount namespace left behind, and overlayfs refuses those. */
	auto_close int fd = fs_open_user(layers, O_PATH | O_DIRECTORY, 0, e);
	int r;

	if (fd < 0)
		return fd;
	if (!at)
		return FAIL_SYS(e, "mount layers at '%s'", target);
	if (!upper != !work)
		return FAIL(e, E_INTERNAL, "overlay: an upper folder needs a work folder");
	if (n > LIMIT_OVERLAY)
		return FAIL(e, E_FORMAT, "%zu layers: overlayfs stacks at most %d", n,
			    LIMIT_OVERLAY);
	r = add_lowers(&f, fd, diff_ids, n, upper ? 1 : 2, &options, e);
	if (r == 0 && upper)
		r = add_upper(&f, upper, work, &options, e);
	if (r < 0)
		return r;
	buf_puts(&options, ",redirect_dir=nofollow,metacopy=off");
	if (upper)
		buf_puts(&options, ",index=off");
	if (user_notes())
		buf_puts(&options, ",userxattr");
	r = buf_check(&options, "mount options", e);
	if (r < 0)
		return r;
	return mount_from_fds(options.p, flags, at) < 0 ? fail_mount(n, at, upper != NULL, e) : 0;
}

int overlay_mount(const struct state *state, const struct digest *diff_ids, size_t n,
		  const char *upper, const char *work, const char *target, bool read_only,
		  struct err *e)
{
	auto_free char *layers = NULL;

	if (asprintf(&layers, "%s/layers", state->path) < 0)
		return FAIL_NOMEM(e);
	/* An image without layers may be the first of all. */
	if (mkdir(layers, 0700) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make '%s'", layers);
	return overlay_mount_layers(layers, diff_ids, n, upper, work, target, read_only, e);
}

int mounts_private(struct err *e)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) {
		int r = FAIL_SYS(e, "make a mount namespace");

		return err_hint(e, r, "run it as root");
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/userns.h"

#define LOOP_CONTROL "/dev/loop-control"
#define DISK_NEW "disk.new"
#define SMALL (128ULL * 1024 * 1024)

enum { LOCK_MS = 60000, TRIES = 500, NAP_MS = 10, DEVICES = 4096, DEVICE_PATH = 32 };

bool disk_possible(void)
{
	auto_free char *program = NULL;

	return geteuid() == 0 && !userns_inside() && access(LOOP_CONTROL, R_OK | W_OK) == 0 &&
	       proc_find("mke2fs", &program, NULL) == 0;
}

bool disk_there(int folder)
{
	return faccessat(folder, DISK_IMAGE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int disk_size(int folder, uint64_t size, uint64_t *ret, struct err *e)
{
	struct statvfs v;
	uint64_t half;

	if (fstatvfs(folder, &v) < 0)
		return FAIL_SYS(e, "look at how much of the disk is free");
	half = (uint64_t)v.f_bavail * v.f_frsize / 2;
	*ret = size < half ? size : half > DISK_LEAST ? half : DISK_LEAST;
	return 0;
}

/* Tables are written when they are needed, the journal is small: an empty one takes 0.2 MB. */
static int make_file_system(const char *path, uint64_t size, struct err *e)
{
	const char *const argv[] = { "mke2fs",
				     "-q",
				     "-F",
				     "-t",
				     "ext4",
				     "-m",
				     "0",
				     "-I",
				     "256",
				     "-J",
				     size < SMALL ? "size=4" : "size=16",
				     "-O",
				     "sparse_super2,^resize_inode",
				     "-E",
				     "lazy_itable_init=1,lazy_journal_init=1,nodiscard,"
				     "packed_meta_blocks=1,num_backup_sb=0,root_owner=0:0",
				     path,
				     NULL };
	int r = proc_run(argv, -1, NULL, e);

	return r < 0 ? WRAP(e, r, "make a file system of %llu bytes", (unsigned long long)size) : 0;
}

int disk_make(int folder, const char *path, uint64_t size, struct err *e)
{
	auto_free char *file = NULL;
	auto_close int fd = -1;
	int r;

	if (disk_there(folder))
		return 0;
	if (size < DISK_LEAST)
		return FAIL(e, E_USAGE, "a disk of %llu bytes: the least is 16m",
			    (unsigned long long)size);
	if (asprintf(&file, "%s/" DISK_NEW, path) < 0)
		return FAIL_NOMEM(e);
	fd = openat(folder, DISK_NEW, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return FAIL_SYS(e, "make '%s'", file);
	r = make_file_system(file, size, e);
	/* Under its name it is whole. */
	if (r == 0 && renameat(folder, DISK_NEW, folder, DISK_IMAGE) < 0)
		r = FAIL_SYS(e, "make '%s'", file);
	if (r < 0)
		(void)unlinkat(folder, DISK_NEW, 0);
	return r;
}

static int open_device(unsigned n, char path[static DEVICE_PATH])
{
	(void)snprintf(path, DEVICE_PATH, "/dev/loop%u", n);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* The device that has this file; as long as it is open it does not go. -1: none. */
static int find_device(const struct stat *file, char path[static DEVICE_PATH])
{
	for (unsigned n = 0; n < DEVICES; n++) {
		struct loop_info64 info;
		int fd = open_device(n, path);

		if (fd < 0 && errno == ENOENT && n >= 8) /* those of now are without a gap */
			return -1;
		if (fd < 0)
			continue;
		if (ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_inode == file->st_ino &&
		    info.lo_device == file->st_dev)
			return fd;
		(void)close(fd);
	}
	return -1;
}

/* A free one, which another may take before us. */
static int new_device(int image, char path[static DEVICE_PATH], struct err *e)
{
	auto_close int control = open(LOOP_CONTROL, O_RDWR | O_CLOEXEC);
	const struct loop_config config = {
		.fd = (unsigned)image,
		.info = { .lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO },
	};

	if (control < 0)
		return FAIL_SYS(e, "open '" LOOP_CONTROL "'");
	for (int tries = 0; tries < TRIES; tries++) {
		const int n = ioctl(control, LOOP_CTL_GET_FREE);
		int fd;

		if (n < 0)
			return FAIL_SYS(e, "get a loop device");
		fd = open_device((unsigned)n, path);
		if (fd < 0)
			return FAIL_SYS(e, "open '%s'", path);
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0)
			return fd;
		(void)close(fd);
		if (errno != EBUSY)
			return FAIL_SYS(e, "set up '%s'", path);
	}
	return FAIL(e, E_SYSTEM, "no loop device is free");
}

/* The file system of somebody who ended a moment ago may still be on its way out: then it is busy.
 */
static int mount_device(const char *device, const char *target, struct err *e)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000L * 1000 };

	for (int tries = 0; tries < TRIES; tries++) {
		if (mount(device, target, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME,
			  "discard,errors=remount-ro") == 0)
			return 0;
		if (errno != EBUSY)
			break;
		(void)nanosleep(&nap, NULL);
	}
	return FAIL_SYS(e, "mount '%s' on '%s'", device, target);
}

int disk_mount(int folder, const char *path, struct err *e)
{
	auto_free char *target = NULL;
	auto_close int image = -1, device = -1, lock = -1;
	char device_path[DEVICE_PATH];
	struct stat st;

	if (asprintf(&target, "%s/" DISK_MOUNT, path) < 0)
		return FAIL_NOMEM(e);
	if (mkdirat(folder, DISK_MOUNT, 0700) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make '%s'", target);
	/* Two devices of one file would be two file systems on the same blocks. */
	lock = fs_lock(folder, "disk.lock", LOCK_MS, e);
	if (lock < 0)
		return lock;
	image = openat(folder, DISK_IMAGE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (image < 0 || fstat(image, &st) < 0)
		return FAIL_SYS(e, "open '%s/" DISK_IMAGE "'", path);
	device = find_device(&st, device_path);
	if (device < 0)
		device = new_device(image, device_path, e);
	return device < 0 ? device : mount_device(device_path, target, e);
}

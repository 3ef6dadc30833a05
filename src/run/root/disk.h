/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A bound on what is written to the host's disk: a folder that is a file system of its own (ext4),
 * in a sparse file, by a loop device, mounted in the supervisor's mount namespace and nowhere else.
 * The device goes with the last mount of it, so that nobody's death leaves one. What is deleted
 * inside is given back to the host. Size and number of files are fixed when it is made.
 *
 *     <folder>/disk.img    the file; its size is the bound
 *     <folder>/disk        where it is mounted
 *
 * A container's writable root and anonymous volumes are on one in the container's folder.
 */
#define DISK_IMAGE "disk.img"
#define DISK_MOUNT "disk"
#define DISK_LEAST (16ULL * 1024 * 1024)

/* As root of the host, with loop devices and mke2fs(8). */
bool disk_possible(void);

/* Of a folder without one: size, but no more than half of what is free around it. */
int disk_size(int folder, uint64_t size, uint64_t *ret, struct err *e);
/* Makes one unless it is there. */
int disk_make(int folder, const char *path, uint64_t size, struct err *e);
bool disk_there(int folder);
/* Mounts it in the calling process's mount namespace, which is one of ours. Several may have it
 * mounted at once: they share one device, so that there is one file system. */
int disk_mount(int folder, const char *path, struct err *e);

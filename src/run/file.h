/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * Writes a file of a container's folder: whole or not at all to other processes, but without
 * waiting for the disk as fs_write_file() does. After a power cut nothing of a container runs, and
 * a record that cannot be read is removed by the reaper.
 */
int file_put(int folder, const char *name, const void *p, size_t n, struct err *e);

/* fs_remove_tree() of what a container had: an ordinary user's may have left files of all ids that
 * he has, in folders that are closed to himself. */
int file_remove_tree(int parent, const char *path, struct err *e);

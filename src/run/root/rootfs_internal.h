/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/root/rootfs.h"

/* The real path, within the root, of an open descriptor; owned. E_POLICY when it lies outside. */
int rootfs_path_within(int root, int fd, char **ret, struct err *e);

/* E_POLICY when path lies in /proc, /sys or /dev; what names it in the error. */
int rootfs_refuse_kernel_folders(const char *path, const char *what, struct err *e);

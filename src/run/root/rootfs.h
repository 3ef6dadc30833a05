/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/*
 * Making an image's root filesystem safe to hand to the OCI runtime. crun 1.8.1 follows links while
 * it sets a root up (CVE-2026-47766: a /dev that is a link makes it create device nodes on the
 * host), so whatever it will mount on is opened here first without following any: what is not a
 * real folder or file is refused, what is missing is made. root is a descriptor of the root
 * filesystem, not yet running. Paths are absolute within it. What was made is added to made, when
 * given, for rootfs_undo().
 */
int rootfs_folder(int root, const char *path, struct strv *made, struct err *e);

/* As above for a file. A link or anything else in its place is replaced when replace is set: for
 * roots of which we own the upper layer. */
int rootfs_file(int root, const char *path, bool replace, struct strv *made, struct err *e);

/* As rootfs_file(), for a file that images keep as a link (Debian's /etc/resolv.conf leads into
 * /run, to what is not there): links are followed within the root, and what they lead to is made
 * when missing. The real path comes back, owned: no part of it is a link. E_POLICY when it lies in
 * /proc, /sys or /dev, or is no file. */
int rootfs_real_file(int root, const char *path, struct strv *made, char **ret, struct err *e);

/* For targets that the user names: links are followed within the root, the rest is made. The real
 * path comes back, owned. E_POLICY when it lies in /proc, /sys or /dev. */
int rootfs_target(int root, const char *path, bool folder, struct strv *made, char **ret,
		  struct err *e);

/* A working folder must be there and outside /proc, /sys and /dev (CVE-2024-21626). */
int rootfs_check_cwd(int root, const char *path, struct err *e);
/* The same, made when it is missing, as docker does: then it is owner's. */
int rootfs_make_cwd(int root, const char *path, uid_t owner, struct err *e);

/* 0 when argv0 names a file that can be executed, looked up in path ("PATH" value) as execvp would;
 * E_NOTFOUND (exit status 127) or E_POLICY (126) otherwise. */
int rootfs_check_program(int root, const char *cwd, const char *argv0, const char *path,
			 struct err *e);

/* Removes what was made, last first, where it is still empty. */
void rootfs_undo(int root, const struct strv *made);

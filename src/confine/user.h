/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Who a process runs as: "user", "uid", "user:group", "uid:gid" (image-spec config.md, "User"),
 * names looked up in the root filesystem's own /etc/passwd and /etc/group, which are opened as a
 * chroot would and read as hostile.
 */
enum {
	LIMIT_USER_FILE = 1024 * 1024, /* bytes of passwd and of group */
	LIMIT_USER_GROUPS = 64,
};

struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[LIMIT_USER_GROUPS]; /* supplementary */
	size_t groups_n;
	char home[256]; /* "/" when unknown */
};

/* root: descriptor of the root filesystem. "" is root. A name that is not there is E_NOTFOUND, a
 * file that is too large or a number out of range E_FORMAT. */
int user_resolve(int root, const char *spec, struct user *ret, struct err *e);

/* What the root's own /etc/passwd, or with group its /etc/group, calls a number: "0" is root, a
 * number that is not there is itself. Names are the image's choice: sanitize them. */
int user_name(int root, bool group, uint32_t id, struct buf *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "confine/spec.h"

/*
 * A container's AppArmor profile (apparmor.d(5)), made from the same tables as its OCI
 * configuration, so that what the mounts, seccomp and Landlock keep is kept a second time by the
 * kernel's policy: what is mounted for writing may be written and not executed, everything else
 * read and executed; no tracing and no /proc/PID/mem (CVE-2016-5195), no mounts, no socket families
 * but the usual, signals within the container only, no capability that it was not given.
 *
 * A profile is named by its text: "plimsoll-" and 24 digits. Another text is another profile, so an
 * update never changes what a running container is held by, and what is loaded under that name is
 * what we would load.
 */
#define APPARMOR_PREFIX "plimsoll-"
enum { APPARMOR_NAME = 9 + 24, LIMIT_APPARMOR_TEXT = 256 * 1024 };

struct apparmor_kernel {
	/* Policy ABI 4.0: the making of user namespaces is denied, too, and POSIX message queues
	 * are a kind of their own. Needs the parser of AppArmor 4 and a kernel of 2024. */
	bool abi4;
};

/* The whole file for apparmor_parser(8), appended to ret, and its name. */
int apparmor_text(const struct spec *s, const struct apparmor_kernel *k, struct buf *ret,
		  char ret_name[static APPARMOR_NAME + 1], struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/*
 * docker's and podman's file of a seccomp profile (--security-opt seccomp=FILE): defaultAction,
 * defaultErrnoRet, syscalls with names or name, action, errnoRet, args, includes and excludes.
 *
 * What comes of it is a second filter, which the shim puts on the command besides the profile's
 * own: the kernel takes the sterner answer of the two, so that a file takes calls away and never
 * gives one. Rules for other architectures are passed over, as the profile's own filter ends who
 * makes their calls.
 */
enum { LIMIT_SECCOMP_FILE = 1024 * 1024 };

/* caps: what the container has, for includes and excludes. Appends the instructions in Base64.
 * E_FORMAT with file and key; E_POLICY for actions that hand a call to somebody. */
int seccomp_file_parse(const char *text, size_t n, const char *what, uint64_t caps, struct buf *ret,
		       struct err *e);
/* The same of a file, in a sandboxed child, since such files are copied from anywhere. */
int seccomp_file_read(const char *path, uint64_t caps, struct buf *ret, struct err *e);

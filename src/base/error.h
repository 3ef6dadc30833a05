/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors are values. A fallible function returns 0 (or a count) on success, a negative E_* code on
 * failure, and then fills the caller's struct err when one was passed. Nothing below cli prints.
 * Each layer that can add a fact wraps; the message reads outermost first:
 *
 *     push app:1: upload sha256:9f2c…: PUT /v2/app/blobs/…: HTTP 401
 *
 * No allocation, so reporting "out of memory" cannot itself fail. A message says what, where and
 * why; err_hint() adds the command that mends it.
 */
enum err_code {
	E_OK = 0,
	E_USAGE = -1,	 /* the command line or configuration is wrong -> exit 2 */
	E_POLICY = -2,	 /* it ran, and policy says no                 -> exit 3 */
	E_VERIFY = -3,	 /* a signature, digest or proof does not hold -> exit 4 */
	E_FORMAT = -4,	 /* input malformed, over a limit, not there   -> exit 5 */
	E_SYSTEM = -5,	 /* a system call failed, a feature is missing -> exit 6 */
	E_REMOTE = -6,	 /* registry or network                        -> exit 7 */
	E_NOMEM = -7,	 /*                                            -> exit 6 */
	E_INTERNAL = -8, /* a bug in this program                      -> exit 70 */
	E_NOTFOUND = -9, /* a named thing is not there: callers branch -> exit 5 */
	E_SIGNAL = -10,	 /* SIGINT or SIGTERM ended the work           -> exit 130 */
};

struct err {
	enum err_code code;
	int sys;  /* errno at the origin, or 0 */
	int line; /* origin, shown with --debug */
	const char *file;
	char msg[1400];
	char hint[400]; /* the command that mends it, or "" */
};

#define ERR_INIT ((struct err){ .code = E_OK })

int err_set(struct err *e, const char *file, int line, enum err_code code, int sys, const char *fmt,
	    ...) __attribute__((format(printf, 6, 7), cold));
int err_wrap(struct err *e, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Sets what mends the error, unless an inner layer already did. Returns r. */
int err_hint(struct err *e, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Exit status of a return value, as documented in plimsoll(1). */
int err_exit_status(int r);

/* return FAIL(e, E_FORMAT, "digest: want 71 bytes, got %zu", n); */
#define FAIL(e, code, ...) err_set((e), __FILE__, __LINE__, (code), 0, __VA_ARGS__)
/* if (fd < 0) return FAIL_SYS(e, "open %s", path);    (appends strerror) */
#define FAIL_SYS(e, ...) err_set((e), __FILE__, __LINE__, E_SYSTEM, errno, __VA_ARGS__)
/* if ((r = blob_put(...)) < 0) return WRAP(e, r, "upload %s", digest); */
#define WRAP(e, r, ...) err_wrap((e), (r), __VA_ARGS__)
#define FAIL_NOMEM(e) FAIL((e), E_NOMEM, "out of memory")

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/*
 * What a container was refused, as plimsoll-guard noted it in <folder>/denials: one JSON object a
 * line. The file was written by a process that read the container's memory, so it is bounded and
 * checked like anything from outside.
 */
enum { LIMIT_DENIALS = 256, LIMIT_DENIALS_FILE = 256 * 1024 };

enum denial_rule {
	DENIAL_SECCOMP,	   /* the filter of system calls */
	DENIAL_READONLY,   /* the root or a mount is read-only */
	DENIAL_NOEXEC,	   /* a mount from which nothing is executed */
	DENIAL_CAPABILITY, /* one that it does not have */
	DENIAL_MEMORY,	   /* killed for memory */
	DENIAL_PIDS,	   /* fork(2) failed */
	DENIAL_OTHERS,	   /* more kinds than are kept */
};
struct denial {
	enum denial_rule rule;
	uint64_t count;
	int nr; /* of the system call; -1: none */
	int error;
	unsigned cap; /* capability number, of DENIAL_CAPABILITY */
	uint64_t a0, a1;
	char *path; /* "": none; owned */
};
struct denials {
	struct denial *v;
	size_t n;
};
void denials_free(struct denials *d);
static inline void denials_release(struct denials *d)
{
	denials_free(d);
}
#define auto_denials __attribute__((cleanup(denials_release))) struct denials

/* E_NOTFOUND where no guard was. Lines that are none are passed over. */
int denials_read(int folder, struct denials *ret, struct err *e);
/* The same of the file's text. */
int denials_parse(const char *text, size_t n, struct denials *ret, struct err *e);

/* For people: what was refused; by which rule; what would allow just that. Printable. */
void denial_what(const struct denial *d, struct buf *ret);
void denial_why(const struct denial *d, struct buf *ret);
void denial_remedy(const struct denials *all, const struct denial *d, struct buf *ret);
/* Programs try this as a matter of course and go on without: not worth a word when all went well.
 */
bool denial_usual(const struct denial *d);
/* One, and an array of all, in the form of `explain --format json`. Owned. */
int denial_json(const struct denials *all, const struct denial *d, json_t **ret, struct err *e);
int denials_json(const struct denials *d, json_t **ret, struct err *e);

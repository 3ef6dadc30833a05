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
	DENIAL_LANDLOCK,   /* a folder to which nothing is added */
	DENIAL_PORT,	   /* a TCP port that the profile does not name */
	DENIAL_NETWORK,	   /* --network none */
	DENIAL_SPACE,	   /* a file system in memory was full */
	DENIAL_INODES,	   /* it had as many files as it may */
	DENIAL_FILES,	   /* a process had as many open files as it may */
	DENIAL_RLIMIT,	   /* a limit was to be raised */
	DENIAL_ID,	   /* a user or group that the container does not have */
	DENIAL_SETID,	   /* a program without the rights of its owner */
	DENIAL_UNMADE,	   /* one of /run that is not there */
	DENIAL_APPARMOR,   /* the profile of AppArmor's: denials_apparmor.h */
};
struct denial {
	enum denial_rule rule;
	uint64_t count;
	int nr; /* of the system call; -1: none */
	int error;
	unsigned cap;			  /* capability number, of DENIAL_CAPABILITY */
	uint64_t a0, a1;		  /* of the rule: confine/guard/guard.h */
	char *path;			  /* "": none; owned */
	struct denial_apparmor *apparmor; /* of DENIAL_APPARMOR; owned, may be NULL */
};
struct denial_apparmor {
	char *what, *mask, *cap, *profile, *line; /* apparmor_record.h; owned */
	bool shared;				  /* it may be another container's */
};
/* What is mounted where, as the container was made. */
enum denial_place_kind {
	PLACE_ROOT,
	PLACE_OWN,    /* a file of ours: /etc/hosts */
	PLACE_KERNEL, /* /proc, /sys */
	PLACE_MEMORY, /* of the profile */
	PLACE_TMPFS,  /* that was asked for */
	PLACE_VOLUME, /* the same, of any kind */
};
struct denial_place {
	enum denial_place_kind kind;
	char *target;  /* owned */
	char *asked;   /* the option's value; owned, NULL when that is not known */
	bool by_mount; /* of --mount, which has another form */
};
struct denials {
	struct denial *v;
	size_t n;
	struct denial_place *places;
	size_t places_n;
};
void denials_free(struct denials *d);
static inline void denials_release(struct denials *d)
{
	denials_free(d);
}
#define auto_denials __attribute__((cleanup(denials_release))) struct denials

/* Reads also what is mounted where: config.json and run.json. E_NOTFOUND where no guard was. Lines
 * that are none are passed over. */
int denials_read(int folder, struct denials *ret, struct err *e);
/* The same of the file's text. */
int denials_parse(const char *text, size_t n, struct denials *ret, struct err *e);

bool denials_has(const struct denials *d, enum denial_rule rule);
/* What an exit status above 128 tells by itself; NULL: nothing. */
const char *denials_status(int status);

/* The one that path lies in; PLACE_ROOT without target when it is none. */
struct denial_place denials_place(const struct denials *all, const char *path);
/* Fills ret->places; what cannot be read is not known, which is no error. */
void denials_read_places(int folder, struct denials *ret);

/* For people: what was refused; by which rule; what would allow just that. Printable. */
void denial_what(const struct denial *d, struct buf *ret);
void denial_why(const struct denial *d, struct buf *ret);
void denial_remedy(const struct denials *all, const struct denial *d, struct buf *ret);
/* Where nothing allows it: what to do instead. Empty when there is nothing, either. */
void denial_instead(const struct denials *all, const struct denial *d, struct buf *ret);
/* Whether another, before it, has the same rule and remedy: its index, or that of d itself. */
size_t denials_like(const struct denials *all, size_t i);
/* Its system call, or "?". */
enum { DENIAL_CALL = 64 };
const char *denial_call(const struct denial *d, char ret[static DENIAL_CALL]);
/* RLIMIT_* as --ulimit names it. */
const char *denial_limit_name(const struct denial *d);
/* What a system call of the denied list needs (denials_calls.c). */
struct denial_advice {
	const char *profile; /* names for "syscalls:"; NULL: nothing allows it */
	const char *instead; /* may be NULL */
};
struct denial_advice denial_advice_of(const char *call);
/* Programs try this as a matter of course and go on without: not worth a word when all went well.
 */
bool denial_usual(const struct denial *d);
/* One, and an array of all, in the form of `explain --format json`. Owned. */
int denial_json(const struct denials *all, const struct denial *d, json_t **ret, struct err *e);
int denials_json(const struct denials *d, json_t **ret, struct err *e);

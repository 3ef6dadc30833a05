/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/*
 * User namespaces (user_namespaces(7)): how an ordinary user unpacks and builds trees whose files
 * have any owner. In there the user is root over his own id and over the subordinate ids that
 * /etc/subuid and /etc/subgid give him (subuid(5)): 0 is himself, 1 and up are those.
 */
enum { LIMIT_SUBIDS_FILE = 1024 * 1024, LIMIT_SUBID_RANGES = 64 };

/*
 * Takes the whole process into a new user namespace, in which it is root with all capabilities, the
 * ids mapped by newuidmap(1) and newgidmap(1). For a process without threads. E_SYSTEM, with the
 * command that mends it, when the user has no subordinate ids, when the programs are not installed,
 * or when the kernel allows no user namespaces.
 */
int userns_enter(struct err *e);

/* Takes the whole process into the user namespace of another process of the same user, which
 * userns_enter() made: files and processes are ours in there as they are that one's. Nothing to do
 * when that is our own. pidfd: of that process. */
int userns_join(int pidfd, struct err *e);

/*
 * Runs fn in a forked child that entered one, and returns what it returned, with its error: for one
 * piece of work of a process that has to stay outside. Root, and who is inside, runs it itself.
 */
int userns_call(int (*fn)(void *arg, struct err *e), void *arg, struct err *e);

/* Whether this is not the machine's first user namespace: the attributes trusted.*, device files
 * and most mounts are out of reach then, whoever we are. Reads /proc the first time: ask before a
 * sandbox forbids it. */
bool userns_inside(void);

/* Whether this process did that by itself. */
bool userns_entered(void);

/* Who runs us: the effective user id, as it was before userns_enter(), and otherwise what the
 * kernel says that it is in the namespace around an ordinary user's own: nothing that we could be
 * told. */
uid_t userns_user(void);

/* How many ids from 0 on this namespace has, users and groups alike; UINT32_MAX in the first. */
uint32_t userns_ids(void);

/* Ranges of subordinate ids. */
struct subids {
	struct {
		uint32_t first, n;
	} v[LIMIT_SUBID_RANGES];
	size_t n;
};

/*
 * What the text of a subuid(5) file gives to the user of that name (may be NULL) or number. Lines
 * that are not "owner:first:count" are passed over, as newuidmap does. More ranges than
 * LIMIT_SUBID_RANGES: E_FORMAT. *ret_free is the first id from 100000 on that is above everybody's
 * ranges.
 */
int subids_parse(struct str text, const char *name, uid_t uid, struct subids *ret,
		 uint32_t *ret_free, struct err *e);

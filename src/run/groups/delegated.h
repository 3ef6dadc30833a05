/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/groups/groups.h"

/*
 * Control groups that an ordinary user was given: folders that he may make groups in. Looked for
 * are, in this order,
 *
 *   v1, hybrid   CGROUPS/<hierarchy>/plimsoll-users/<uid>, else the group that we are in
 *   v2           the group that we are in, or the one above its leaf DELEGATED_LEAF, where all
 *                controllers are and which systemd says is delegated
 *
 * In v1 whoever owns a group may move his processes there from anywhere. In v2 he must own what is
 * common to both, so only what he is in already counts: a scope of systemd's (scope.h).
 */
#define DELEGATED_USERS "/plimsoll-users"
#define DELEGATED_LEAF "plimsoll-self"

struct delegated {
	struct groups in; /* a folder for each hierarchy; none: n is 0 */
	bool v2;
	bool memory, swap, pids, cpu; /* limits that can be set */
};
void delegated_find(struct delegated *ret);
void delegated_release(struct delegated *d);
#define auto_delegated __attribute__((cleanup(delegated_release))) struct delegated

/* Gets a group of v2 ready for groups with limits below it: the kernel wants no process in such a
 * one, so all that are in it move to a leaf. Nothing to do in v1. */
int delegated_open(const struct delegated *d, struct err *e);

/* What gives this user such groups here: a command of root's (v1), or how to be in one (v2). */
void delegated_mend(char *ret, size_t size);

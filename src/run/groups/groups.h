/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The control groups of one container, as folders: one in every hierarchy that has it (v1, hybrid),
 * or one altogether (v2). Root's are made by the runtime, below the root of each hierarchy and by
 * the container's name for them ("/plimsoll-<id>"); an ordinary user's by ourselves, below what he
 * was given (delegated.h), and then the container's folder has a list of them.
 */
#define CGROUPS "/sys/fs/cgroup"
#define GROUPS_FILE "groups"
enum { LIMIT_HIERARCHIES = 32 };

struct groups {
	char *path[LIMIT_HIERARCHIES];
	size_t n;
};
void groups_release(struct groups *g);
#define auto_groups_list __attribute__((cleanup(groups_release))) struct groups

/* Whether a control group file system of that version is there. */
bool groups_is_v1(const char *path);
bool groups_is_v2(const char *path);

/* Those in the list, if the folder has one, else those with that name that are there. */
void groups_find(const char *folder, const char *cgroup, struct groups *ret);
/* Only the former: whether there is a list. */
bool groups_listed(const char *folder, const char *cgroup, struct groups *ret);
/* Writes the list, before any of them is made. */
int groups_note(const char *folder, const struct groups *g, struct err *e);

/* The calling process, in a forked child: allocates nothing. -1 with errno. */
int groups_join(const struct groups *g);
/* Another process, of any user of our user namespace, whose root we are: version 1 wants that
 * whoever moves it has its ids, and a child of ours takes them. */
int groups_move(const struct groups *g, pid_t pid, struct err *e);

/* Lifts the limit of processor time, and lets paused processes go on: killed processes end only
 * within it, so that a full group with a small share would take longer to die than anyone waits. To
 * be called once they are killed. */
void groups_unthrottle(const char *folder, const char *cgroup);
/* Kills every process in them and removes them, with what the runtime made below. What is not there
 * is success; E_SYSTEM when a process does not die within two seconds. */
int groups_remove(const char *folder, const char *cgroup, struct err *e);

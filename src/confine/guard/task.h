/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * A process of the container, seen from outside: what it may, what it says, where its paths lead.
 * Everything is as the container sees it, since the guard lives in its user namespace. All of it
 * may be another a moment later; nothing that is allowed hangs on it.
 */
enum { TASK_PATH = 4096, TASK_GROUPS = 64 };

struct task {
	pid_t pid;
	uint32_t uid[4], gid[4];	    /* real, effective, saved, filesystem */
	uint64_t caps, permitted, bounding; /* effective; what it can ever have */
	uint32_t groups[TASK_GROUPS];
	size_t groups_n;
};
/* From the text of /proc/PID/status. False when it is not of that form. */
bool task_parse(const char *status, struct task *ret);
bool task_read(pid_t pid, struct task *ret);
bool task_has(const struct task *t, unsigned cap);
/* Whether its user namespace has this user or group. */
bool task_has_id(const struct task *t, uint32_t id, bool group);
/* The same of the text of uid_map or gid_map. */
bool task_map_has(const char *map, uint32_t id);

/* The string at this address, absolute: of a relative one the folder (a descriptor of the process,
 * or AT_FDCWD) comes first. */
bool task_path(pid_t pid, int folder, uint64_t address, char ret[static TASK_PATH]);

/* What a path leads to, O_PATH; -1 and errno. */
int task_open(pid_t pid, const char *path, bool follow);
/* The same of a descriptor of its. */
int task_open_fd(pid_t pid, int fd);
/* Where a descriptor of its leads to: a path, or what the kernel calls it. False when it cannot be
 * told. */
bool task_link(pid_t pid, int fd, char ret[static TASK_PATH]);
/* What lies at an address of its: size bytes, or false. */
bool task_bytes(pid_t pid, uint64_t address, void *ret, size_t size);
/* A file of its /proc folder, "limits"; how many bytes, 0 when it cannot be read. */
size_t task_file(pid_t pid, const char *name, char *ret, size_t size);
/* Cuts the last name off; false when there is none. */
bool task_parent(char path[static TASK_PATH]);

/* Whether mode bits (of 4 read, 2 write, 1 execute) are denied to it by owner, group and others. */
bool task_denied(const struct task *t, const struct stat *st, unsigned want);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/container.h"

/*
 * Who was killed for memory, by the kernel's own log. The control group's count is gone when the
 * runtime removed it, and says no names. The file "oom" of a container's folder is there when one
 * was (conmon makes an empty one, too); in it is the name of the process, as far as it is known.
 */
enum { OOM_NAME = 64, LIMIT_OOM = 128 };
/* There when a process could not be made for the group's limit; by the same log. */
#define FORKS_FILE "forks"

/* Looks whether one was, in this run of the container, and writes "oom". Only root may read the
 * log; what cannot be found out is not written. */
void oom_look(const struct container *c);
/* The name in "oom", printable: "" when there is none. False without the file. */
bool oom_read(int folder, char ret[static OOM_NAME]);

/* Of one record of /dev/kmsg: whether it tells of a kill in this group, whose last part is id, at
 * or after since_us of the kernel's clock. */
bool oom_record(const char *record, const char *id, uint64_t since_us, char ret[static OOM_NAME]);
/* The same of a process that could not be made. */
bool oom_forks_record(const char *record, const char *id, uint64_t since_us);

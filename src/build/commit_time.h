/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * The unix time of the last commit that touched the context, when the context lies in a git work
 * tree and neither it nor the Dockerfile (a path as in build_opts) differs from that commit; else
 * -1, whatever the reason. Two clones of one repository give one answer, whenever they were made.
 *
 * The repository is as hostile as the context is: git runs with no configuration but the
 * repository's own, and not at all when that says more than a clone's does, as a configuration can
 * name programs to start (core.fsmonitor, filter.*.clean, gpg.program).
 */
int64_t commit_time(const char *context, const char *dockerfile);

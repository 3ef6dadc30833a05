/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/root/setup.h"

/*
 * Those options that are limits of a container's control groups: memory, processors and disks
 * beyond the profile's own, and devices. Each makes its share smaller; none takes a limit away.
 */
int resources_check(const struct run_opts *o, struct err *e);
/* Into the "linux" object of a configuration. E_SYSTEM for what this machine's groups do not have.
 */
int resources_apply(const struct setup *s, json_t *linux_, struct err *e);

/* o[key], an object made when it is not there. Borrowed; NULL: out of memory. */
json_t *resources_object(json_t *o, const char *key);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/root/setup.h"

/*
 * Those options of a container that are a line or two of its OCI configuration and no more. They
 * may restrict it further, never lift what the profile or the host sets.
 */

/* What can be said of them before anything is done; part of run_check(). */
int options_check(const struct run_opts *o, struct err *e);
/* --group-add: looks the names up in the image's /etc/group. */
int options_groups(const struct run_opts *o, int root, struct user *user, struct err *e);
/* The rest, put into a configuration as spec_json() made it. */
int options_apply(const struct setup *s, json_t *config, struct err *e);

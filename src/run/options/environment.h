/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/root/setup.h"

/*
 * The variables a container is started with: the image's and those that were given, and what every
 * container has besides unless they say otherwise: HOSTNAME, and TERM when it has a terminal. An
 * empty HOME is none: the runtime finds out which it is, and for a user whom nobody knows the shim,
 * or we where there is none. Appends.
 */
int environment_make(const struct setup *s, const char *hostname, const struct user *user,
		     struct strv *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/root/setup.h"

/*
 * The variables a container is started with: the image's and those that were given, and what every
 * container has besides unless they say otherwise: HOSTNAME, and TERM when it has a terminal. An
 * empty HOME is none: the runtime finds out which it is. Appends.
 */
int environment_make(const struct setup *s, const char *hostname, struct strv *ret, struct err *e);

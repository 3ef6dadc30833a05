/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/* A container as `docker inspect` shows one, with docker's words for what both have; what only we
 * know (digest, admission, profile, what was refused) is in the member Plimsoll. Owned. Its
 * environment is there, as it is there; secrets are files, and are not. */
int container_inspect(const struct container *c, bool size, json_t **ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"

/* For a command that there is not: 0, or where docker or podman have it, why we have not, and what
 * to use instead. */
int refused_command(const char *name, struct err *e);

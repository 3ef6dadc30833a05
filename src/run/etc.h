/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * The files that tell a container who and where it is: resolv.conf, hosts and hostname, written
 * into its folder and mounted read-only over the image's. Without a network resolv.conf is empty.
 */
int etc_write(int folder, const char *hostname, bool network, struct err *e);

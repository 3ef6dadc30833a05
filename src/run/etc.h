/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/*
 * The files that tell a container who and where it is: resolv.conf, hosts and hostname, written
 * into its folder and mounted read-only over the image's. Without a network resolv.conf is empty.
 * more: further lines of hosts, as run_parse_host() takes them; may be NULL.
 */
int etc_write(int folder, const char *hostname, bool network, const struct strv *more,
	      struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/launch.h"

/*
 * A runtime that is started before its configuration is written: it is linked and waits for it
 * while namespaces and root are made. It reads a FIFO, EARLY_CONFIG; by the time that it has all of
 * it, config.json itself has that name, for the second time that it reads.
 */
#define EARLY_CONFIG "config.early"

/* Whether it can be done with this one. */
bool early_can(const struct launch *l);
/* Makes the FIFO. The descriptor is to be passed to early_feed(), or closed once the runtime is no
 * more. */
int early_open(const char *folder, struct err *e);
/* config.json is there. The descriptor is closed in any case. */
int early_feed(const char *folder, int fifo, struct err *e);

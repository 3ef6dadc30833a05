/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * A scope of systemd's: a control group of v2 that the user's own service manager makes for a
 * command and hands over to it. Needed where we are in one that is not handed over, as every
 * session of a login is: a process may only be moved within what the user owns.
 */

/* There is v2 alone, a service manager of this user, and systemd-run(1). */
bool scope_possible(void);
/* We were started by scope_enter(). */
bool scope_asked(void);
/* Becomes the same command in such a scope, unless we are in a group that is handed over already,
 * or there is no way to it; then it returns. For an ordinary user, before anything is read or
 * made. */
void scope_enter(char *const argv[]);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Where the kernel's clock is a device and not the processor's counter, as in some virtual
 * machines, each look at the time is a system call; Debian 12's pasta is killed by its own filter
 * for that one when it records packets, as it does for the steps of a build.
 */
enum { LIMIT_CLOCK = 64 };
#define CLOCK_MEND                                                                                 \
	"add tsc=reliable to the kernel's command line, or give a virtual machine its host's "     \
	"clock (kvm-clock)"

/* Whether the time is read without a system call; and the clock's name, "" when it is not known,
 * which counts as well. */
bool clock_is_quick(char ret_name[static LIMIT_CLOCK]);

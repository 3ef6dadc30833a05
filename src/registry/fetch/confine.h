/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"

/*
 * plimsoll-fetch gives up all it does not need before it reads a byte from a server: another user
 * when root started it, no capabilities, no new privileges, files read-only and only those of the
 * resolver and TLS (Landlock, where the kernel has it), and a list of system calls in which no
 * program can be started and no child made but threads, which libcurl's resolver uses.
 */
int fetch_confine(struct err *e);

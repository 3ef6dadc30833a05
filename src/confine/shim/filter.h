/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Puts the filter of system calls whose instructions these are (Base64) on us and on what we
 * become, besides those that are there. 0, or -1 with errno. */
int filter_apply(const char *b64);

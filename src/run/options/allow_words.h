/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* Which of the words that a policy can allow this is, or -1. pattern: a path may end with "/" "*".
 */
int allow_find_word(const char *what, bool pattern);
/* The word that stands for it today. */
const char *allow_canonical(const char *what);

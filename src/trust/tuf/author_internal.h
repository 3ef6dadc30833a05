/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/tuf/author.h"
#include "trust/tuf/internal.h"

/* What the files of the author share. */

enum { TUF_KEY_PATH = sizeof(DIR_TUF "/keys/") + TUF_KEYID_MAX + 8 };
void tuf_key_path(const char *keyid, const char *suffix, char ret[static TUF_KEY_PATH]);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"

/* What login and logout share. */

/* HOST or HOST/NAME as an argument; an "https://" before it and a "/" after it are dropped, as
 * people write them. host receives HOST. ret and host hold 512 and 256 bytes. */
int cli_login_where(const char *arg, char ret[static 512], char host[static 256], struct err *e);

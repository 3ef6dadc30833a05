/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/* What login, logout and whoever else needs credentials share. */

/* REF of "docker://REF", as others write it. */
static inline const char *without_transport(const char *arg)
{
	return starts_with(arg, "docker://") ? arg + strlen("docker://") : arg;
}

#define AUTHFILE_HELP "look for credentials in FILE and in no other"
/* --authfile FILE, as $REGISTRY_AUTH_FILE; NULL: not given. It must be readable. */
int cli_use_authfile(const char *file, struct err *e);

/* HOST or HOST/NAME as an argument; an "https://" before it and a "/" after it are dropped, as
 * people write them. host receives HOST. ret and host hold 512 and 256 bytes. */
int cli_login_where(const char *arg, char ret[static 512], char host[static 256], struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"
#include "confine/user.h"
#include "run/root/berth.h"

/*
 * --secret: files of /run/secrets in a container, in memory, read-only, and for its user alone
 * (0400). What they hold is read at each start and written nowhere else: run.json, the trail and
 * inspect know the name and where it comes from.
 *
 *     "id=NAME,src=FILE", "id=NAME,env=VARIABLE", and ",mode=0440"
 */
enum { LIMIT_SECRET = 512 * 1024, LIMIT_SECRETS = 32 };

/* E_USAGE; whether there is what they name is only looked at when it is needed. */
int secrets_check(const struct strv *secrets, struct err *e);
/* One of them is of our environment, which the next start by itself does not have. */
bool secrets_need_environment(const struct strv *secrets);
/* The same text with an absolute path. Owned. */
int secret_settle(const char *text, char **ret, struct err *e);
/* Writes them to a folder of the berth; id_base: the container's first id on the host. *ret_path is
 * owned. */
int secrets_write(const struct berth *berth, const struct strv *secrets, const struct user *user,
		  uint32_t id_base, char **ret_path, struct err *e);

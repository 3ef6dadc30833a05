/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"
#include "build/build.h"

/*
 * --secret id=NAME[,src=FILE|,env=VARIABLE][,type=file|env] and --ssh default|ID[=SOCKET]. Secrets
 * are read once, into memory, and a variable that held one is taken out of our environment, so that
 * no program we start has it.
 */
enum { LIMIT_SECRET = 512 * 1024, LIMIT_SECRETS = 256 };

struct build_secrets {
	struct build_secret *v;
	size_t n;
	struct build_agent *agents;
	size_t agents_n;
};

/* E_USAGE, or E_NOTFOUND when the file or variable is not there. */
int build_secrets_read(const struct strv *secrets, const struct strv *ssh,
		       struct build_secrets *ret, struct err *e);
void build_secrets_free(struct build_secrets *s); /* overwrites them */

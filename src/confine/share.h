/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Which namespaces a container has of its own, which are the host's, and which another container's,
 * as --pid, --ipc, --network, --uts, --userns and --cgroupns say it. What is the host's is a matter
 * of policy (run/options/allow.h); that is not asked here. Another container's go with its user
 * namespace, to which they belong (run/launch/join.h).
 */
enum share_kind {
	SHARE_PID,
	SHARE_IPC,
	SHARE_NETWORK,
	SHARE_UTS,
	SHARE_USER,
	SHARE_CGROUP,
	SHARE_KINDS,
};
struct share {
	bool host[SHARE_KINDS];
	const char *of[SHARE_KINDS]; /* the container whose it is, by name or id; borrowed */
};
#define SHARE_OF "container:"		     /* NAME */
const char *share_option(enum share_kind k); /* "--pid" */
const char *share_word(enum share_kind k);   /* "pid-host", of run/options/allow.h */

/* One option's value; NULL and "" are the container's own. E_USAGE. */
int share_parse(enum share_kind k, const char *text, struct share *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Which namespaces a container has of its own and which are the host's, as --pid, --ipc, --network,
 * --uts, --userns and --cgroupns say it. None is another container's. What is the host's is a
 * matter of policy (run/options/allow.h); that is not asked here.
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
};
const char *share_option(enum share_kind k); /* "--pid" */
const char *share_word(enum share_kind k);   /* "pid-host", of run/options/allow.h */

/* One option's value; NULL and "" are the container's own. E_USAGE. */
int share_parse(enum share_kind k, const char *text, struct share *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/*
 * The files that tell a container who and where it is: resolv.conf, hosts and hostname, written
 * into its folder and mounted read-only over the image's.
 */
struct etc {
	const char *hostname;
	bool network;			/* without one resolv.conf has only what is given here */
	bool host_network;		/* and with the host's the host's lines as they are */
	const struct strv *hosts;	/* lines of hosts, as run_parse_host() takes them */
	const struct strv *dns;		/* servers instead of the host's */
	const struct strv *dns_search;	/* instead of the host's; "." is none */
	const struct strv *dns_options; /* instead of the host's. All four may be NULL. */
};
int etc_write(int folder, const struct etc *etc, struct err *e);
/* Whether these can be written: E_USAGE names the one that cannot. */
int etc_check(const struct etc *etc, struct err *e);

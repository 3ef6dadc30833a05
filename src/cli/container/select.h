/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/container/containers.h"

/* podman's --latest and --filter of the commands that work on several containers. */
struct selection {
	bool latest;
	struct strv filter; /* as ps has them */
};
#define SELECT_OPTIONS(type)                                                                       \
	OPT_AT(type, select.filter, "filter", 'f', OPT_LIST, "NAME=VALUE",                         \
	       "those that 'plimsoll ps --filter' shows"),                                         \
		OPT_AT(type, select.latest, "latest", 'l', OPT_FLAG, NULL, "the newest container")
/* Of a command whose -f is something else. */
#define SELECT_OPTIONS_LONG(type)                                                                  \
	OPT_AT(type, select.filter, "filter", 0, OPT_LIST, "NAME=VALUE",                           \
	       "those that 'plimsoll ps --filter' shows"),                                         \
		OPT_AT(type, select.latest, "latest", 'l', OPT_FLAG, NULL, "the newest container")

/*
 * cli_each_container() on what is named or selected. kind: which of those a filter finds are meant,
 * EACH_ONE: all; with `all` it is asked for instead of names. A filter that finds none is no error.
 */
int cli_each_selected(struct cli *c, const struct selection *s, const struct strv *names, bool all,
		      enum each_kind kind,
		      int (*one)(struct cli *c, void *arg, const char *name, struct err *e),
		      void *arg, struct err *e);

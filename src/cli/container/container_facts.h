/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/container/container_view.h"

/* What container_inspect.c and container_inspect_host.c share. */

/* What was read for it. Borrowed from the files, all of which may be missing. */
struct facts {
	const struct container *c;
	struct view view;
	json_t *run, *config, *restart;	 /* owned */
	const json_t *options, *process; /* of those */
};

/* An option that is a list of strings, as a new list. */
json_t *facts_list(const struct facts *f, const char *option);
/* One that is a string. Borrowed. */
const char *facts_text(const struct facts *f, const char *option, const char *otherwise);

/* docker's HostConfig, and the published ports: {"80/tcp": [{"HostIp","HostPort"}]}. New objects.
 */
json_t *facts_host_config(const struct facts *f);
json_t *facts_bindings(const struct container *c);
/* The runtime it was made with, whoever chose it, "" for one that was only created. Borrowed. */
const char *facts_runtime(const struct container *c);

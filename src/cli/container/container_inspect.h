/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/container/container_view.h"

/* A container as `docker inspect` shows one, with docker's words for what both have; what only we
 * know (digest, admission, profile, what was refused) is in the member Plimsoll. Owned. Its
 * environment is there, as it is there; secrets are files, and are not. */
int container_inspect(const struct container *c, bool size, json_t **ret, struct err *e);

/* What it is made of. All borrowed; config and options may be NULL. */
struct inspect_facts {
	const struct container *c;
	const struct view *view;
	const json_t *options, *config, *whole; /* as run was told; the OCI configuration; what is
						   there so far */
};
/* Adds further words of docker's and podman's to what is there, and changes none. */
int container_inspect_more(const struct inspect_facts *f, json_t *j, struct err *e);

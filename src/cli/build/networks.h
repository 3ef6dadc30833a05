/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "build/build.h"

/*
 * The networks of build steps that plimsoll.yaml names:
 *
 *     networks:
 *       packages:
 *         allow: ["deb.example.org:80", "10.0.0.0/8:443"]
 */
enum { LIMIT_NETWORKS = 32, LIMIT_NETWORK_NAME = 64 };

struct networks {
	struct build_named_network v[LIMIT_NETWORKS];
	struct strv allow[LIMIT_NETWORKS]; /* what v points to */
	size_t n;
};

/* Whether the section of that file is well: E_USAGE. */
int networks_check(json_t *section, const char *file, struct err *e);
/* The networks of a merged configuration that was checked; names are borrowed from it. */
int networks_read(json_t *config, struct networks *ret, struct err *e);
/* The one that an option means; E_USAGE with the names that there are. */
int networks_find(const struct networks *n, const char *name,
		  const struct build_named_network **ret, struct err *e);
void networks_free(struct networks *n);

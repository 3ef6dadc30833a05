/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "confine/spec.h"

/* The parts of a configuration that hang on which namespaces are the container's own. */

bool spec_is_host(const char *ns);
/* The profile's and those beyond it; appended. */
int spec_mounts(const struct spec *s, json_t *mounts, struct err *e);
json_t *spec_namespaces(const struct spec *s); /* owned; NULL: out of memory */
json_t *spec_sysctls(const struct spec *s);    /* the same */

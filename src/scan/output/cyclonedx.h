/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdlib.h>

#include "scan/output/internal.h"

#define IMAGE_REF "image"
#define OS_REF "operating-system"

/* Adds the report's findings to the document, one vulnerability for each advisory. */
int cyclonedx_vulnerabilities(json_t *doc, const struct report *r, const struct package_refs *refs,
			      struct err *e);

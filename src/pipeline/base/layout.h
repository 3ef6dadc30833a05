/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"

/* How --build-context names an image of a layout on disk. */
#define LAYOUT_SCHEME "oci-layout://"

/*
 * The base that "PATH[:NAME|@DIGEST]" means: taken over into the store with what signs it there,
 * then verified as any other base, under NAME. Refusals are recorded as "verify".
 */
int step_base_layout(const struct road *road, const char *where, struct desc *ret, struct err *e);

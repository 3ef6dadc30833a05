/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/image_layers.h"

/*
 * Gives each program among the visible files that a package of the distribution brought an "owner":
 * the package's name. origins tells which packages there are, and the layer that brought each:
 * "CATALOG\nNAME\nVERSION\nARCH" to its number.
 */
int image_find_owners(const struct image_layers *l, json_t *visible, const json_t *origins,
		      struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "oci/layer.h"

/*
 * What one layer says of packages:
 *
 *   {"schema":…, "files":{"var/lib/dpkg/status":{"catalog":"dpkg","packages":[…]},
 *                         "etc/os-release":{"os":{…}}, "lib/apk/db/installed":{"error":"…"}},
 *    "hidden":["var/lib/dpkg/status.d/foo", "var/lib/dpkg/"]}
 *
 * "hidden" are the paths of lower layers that this one takes away: with what is beneath, or, with a
 * "/" at the end, only what is beneath.
 */
#define LAYER_LIST_SCHEMA "plimsoll.layer-packages/v2"
enum { LIMIT_LAYER_HIDDEN = 100 * 1000, LIMIT_LAYER_LIST = 256 * 1024 * 1024 };

/* Reads a layer, or the list of it kept in <state>/cache/packages/<blob hex>-<diff ID hex>.json:
 * a list stands for those who state the diff ID that it was checked with. Owned. */
int layer_list(const struct state *state, const struct store *store, const struct desc *layer,
	       const struct digest *diff_id, struct progress *p, json_t **ret, struct err *e);

/* The reader that layer_read() drives, to be tested without a layer. arg is a layer_scan. */
struct layer_scan {
	json_t *files, *hidden;
};
int layer_scan_begin(struct layer_scan *ret, struct layer_reader *reader, struct err *e);
void layer_scan_end(struct layer_scan *s);

/* Lays a layer's list over what lower layers left visible: an object from path to file entry, each
 * with the number of its layer as "layer". */
int layer_list_apply(json_t *visible, const json_t *list, size_t layer, struct err *e);

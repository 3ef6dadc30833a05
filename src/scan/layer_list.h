/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "oci/layer.h"
#include "scan/catalog/catalog.h"
#include "scan/layer_index.h"

/*
 * What one layer says of packages, as a document:
 *
 *   {"schema":…, "files":{"var/lib/dpkg/status":{"catalog":"dpkg","packages":[…]},
 *                         "etc/os-release":{"os":{…}}, "lib/apk/db/installed":{"error":"…"},
 *                         "usr/bin/twin":{"link":"usr/bin/app"}},
 *    "marks":712, "owned":90210}
 *
 * An entry with an "error" may have "packages" too: those that could be read nevertheless. A link
 * is to another key of "files"; one that begins with "/" is no path, but a program that only its
 * links still name, since the archive put another file in its place.
 *
 * And two files beside it (layer_index.h), whose sizes stand in it: a file of another size is
 * broken. A path that is not UTF-8 stands in "files" as text, and in its entry's "path" in hex.
 */
#define LAYER_LIST_SCHEMA "plimsoll.layer-packages/v6"
enum { LIMIT_LAYER_FILES = 100 * 1000, LIMIT_LAYER_LIST = 256 * 1024 * 1024 };

struct layer_list {
	json_t *files;
	int marks, owned; /* descriptors */
};
void layer_list_free(struct layer_list *l);
#define auto_layer_list __attribute__((cleanup(layer_list_free))) struct layer_list
#define LAYER_LIST_INIT ((struct layer_list){ .marks = -1, .owned = -1 })

/* Reads a layer, or the list of it kept in <state>/cache/packages/<blob hex>-<diff ID hex>.json:
 * a list stands for those who state the diff ID that it was checked with. Owned. */
int layer_list(const struct state *state, const struct store *store, const struct desc *layer,
	       const struct digest *diff_id, struct progress *p, struct layer_list *ret,
	       struct err *e);

/* The half that runs in the sandboxed child: the reader that layer_read() drives, which emits the
 * document and writes the two files. The reader's arg is the layer_scan. */
struct layer_scan {
	json_t *files;
	json_t *links;	/* key of a program to an array of the keys of its links */
	unsigned aside; /* programs that lost their own name */
	struct index_out *marks, *owned;
	struct go_reader *go;
};
int layer_scan_begin(struct layer_scan *ret, struct layer_reader *reader, int marks, int owned,
		     struct err *e);
void layer_scan_end(struct layer_scan *s);

/* Lays a layer's list over what lower layers left visible: an object from path to file entry, each
 * with the number of its layer as "layer". *ret_changed tells whether that made a difference. */
int layer_list_apply(json_t *visible, const struct layer_list *list, size_t layer,
		     bool *ret_changed, struct err *e);

/* The path of an entry of "files" as the archive has it: its key, or what its "path" says. Owned,
 * or NULL without memory. */
char *layer_file_path(const char *key, const json_t *entry);

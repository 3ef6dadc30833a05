/* SPDX-License-Identifier: Apache-2.0 */
/* An image of somebody's OCI layout, a folder or the archive of one. */
#include <stdio.h>
#include <string.h>

#include "oci/layer.h"
#include "oci/store_copy.h"
#include "pipeline/import/internal.h"

/* What containerd, and docker since 25, name an image by; their ref.name is the bare tag. */
#define ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

static const char *entry_name(const json_t *entry)
{
	const json_t *notes = json_object_get(entry, "annotations");
	const char *full = json_string_or_null(notes, ANNOTATION_CONTAINERD_NAME);

	return full ?: json_string_or_null(notes, ANNOTATION_REF_NAME);
}

/* What tools put beside an image without a name of its own: signatures, attestations. */
static bool is_referrer(const json_t *entry)
{
	const char *type = json_string_or_null(json_object_get(entry, "annotations"),
					       "vnd.docker.reference.type");

	return type || json_object_get(entry, "artifactType");
}

/* The entry of a layout's index that is meant. */
static int pick(const json_t *list, const char *path, const char *name, struct desc *ret,
		struct err *e)
{
	auto_strv have = { 0 };
	const json_t *found = NULL;
	json_t *entry;
	size_t i, n = 0;
	int r = 0;

	json_array_foreach(list, i, entry)
	{
		const char *has = entry_name(entry);

		if (is_referrer(entry))
			continue;
		if (r == 0 && has)
			r = strv_add(&have, has, e);
		if (name && (!has || !import_same_name(has, name)))
			continue;
		found = entry;
		n++;
	}
	if (r < 0)
		return r;
	if (n > 1 && name)
		return FAIL(e, E_FORMAT, "'%s': two images have the name '%s'", path, name);
	if (n > 1)
		return import_many_images(path, &have, e);
	if (!found && name)
		return import_no_image(path, name, &have, e);
	return found ? desc_parse(found, path, ret, e)
		     : FAIL(e, E_NOTFOUND, "layout '%s' holds no image", path);
}

int import_layout(struct store *s, const char *path, const char *name, struct progress *p,
		  struct desc *ret, struct err *e)
{
	auto_release(store_close) struct store *from = NULL;
	auto_json *list = NULL;
	auto_manifest m = { 0 };
	struct desc d;
	int r = store_open_layout(&from, path, e);

	if (r == 0)
		r = store_list(from, &list, e);
	if (r == 0)
		r = pick(list, path, name, &d, e);
	if (r == 0)
		r = store_manifest(from, &d, &m, &d, e);
	if (r == 0)
		r = store_copy_image(s, from, &d, p, e);
	if (r == 0)
		*ret = d;
	return r;
}

/* --- the archive of a layout --- */

static int take_blob(struct store *s, const struct archive *a, const struct desc *d, struct err *e)
{
	char name[sizeof("blobs/sha256/") + DIGEST_HEX];

	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", digest_hex(&d->digest));
	return archive_blob(a, name, s, d->media_type, d, NULL, e);
}

static int read_index(const struct archive *a, json_t **ret, struct err *e)
{
	auto_buf layout = BUF_INIT(LIMIT_MANIFEST), text = BUF_INIT(LIMIT_MANIFEST);
	auto_json *version = NULL;
	const char *v;
	int r = archive_read(a, "oci-layout", LIMIT_MANIFEST, &layout, e);

	if (r == 0)
		r = json_parse(buf_str(&layout), layout.n, "oci-layout", &version, e);
	if (r == 0)
		r = json_get_string(version, "imageLayoutVersion", &v, "oci-layout", e);
	if (r == 0 && strcmp(v, "1.0.0") != 0)
		r = FAIL(e, E_FORMAT, "oci-layout: version '%.50s', only 1.0.0 is known", v);
	if (r == 0)
		r = archive_read(a, "index.json", LIMIT_MANIFEST, &text, e);
	return r < 0 ? r : json_parse(buf_str(&text), text.n, "index.json", ret, e);
}

/* *d is an index in the store: its image for this machine comes in its place. */
static int resolve_index(struct store *s, const struct archive *a, struct desc *d, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	struct desc image;
	int r = take_blob(s, a, d, e);

	if (r == 0)
		r = store_blob_read(s, d, LIMIT_MANIFEST, &text, e);
	if (r == 0)
		r = index_pick(buf_str(&text), text.n, d->digest.s, "linux", oci_architecture(),
			       &image, e);
	if (r == 0 && !desc_is_manifest(&image))
		r = FAIL(e, E_FORMAT, "index %s names an index", d->digest.s);
	if (r == 0)
		*d = image;
	return r;
}

static int take_image(struct store *s, const struct archive *a, const struct desc *d,
		      struct progress *p, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	int r = d->size > LIMIT_MANIFEST
			? FAIL(e, E_FORMAT, "manifest of more than %d bytes", LIMIT_MANIFEST)
			: take_blob(s, a, d, e);

	if (r == 0)
		r = store_blob_read(s, d, LIMIT_MANIFEST, &text, e);
	if (r == 0)
		r = manifest_parse(buf_str(&text), text.n, d->digest.s, &m, e);
	if (r == 0)
		r = take_blob(s, a, &m.config, e);
	for (size_t i = 0; r == 0 && i < m.layers_n; i++) {
		progress_begin(p, "read layer", 0);
		r = take_blob(s, a, &m.layers[i], e);
		progress_end(p, r < 0 ? "failed" : NULL);
	}
	return r;
}

int import_oci_archive(struct store *s, const struct archive *a, const char *path, const char *name,
		       struct progress *p, struct desc *ret, struct err *e)
{
	auto_json *index = NULL;
	json_t *list;
	struct desc d;
	int r = read_index(a, &index, e);

	if (r == 0)
		r = json_get_array(index, "manifests", &list, "index.json", e);
	if (r == 0)
		r = pick(list, path, name, &d, e);
	if (r == 0 && desc_is_index(&d))
		r = resolve_index(s, a, &d, e);
	if (r == 0)
		r = take_image(s, a, &d, p, e);
	if (r == 0)
		*ret = d;
	return r;
}

int import_check(const struct state *state, const struct store *s, const struct desc *image,
		 struct progress *p, struct err *e)
{
	auto_manifest m = { 0 };
	auto_config c = { 0 };
	int r = store_manifest(s, image, &m, NULL, e);

	if (r == 0)
		r = store_config(s, &m, &c, e);
	if (r < 0)
		return r;
	if (m.layers_n != c.diff_ids_n)
		return FAIL(e, E_FORMAT, "%zu layers, the configuration has %zu diff IDs",
			    m.layers_n, c.diff_ids_n);
	for (size_t i = 0; r == 0 && i < m.layers_n; i++)
		r = layer_unpack(state, s, &m.layers[i], &c.diff_ids[i], p, e);
	return r;
}

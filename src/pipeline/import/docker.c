/* SPDX-License-Identifier: Apache-2.0 */
/* An image of docker's archive: manifest.json, a configuration and one tar a layer. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/image.h"
#include "pipeline/import/internal.h"

static bool has_name(const json_t *entry, const char *name)
{
	json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(entry, "RepoTags"), i, tag)
	{
		if (json_is_string(tag) && import_same_name(json_string_value(tag), name))
			return true;
	}
	return false;
}

static int add_names(const json_t *entry, struct strv *have, struct err *e)
{
	json_t *tag;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(entry, "RepoTags"), i, tag)
	{
		if (r == 0 && json_is_string(tag))
			r = strv_add(have, json_string_value(tag), e);
	}
	return r;
}

/* The entry of manifest.json that is meant. Borrowed from list. */
static int pick(const json_t *list, const char *path, const char *name, const json_t **ret,
		struct err *e)
{
	auto_strv have = { 0 };
	const json_t *found = NULL;
	json_t *entry;
	size_t i, n = 0;
	int r = 0;

	json_array_foreach(list, i, entry)
	{
		if (!json_is_object(entry))
			return FAIL(e, E_FORMAT, "manifest.json: entry %zu is no object", i);
		if (r == 0)
			r = add_names(entry, &have, e);
		if (name && !has_name(entry, name))
			continue;
		found = entry;
		n++;
	}
	if (r < 0)
		return r;
	if (n > 1 && name)
		return FAIL(e, E_FORMAT, "manifest.json: two images have the name '%s'", name);
	if (n > 1)
		return import_many_images(path, &have, e);
	if (!found && name)
		return import_no_image(path, name, &have, e);
	*ret = found;
	return found ? 0 : FAIL(e, E_NOTFOUND, "'%s' holds no image", path);
}

/* "<64 hex>.json", "sha256:<64 hex>" and "blobs/sha256/<64 hex>" say what the file hashes to. */
static bool named_digest(const char *name, struct digest *ret)
{
	const char *slash = strrchr(name, '/');
	char text[sizeof("sha256:") + DIGEST_HEX];
	size_t n;

	name = slash ? slash + 1 : name;
	name = starts_with(name, "sha256:") ? name + strlen("sha256:") : name;
	n = strcspn(name, ".");
	if (n != DIGEST_HEX)
		return false;
	(void)snprintf(text, sizeof(text), "sha256:%.*s", (int)n, name);
	return digest_parse(str_of(text), ret, NULL) == 0;
}

static int take_config(struct store *s, const struct archive *a, const char *name,
		       struct config *ret, struct desc *ret_desc, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	struct digest named;
	int r = archive_read(a, name, LIMIT_MANIFEST, &text, e);

	if (r == 0)
		r = config_parse(buf_str(&text), text.n, name, ret, e);
	if (r == 0)
		r = store_blob_put(s, MT_OCI_CONFIG, buf_str(&text), text.n, ret_desc, e);
	if (r == 0 && named_digest(name, &named) && !digest_eq(&named, &ret_desc->digest))
		r = FAIL(e, E_VERIFY, "'%.200s': its bytes hash to %s", name, ret_desc->digest.s);
	return r;
}

static int take_layers(struct store *s, const struct archive *a, const json_t *names,
		       struct progress *p, struct desc *ret, struct err *e)
{
	json_t *name;
	size_t i;
	int r = 0;

	json_array_foreach(names, i, name)
	{
		if (!json_is_string(name))
			return FAIL(e, E_FORMAT, "manifest.json: layer %zu has no name", i);
		progress_begin(p, "read layer", 0);
		r = archive_layer(a, json_string_value(name), s, &ret[i], e);
		progress_end(p, r < 0 ? "failed" : NULL);
		if (r < 0)
			return WRAP(e, r, "layer %zu", i);
	}
	return r;
}

static int take_image(struct store *s, const struct archive *a, const json_t *entry,
		      struct progress *p, struct desc *ret, struct err *e)
{
	auto_config c = { 0 };
	auto_free struct desc *layers = NULL;
	struct desc config;
	const char *name;
	json_t *names;
	size_t n;
	int r = json_get_string(entry, "Config", &name, "manifest.json", e);

	if (r == 0)
		r = json_get_array(entry, "Layers", &names, "manifest.json", e);
	if (r == 0)
		r = take_config(s, a, name, &c, &config, e);
	if (r < 0)
		return r;
	n = json_array_size(names);
	if (n != c.diff_ids_n)
		return FAIL(e, E_FORMAT, "%zu layers, the configuration has %zu diff IDs", n,
			    c.diff_ids_n);
	layers = calloc(n + 1, sizeof(*layers));
	if (!layers)
		return FAIL_NOMEM(e);
	r = take_layers(s, a, names, p, layers, e);
	return r < 0 ? r : image_write_manifest(s, &config, layers, n, NULL, ret, e);
}

int import_docker(struct store *s, const struct archive *a, const char *path, const char *name,
		  struct progress *p, struct desc *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_MANIFEST);
	auto_json *list = NULL;
	const json_t *entry;
	int r = archive_read(a, "manifest.json", LIMIT_MANIFEST, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "manifest.json", &list, e);
	if (r == 0 && !json_is_array(list))
		r = FAIL(e, E_FORMAT, "manifest.json is not a list of images");
	if (r == 0)
		r = pick(list, path, name, &entry, e);
	return r < 0 ? r : take_image(s, a, entry, p, ret, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image/image_usage.h"

#include <string.h>

#include "base/clock.h"
#include "run/container.h"
#include "trust/sigstore/tag.h"

/* What can be read of it: size, blobs, when it was made, labels. */
static int read_one(const struct store *s, const struct desc *d, json_t *j, struct err *e)
{
	auto_manifest m = { 0 };
	auto_config config = { 0 };
	json_t *blobs = json_object_get(j, "blobs"), *labels;
	uint64_t size;
	const char *created;
	int64_t when = 0;
	struct desc at;
	int r;

	if (store_manifest(s, d, &m, &at, NULL) < 0 || store_config(s, &m, &config, NULL) < 0)
		return 0;
	size = m.config.size;
	r = json_put_string(j, "manifest", at.digest.s, e);
	if (r == 0)
		r = json_put_u64(blobs, m.config.digest.s, m.config.size, e);
	for (size_t i = 0; r == 0 && i < m.layers_n; i++) {
		r = json_put_u64(blobs, m.layers[i].digest.s, m.layers[i].size, e);
		size += m.layers[i].size;
	}
	created = json_string_or_null(config.json, "created");
	if (created && clock_parse_rfc3339(str_of(created), &when, NULL) < 0)
		when = 0;
	labels = json_object_get(json_object_get(config.json, "config"), "Labels");
	if (r == 0 && labels)
		r = json_put(j, "labels", json_incref(labels), e);
	if (r == 0)
		r = json_put(j, "created", json_integer(when), e);
	return r == 0 ? json_put_u64(j, "size", size, e) : r;
}

static json_t *find(const json_t *list, const char *digest)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(json_string_or_null(one, "digest") ?: "", digest) == 0)
			return one;
	}
	return NULL;
}

static int add(const struct store *s, const json_t *entry, json_t *list, struct err *e)
{
	const char *name =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
	const char *colon = name ? strrchr(name, ':') : NULL;
	json_t *j;
	struct desc d;
	int r;

	if (!name || (colon && cosign_is_tag(colon + 1)))
		return 0;
	r = desc_parse(entry, "index.json", &d, e);
	if (r < 0)
		return r;
	j = find(list, d.digest.s);
	if (!j) {
		j = json_pack("{s:s, s:[], s:[], s:{}, s:i, s:i}", "digest", d.digest.s, "names",
			      "containers", "blobs", "created", 0, "size", 0);
		r = j ? json_push(list, j, e) : FAIL_NOMEM(e);
		if (r == 0)
			r = read_one(s, &d, j, e);
	}
	return r == 0 ? json_push(json_object_get(j, "names"), json_string(name), e) : r;
}

static int note_user(void *arg, struct container *c, struct err *e)
{
	const json_t *one;
	size_t i;

	if (c->kind == CONTAINER_STEP)
		return 0;
	json_array_foreach((json_t *)arg, i, one)
	{
		const char *manifest = json_string_or_null(one, "manifest");

		if (c->digest && (strcmp(c->digest, json_string_or_null(one, "digest")) == 0 ||
				  (manifest && strcmp(c->digest, manifest) == 0)))
			return json_push(json_object_get(one, "containers"), json_string(c->name),
					 e);
	}
	return 0;
}

int image_usage(struct cli *c, const struct store *s, json_t **ret, struct err *e)
{
	auto_json *list = json_array(), *entries = NULL;
	const struct state *state;
	const json_t *entry;
	size_t i;
	int r = list ? store_list(s, &entries, e) : FAIL_NOMEM(e);

	json_array_foreach(entries, i, entry)
	{
		if (r == 0)
			r = add(s, entry, list, e);
	}
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = container_each(state, note_user, list, e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

uint64_t image_usage_bytes(const json_t *images, bool used_only)
{
	auto_json *seen = json_object();
	const json_t *one;
	uint64_t sum = 0;
	size_t i;

	json_array_foreach(images, i, one)
	{
		const char *digest;
		json_t *size;

		if (used_only && json_array_size(json_object_get(one, "containers")) == 0)
			continue;
		json_object_foreach(json_object_get(one, "blobs"), digest, size)
		{
			if (!json_object_get(seen, digest))
				sum += (uint64_t)json_integer_value(size);
			(void)json_object_set(seen, digest, size);
		}
	}
	return sum;
}

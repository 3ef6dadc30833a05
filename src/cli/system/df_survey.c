/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for what takes room, in docker's words. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/container/container_view.h"
#include "cli/container/volumes.h"
#include "cli/image/image_usage.h"
#include "cli/image/images.h"
#include "cli/system/system_df.h"
#include "pipeline/prune/usage.h"

enum { SHORT_ID = 12 };

static json_t *size_text(uint64_t bytes)
{
	char text[16];

	size_human(bytes, text);
	return json_string(text);
}

static json_t *age_text(int64_t when)
{
	char text[32] = "N/A";

	if (when)
		age_human(clock_now() - when, text);
	return json_string(text);
}

/* How many images have each blob: {digest: n}. Owned. */
static json_t *count_shares(const json_t *images)
{
	json_t *counts = json_object(), *size;
	const char *digest;
	const json_t *one;
	size_t i;

	json_array_foreach(images, i, one)
	{
		json_object_foreach(json_object_get(one, "blobs"), digest, size)
		{
			const json_int_t n = json_integer_value(json_object_get(counts, digest));

			(void)json_object_set_new(counts, digest, json_integer(n + 1));
		}
	}
	return counts;
}

/* What all names of an image have in common. */
static json_t *image_row(const json_t *image, const json_t *counts)
{
	const char *digest = json_string_or_null(image, "digest") ?: "", *blob;
	const char *hex = strchr(digest, ':') ? strchr(digest, ':') + 1 : digest;
	const size_t users = json_array_size(json_object_get(image, "containers"));
	uint64_t size = 0, shared = 0;
	json_t *bytes;

	json_object_foreach(json_object_get(image, "blobs"), blob, bytes)
	{
		const uint64_t n = (uint64_t)json_integer_value(bytes);

		size += n;
		shared += json_integer_value(json_object_get(counts, blob)) > 1 ? n : 0;
	}
	return json_pack("{s:s%, s:s, s:o, s:o, s:o, s:o, s:o}", "ID", hex, strnlen(hex, SHORT_ID),
			 "Digest", digest, "CreatedSince",
			 age_text(json_integer_value(json_object_get(image, "created"))), "Size",
			 size_text(size), "SharedSize", size_text(shared), "UniqueSize",
			 size_text(size - shared), "Containers", json_sprintf("%zu", users));
}

/* A row for each name, as docker has them. */
static int add_image(json_t *list, const json_t *image, const json_t *counts, struct err *e)
{
	auto_json *row = image_row(image, counts);
	const json_t *name;
	size_t i;
	int r = row ? 0 : FAIL_NOMEM(e);

	json_array_foreach(json_object_get(image, "names"), i, name)
	{
		const char *text = json_string_value(name);
		const char *slash = strrchr(text, '/'), *at = strchr(text, '@');
		const char *colon = at ? NULL : strrchr(slash ?: text, ':');
		const char *end = at ?: colon ?: text + strlen(text);
		json_t *one = json_copy(row);

		if (r == 0)
			r = json_push(list, one, e);
		if (r == 0)
			r = json_put(one, "Repository", json_stringn(text, (size_t)(end - text)),
				     e);
		if (r == 0)
			r = json_put_string(one, "Tag", colon ? colon + 1 : "<none>", e);
	}
	return r;
}

static int images(const json_t *found, json_t *ret, struct err *e)
{
	auto_json *counts = count_shares(found);
	json_t *list = json_array();
	const json_t *one;
	size_t i;
	int r = json_put(ret, "Images", list, e);

	json_array_foreach(found, i, one)
	{
		if (r == 0)
			r = add_image(list, one, counts, e);
	}
	return r;
}

static int add_container(void *arg, struct container *c, struct err *e)
{
	json_t *row = NULL, *list = arg;
	struct view v;
	int r;

	if (c->kind == CONTAINER_STEP)
		return 0;
	r = view_of(c, &v, e);
	if (r == 0)
		r = view_row(&v, false, &row, e);
	if (r == 0)
		r = json_push(list, row, e);
	if (r == 0)
		r = view_row_more(&v, false, true, row, e);
	if (r == 0)
		r = json_put(row, "LocalVolumes", json_sprintf("%zu", json_array_size(c->volumes)),
			     e);
	if (r == 0)
		r = json_put(row, "bytes",
			     json_incref(json_object_get(row, "SizeBytes") ?: json_null()), e);
	return r == 0 ? json_put(row, "active", json_boolean(v.status.phase == PHASE_RUNNING), e)
		      : r;
}

static int volumes(struct cli *c, json_t *ret, struct err *e)
{
	const struct filters none = { .n = 0 };
	json_t *list = NULL, *v;
	size_t i;
	int r = volumes_find(c, &none, &list, e);

	if (r == 0)
		r = json_put(ret, "Volumes", list, e);
	json_array_foreach(list, i, v)
	{
		const size_t links = json_array_size(json_object_get(v, "containers"));
		const uint64_t bytes = view_tree_size(json_string_or_null(v, "mountpoint") ?: "");

		if (r == 0)
			r = json_put(v, "Links", json_sprintf("%zu", links), e);
		if (r == 0)
			r = json_put(v, "Size", size_text(bytes), e);
		if (r == 0)
			r = json_put_u64(v, "bytes", bytes, e);
		if (r == 0)
			r = json_put(v, "active", json_boolean(links > 0), e);
	}
	return r;
}

static int build_cache(const struct usages *u, json_t *ret, struct err *e)
{
	json_t *list = json_array();
	int r = json_put(ret, "BuildCache", list, e);

	for (size_t i = 0; r == 0 && i < u->n; i++) {
		const struct usage *x = &u->v[i];
		const bool used = x->needed || x->busy;

		r = json_push(list,
			      json_pack("{s:s%, s:s, s:o, s:o, s:s, s:s, s:I, s:b}", "ID", x->id,
					strnlen(x->id, SHORT_ID), "CacheType",
					usage_kind_name(x->kind), "Size",
					size_text(x->own + x->blob), "LastUsedSince",
					age_text(x->used), "InUse", x->busy ? "true" : "false",
					"Shared", x->needed ? "true" : "false", "bytes",
					(json_int_t)(x->own + x->blob), "active", (int)used),
			      e);
	}
	return r;
}

/* One row of `system df`. percent: as docker, not of the build cache. */
static int summarize(json_t *ret, const char *type, size_t total, size_t active, uint64_t bytes,
		     uint64_t free, bool percent, struct err *e)
{
	char size[16], text[16], reclaimable[32];

	size_human(bytes, size);
	size_human(free, text);
	if (percent && bytes)
		(void)snprintf(reclaimable, sizeof(reclaimable), "%s (%u%%)", text,
			       (unsigned)(free * 100 / bytes));
	else
		(void)snprintf(reclaimable, sizeof(reclaimable), "%s", text);
	return json_push(json_object_get(ret, "Summary"),
			 json_pack("{s:s, s:o, s:o, s:s, s:s}", "Type", type, "TotalCount",
				   json_sprintf("%zu", total), "Active",
				   json_sprintf("%zu", active), "Size", size, "Reclaimable",
				   reclaimable),
			 e);
}

static int summarize_rows(json_t *ret, const char *type, const char *key, bool percent,
			  struct err *e)
{
	const json_t *list = json_object_get(ret, key), *row;
	uint64_t bytes = 0, free = 0;
	size_t i, active = 0;

	json_array_foreach(list, i, row)
	{
		const uint64_t n = (uint64_t)json_integer_value(json_object_get(row, "bytes"));
		const bool used = json_is_true(json_object_get(row, "active"));

		bytes += n;
		free += used ? 0 : n;
		active += used;
	}
	return summarize(ret, type, json_array_size(list), active, bytes, free, percent, e);
}

static int summary(const json_t *found, json_t *ret, struct err *e)
{
	const uint64_t bytes = image_usage_bytes(found, false);
	const json_t *one;
	size_t i, active = 0;
	int r = json_put(ret, "Summary", json_array(), e);

	json_array_foreach(found, i, one) active +=
		json_array_size(json_object_get(one, "containers")) > 0;
	if (r == 0)
		r = summarize(ret, "Images", json_array_size(found), active, bytes,
			      bytes - image_usage_bytes(found, true), true, e);
	if (r == 0)
		r = summarize_rows(ret, "Containers", "Containers", true, e);
	if (r == 0)
		r = summarize_rows(ret, "Local Volumes", "Volumes", true, e);
	return r == 0 ? summarize_rows(ret, "Build Cache", "BuildCache", false, e) : r;
}

int df_survey(struct cli *c, json_t **ret, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	auto_json *found = NULL, *j = json_object();
	auto_usages u = { 0 };
	const struct state *state;
	json_t *list = json_array();
	int r = json_put(j, "Containers", list, e);

	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = cli_store(c, &s, e);
	if (r == 0)
		r = image_usage(c, s, &found, e);
	if (r == 0)
		r = usage_survey(state, s, &u, e);
	if (r == 0)
		r = images(found, j, e);
	if (r == 0)
		r = container_each(state, add_container, list, e);
	if (r == 0)
		r = volumes(c, j, e);
	if (r == 0)
		r = build_cache(&u, j, e);
	if (r == 0)
		r = summary(found, j, e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

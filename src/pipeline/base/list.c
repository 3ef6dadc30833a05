/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/base/internal.h"

static size_t fixable(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->findings_n; i++)
		n += r->findings[i].fixed[0] != '\0';
	return n;
}

static int list_one(const struct road *road, const char *name, const struct desc *image,
		    const struct recipe *recipe, json_t *list, struct err *e)
{
	auto_report report = { 0 };
	auto_manifest m = { 0 };
	auto_config c = { 0 };
	int r = store_manifest(road->store, image, &m, NULL, e);

	if (r == 0)
		r = store_config(road->store, &m, &c, e);
	if (r == 0)
		r = scan_image(road->state, road->store, image, road->progress, &report, e);
	if (r < 0)
		return r;
	return json_push(
		list,
		json_pack("{s:s, s:s, s:s, s:s, s:s*, s:I, s:I}", "name", name, "digest",
			  image->digest.s, "suite", recipe->suite, "variant",
			  base_variant_name(recipe->variant), "created",
			  json_string_or_null(c.json, "created"), "packages",
			  (json_int_t)json_array_size(json_object_get(report.list, "packages")),
			  "fixable", (json_int_t)fixable(&report)),
		e);
}

int base_list(const struct road *road, json_t **ret, struct err *e)
{
	auto_json *entries = NULL, *list = json_array();
	json_t *entry;
	size_t i;
	int r = list ? store_list(road->store, &entries, e) : FAIL_NOMEM(e);

	json_array_foreach(entries, i, entry)
	{
		const char *name = json_string_or_null(json_object_get(entry, "annotations"),
						       ANNOTATION_REF_NAME);
		auto_recipe recipe = { 0 };
		struct desc image;

		if (r < 0 || !name || desc_parse(entry, name, &image, NULL) < 0 ||
		    !desc_is_manifest(&image) ||
		    recipe_read(road->store, &image, &recipe, NULL) < 0)
			continue;
		r = list_one(road, name, &image, &recipe, list, e);
	}
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

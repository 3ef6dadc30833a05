/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/image/images.h"

/* "HOST/NAME:TAG" and "HOST/NAME@DIGEST" of one that has a name. */
static json_t *names(const json_t *own, bool digests)
{
	const char *reference = json_string_or_null(own, "reference");
	const char *digest = json_string_or_null(own, "digest") ?: "";
	const char *slash = reference ? strrchr(reference, '/') : NULL;
	json_t *list = json_array();

	if (!list || !reference)
		return list;
	if (!digests && !strchr(reference, '@'))
		(void)json_array_append_new(list, json_string(reference));
	if (digests)
		(void)json_array_append_new(
			list, json_sprintf("%.*s@%s",
					   (int)(slash ? slash - reference : 0) +
						   (int)strcspn(slash ?: reference, ":@"),
					   reference, digest));
	return list;
}

static json_int_t size_of(const json_t *own)
{
	const json_t *layer;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(json_object_get(own, "layers"), i, layer) sum +=
		json_integer_value(json_object_get(layer, "size"));
	return sum;
}

int image_words(const json_t *own, json_t **ret, struct err *e)
{
	const json_t *config = json_object_get(own, "config");
	const json_t *inner = json_object_get(config, "config");
	auto_json *j = json_copy((json_t *)(uintptr_t)own);
	auto_json *words = json_pack(
		"{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:I, s:O*, s:O*, s:{s:s, s:O*}}", "Id",
		json_string_or_null(own, "digest") ?: "", "RepoTags", names(own, false),
		"RepoDigests", names(own, true), "Created",
		json_string_or_null(config, "created") ?: "", "Author",
		json_string_or_null(config, "author") ?: "", "Architecture",
		json_string_or_null(config, "architecture") ?: "", "Os",
		json_string_or_null(config, "os") ?: "", "Size", size_of(own), "Config", inner,
		"Labels", json_object_get(inner, "Labels"), "RootFS", "Type", "layers", "Layers",
		json_object_get(json_object_get(config, "rootfs"), "diff_ids"));

	if (!j || !words || json_object_update(j, words) < 0)
		return FAIL_NOMEM(e);
	*ret = TAKE(j);
	return 0;
}

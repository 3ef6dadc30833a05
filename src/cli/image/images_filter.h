/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/filters.h"
#include "oci/store.h"

/* One named image, as `images` lists it. */
struct image_row {
	char repository[LIMIT_REF + 1], tag[132];
	struct desc d;
	int64_t created; /* 0: unknown */
	uint64_t size;	 /* of configuration and layers as stored */
	bool damaged;	 /* its manifest or configuration cannot be read */
	json_t *labels;	 /* owned; NULL: none */
};
static inline void image_row_release(struct image_row *row)
{
	json_decref(row->labels);
}
#define auto_image_row __attribute__((cleanup(image_row_release))) struct image_row

/* docker's filters of images: reference, label, id, until, before, since, dangling. */
struct images_filters {
	struct filters f;
	const char *reference; /* the command's argument; NULL: none */
	int64_t before, since; /* when those images were made; 0: not asked for */
};
int images_filters_parse(const struct strv *list, const char *reference, struct images_filters *ret,
			 struct err *e);
/* E_NOTFOUND for an image that before or since names. */
int images_filters_find(const struct store *s, struct images_filters *ret, struct err *e);
bool images_match(const struct images_filters *f, const struct image_row *row);

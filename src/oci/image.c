/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/image.h"

static int put_json(struct store *s, const char *media_type, const json_t *j, struct desc *ret,
		    struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_MANIFEST);
	int r = json_canonical(j, &b, e);

	return r < 0 ? r : store_blob_put(s, media_type, buf_str(&b), b.n, ret, e);
}

int image_write_manifest(struct store *s, const struct desc *config, const struct desc *layers,
			 size_t n, const json_t *annotations, struct desc *ret, struct err *e)
{
	auto_json *m = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
				 MT_OCI_MANIFEST, "layers");
	int r = m ? json_put(m, "config", desc_json(config), e) : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = json_push(json_object_get(m, "layers"), desc_json(&layers[i]), e);
	if (r == 0 && annotations)
		r = json_put(m, "annotations", json_deep_copy(annotations), e);
	return r < 0 ? r : put_json(s, MT_OCI_MANIFEST, m, ret, e);
}

int image_write(struct store *s, const json_t *config, const struct desc *layers, size_t n,
		const json_t *annotations, struct desc *ret, struct err *e)
{
	struct desc d;
	int r = put_json(s, MT_OCI_CONFIG, config, &d, e);

	return r < 0 ? r : image_write_manifest(s, &d, layers, n, annotations, ret, e);
}

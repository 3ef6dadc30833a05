/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "trust/sigstore/internal.h"

#define ANNOTATION_CONTENT "dev.sigstore.bundle.content"

static int put_annotations(json_t *notes, const char *predicate_type, int64_t now, struct err *e)
{
	char created[RFC3339_MAX];
	int r;

	clock_rfc3339(now, created);
	if ((r = json_put_string(notes, ANNOTATION_CREATED, created, e)) < 0 ||
	    (r = json_put_string(notes, ANNOTATION_CONTENT, "dsse-envelope", e)) < 0)
		return r;
	return json_put_string(notes, ANNOTATION_PREDICATE, predicate_type, e);
}

static int make_manifest(const struct desc *config, const struct desc *layer,
			 const struct desc *subject, json_t *notes, struct buf *ret, struct err *e)
{
	auto_json *m = json_object();
	json_t *layers = json_array();
	struct desc plain = *subject;
	int r;

	plain.artifact_type[0] = '\0';
	if ((r = json_put(m, "layers", layers, e)) < 0 ||
	    (r = json_put(m, "annotations", json_incref(notes), e)) < 0 ||
	    (r = json_put_u64(m, "schemaVersion", 2, e)) < 0 ||
	    (r = json_put_string(m, "mediaType", MT_OCI_MANIFEST, e)) < 0 ||
	    (r = json_put_string(m, "artifactType", SIGSTORE_BUNDLE_TYPE, e)) < 0 ||
	    (r = json_put(m, "config", desc_json(config), e)) < 0 ||
	    (r = json_push(layers, desc_json(layer), e)) < 0 ||
	    (r = json_put(m, "subject", desc_json(&plain), e)) < 0)
		return r;
	return json_canonical(m, ret, e);
}

int bundle_attach(struct store *s, struct str bundle, const char *predicate_type,
		  const struct desc *manifest, int64_t now, struct desc *ret, struct err *e)
{
	struct desc config, layer, carrier;
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_json *notes = json_object();
	int r;

	if ((r = put_annotations(notes, predicate_type, now, e)) < 0 ||
	    (r = store_blob_put(s, MT_OCI_EMPTY, "{}", 2, &config, e)) < 0 ||
	    (r = store_blob_put(s, SIGSTORE_BUNDLE_TYPE, bundle.p, bundle.n, &layer, e)) < 0 ||
	    (r = make_manifest(&config, &layer, manifest, notes, &bytes, e)) < 0 ||
	    (r = store_blob_put(s, MT_OCI_MANIFEST, bytes.p, bytes.n, &carrier, e)) < 0 ||
	    (r = store_add_referrer(s, &carrier, &manifest->digest, e)) < 0)
		return r;
	*ret = carrier;
	return 0;
}

/* "application/vnd.dev.sigstore.bundle.v0.3+json", and as older clients wrote it:
 * "application/vnd.dev.sigstore.bundle+json", with ";version=0.1" behind it or without. What it is
 * the bundle itself tells. */
static bool bundle_type(const char *media_type)
{
	return starts_with(media_type, "application/vnd.dev.sigstore.bundle.v0.") ||
	       starts_with(media_type, "application/vnd.dev.sigstore.bundle+json");
}

bool bundle_carried(const json_t *entry)
{
	const char *type = json_string_or_null(entry, "artifactType");

	return type && bundle_type(type);
}

/* Whatever its artifact type: that, and its annotations, are not signed. */
int bundle_read(const struct store *s, const struct desc *carrier, const struct desc *manifest,
		struct buf *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	int r;

	if ((r = store_blob_read(s, carrier, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = manifest_parse(buf_str(&bytes), bytes.n, "bundle", &m, e)) < 0)
		return r;
	if (m.layers_n != 1 || !bundle_type(m.layers[0].media_type))
		return FAIL(e, E_FORMAT, "not one sigstore bundle");
	if (!m.has_subject || !digest_eq(&m.subject.digest, &manifest->digest))
		return FAIL(e, E_VERIFY, "its subject is not this manifest");
	if (m.layers[0].size > LIMIT_BUNDLE)
		return FAIL(e, E_FORMAT, "its bundle is longer than %d bytes", LIMIT_BUNDLE);
	return store_blob_read(s, &m.layers[0], LIMIT_BUNDLE, ret, e);
}

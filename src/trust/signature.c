/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "trust/internal.h"

/* Both shapes that are in use: by artifactType, and the older one by the configuration's type. */
static int check_manifest(const struct manifest *m, const struct desc *manifest, struct err *e)
{
	if (strcmp(m->media_type, MT_OCI_MANIFEST) != 0 ||
	    strcmp(m->artifact_type, NOTARY_ARTIFACT_TYPE) != 0)
		return FAIL(e, E_FORMAT, "not a Notary Project signature");
	if (!m->has_subject || !digest_eq(&m->subject.digest, &manifest->digest) ||
	    m->subject.size != manifest->size ||
	    strcmp(m->subject.media_type, manifest->media_type) != 0)
		return FAIL(e, E_VERIFY, "its subject is not this manifest");
	if (m->layers_n != 1)
		return FAIL(e, E_FORMAT, "want one layer with the envelope, got %zu", m->layers_n);
	if (m->layers[0].size > LIMIT_ENVELOPE)
		return FAIL(e, E_FORMAT, "its envelope is longer than %d bytes", LIMIT_ENVELOPE);
	return 0;
}

int signature_read(const struct store *s, const struct desc *signature, const struct desc *manifest,
		   enum envelope_form *ret_form, struct buf *ret_envelope, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	auto_manifest m = { 0 };
	int r;

	if ((r = store_blob_read(s, signature, LIMIT_MANIFEST, &bytes, e)) < 0 ||
	    (r = manifest_parse(buf_str(&bytes), bytes.n, "signature", &m, e)) < 0 ||
	    (r = check_manifest(&m, manifest, e)) < 0 ||
	    (r = envelope_form_of(m.layers[0].media_type, ret_form, e)) < 0)
		return r;
	return store_blob_read(s, &m.layers[0], LIMIT_ENVELOPE, ret_envelope, e);
}

/* A JSON array as a string, in the order of the chain. */
static int put_thumbprints(json_t *annotations, const struct chain *chain, struct err *e)
{
	auto_json *list = json_array();
	auto_buf text = BUF_INIT(4096);
	int r = 0;

	for (size_t i = 0; r == 0 && i < chain->n; i++) {
		char hex[THUMBPRINT_MAX];

		cert_thumbprint(chain->v[i], hex);
		r = json_push(list, json_string(hex), e);
	}
	if (r == 0)
		r = json_canonical(list, &text, e);
	return r < 0 ? r : json_put_string(annotations, ANNOTATION_THUMBPRINTS, text.p, e);
}

static int make_manifest(const struct desc *config, const struct desc *layer,
			 const struct desc *subject, const struct chain *chain, int64_t now,
			 struct buf *ret, struct err *e)
{
	auto_json *m = json_object();
	json_t *layers = json_array(), *annotations = json_object();
	char created[RFC3339_MAX];
	struct desc plain = *subject;
	int r;

	plain.artifact_type[0] = '\0';
	clock_rfc3339(now, created);
	if ((r = json_put(m, "layers", layers, e)) < 0 ||
	    (r = json_put(m, "annotations", annotations, e)) < 0 ||
	    (r = json_put_u64(m, "schemaVersion", 2, e)) < 0 ||
	    (r = json_put_string(m, "mediaType", MT_OCI_MANIFEST, e)) < 0 ||
	    (r = json_put_string(m, "artifactType", NOTARY_ARTIFACT_TYPE, e)) < 0 ||
	    (r = json_put(m, "config", desc_json(config), e)) < 0 ||
	    (r = json_push(layers, desc_json(layer), e)) < 0 ||
	    (r = json_put(m, "subject", desc_json(&plain), e)) < 0 ||
	    (r = json_put_string(annotations, ANNOTATION_CREATED, created, e)) < 0 ||
	    (r = put_thumbprints(annotations, chain, e)) < 0)
		return r;
	return json_canonical(m, ret, e);
}

int signature_attach(struct store *s, enum envelope_form form, struct str envelope,
		     const struct chain *chain, const struct desc *manifest, int64_t now,
		     struct desc *ret, struct err *e)
{
	struct desc config, layer, signature;
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	int r;

	if ((r = store_blob_put(s, MT_OCI_EMPTY, "{}", 2, &config, e)) < 0 ||
	    (r = store_blob_put(s, envelope_media_type(form), envelope.p, envelope.n, &layer, e)) <
		    0 ||
	    (r = make_manifest(&config, &layer, manifest, chain, now, &bytes, e)) < 0 ||
	    (r = store_blob_put(s, MT_OCI_MANIFEST, bytes.p, bytes.n, &signature, e)) < 0)
		return r;
	r = store_add_referrer(s, &signature, &manifest->digest, e);
	if (r == 0)
		*ret = signature;
	return r;
}

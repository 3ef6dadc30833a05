/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/internal.h"

static int sign_bundle(const struct state *state, struct store *s, const char *repository,
		       const struct desc *manifest, const struct sigstore_sign_opts *o,
		       struct desc *ret, bool *ret_existing, struct err *e)
{
	auto_buf statement = BUF_INIT(LIMIT_DSSE_PAYLOAD);
	int r = statement_make_signature(manifest, repository, o->annotations, &statement, e);

	return r < 0 ? r
		     : sigstore_attest(state, s, manifest, &o->key,
				       (struct str){ statement.p, statement.n }, ret, ret_existing,
				       e);
}

int sigstore_sign_image(const struct state *state, struct store *s, const struct ref *ref,
			const struct desc *manifest, const struct sigstore_sign_opts *o,
			struct desc *ret, bool *ret_existing, struct err *e)
{
	auto_buf repository = BUF_INIT(2 * LIMIT_REF);
	bool existing = false;
	int r;

	if (!desc_is_manifest(manifest) && !desc_is_index(manifest))
		return FAIL(e, E_FORMAT, "sign %s: '%s' is not a manifest", manifest->digest.s,
			    manifest->media_type);
	if (!ref->name[0])
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "sign %s: the signature names the repository, and a digest "
				     "names none",
				     manifest->digest.s),
				"plimsoll sign HOST/NAME:TAG");
	ref_repository(ref, &repository);
	r = store_blob_verify(s, manifest, e);
	if (r == 0)
		r = o->format == SIGSTORE_BUNDLE ? sign_bundle(state, s, buf_str(&repository),
							       manifest, o, ret, &existing, e)
						 : simple_sign(state, s, ref, buf_str(&repository),
							       manifest, o, ret, &existing, e);
	if (r < 0)
		return WRAP(e, r, "sign %s", manifest->digest.s);
	if (ret_existing)
		*ret_existing = existing;
	return 0;
}

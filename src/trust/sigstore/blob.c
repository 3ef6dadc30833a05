/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of what is no image. */
#include "base/encode.h"
#include "crypto/digest.h"
#include "trust/sigstore/internal.h"

int sigstore_wrap_signature(const struct digest *digest, struct str signature, const char *hint,
			    struct buf *ret, struct err *e)
{
	unsigned char raw[SHA256_LEN];
	auto_buf b64 = BUF_INIT(2 * SHA256_LEN), sig = BUF_INIT(2 * (size_t)LIMIT_SIGNATURE_BYTES);
	auto_json *j = NULL;
	int r = hex_decode(str_of(digest_hex(digest)), raw, sizeof(raw), e);

	if (r < 0)
		return r;
	b64_put(&b64, B64_STD, raw, sizeof(raw));
	buf_put(&sig, signature.p, signature.n);
	if ((r = buf_check(&sig, "signature", e)) < 0)
		return r;
	j = json_pack("{s:s, s:{s:{s:s*}}, s:{s:{s:s, s:s}, s:s}}", "mediaType",
		      SIGSTORE_BUNDLE_TYPE, "verificationMaterial", "publicKey", "hint", hint,
		      "messageSignature", "messageDigest", "algorithm", "SHA2_256", "digest",
		      buf_str(&b64), "signature", buf_str(&sig));
	if (!j)
		return FAIL(e, E_FORMAT, "signature: not a text in base64");
	return json_canonical(j, ret, e);
}

int sigstore_sign_blob(const struct state *state, const struct sigstore_key *k, struct str blob,
		       struct buf *ret_signature, struct buf *ret_bundle, struct err *e)
{
	auto_buf sig = BUF_INIT(LIMIT_SIGNATURE_BYTES);
	auto_release(key_free) struct key *pub = NULL;
	char hint[KEY_HINT_MAX];
	struct digest digest;
	int r;

	if ((r = sigstore_sign_bytes(state, k, true, blob, &pub, &sig, e)) < 0 ||
	    (r = key_hint(pub, hint, e)) < 0)
		return r;
	b64_put(ret_signature, B64_STD, sig.p, sig.n);
	if ((r = buf_check(ret_signature, "signature", e)) < 0 || !ret_bundle)
		return r;
	digest_of(blob.p, blob.n, &digest);
	return sigstore_wrap_signature(&digest,
				       (struct str){ buf_str(ret_signature), ret_signature->n },
				       hint, ret_bundle, e);
}

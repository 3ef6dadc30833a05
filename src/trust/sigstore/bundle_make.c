/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/bundle.h"

int bundle_make(const json_t *envelope, const char *hint, struct buf *ret, struct err *e)
{
	auto_json *b = json_object();
	json_t *material = json_object(), *key = json_object();
	int r;

	if ((r = json_put(b, "verificationMaterial", material, e)) < 0 ||
	    (r = json_put(material, "publicKey", key, e)) < 0 ||
	    (r = json_put_string(key, "hint", hint, e)) < 0 ||
	    (r = json_put_string(b, "mediaType", SIGSTORE_BUNDLE_TYPE, e)) < 0 ||
	    (r = json_put(b, "dsseEnvelope", json_incref((json_t *)(uintptr_t)envelope), e)) < 0)
		return r;
	r = json_canonical(b, ret, e);
	if (r == 0 && ret->n > LIMIT_BUNDLE)
		return FAIL(e, E_FORMAT, "bundle: longer than %d bytes", LIMIT_BUNDLE);
	return r;
}

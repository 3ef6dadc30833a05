/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "trust/holder.h"
#include "trust/sigstore/internal.h"
#include "trust/withdrawn.h"

static int sign(const struct key *k, bool sha256, struct str msg, struct key **ret_public,
		struct buf *ret_signature, struct err *e)
{
	auto_buf spki = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *pub = NULL;
	int r;

	if ((r = (sha256 ? sigstore_sign_sha256 : sigstore_sign)(k, msg.p, msg.n, ret_signature,
								 e)) < 0 ||
	    (r = key_public_der(k, &spki, e)) < 0 ||
	    (r = key_public_from_der(spki.p, spki.n, &pub, e)) < 0)
		return r;
	*ret_public = TAKE(pub);
	return 0;
}

/* A key file is not one of this host's: it has no certificate, and may be withdrawn all the same.
 */
static int sign_by_file(const struct state *state, const struct sigstore_key *k, bool sha256,
			struct str msg, struct key **ret_public, struct buf *ret_signature,
			struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_release(holder_close) struct holder *h = NULL;
	int r;

	if (dir < 0)
		return dir;
	if ((r = holder_open(dir, k->name, k->passphrase, &h, e)) < 0)
		return r;
	if ((r = trust_key_withdrawn(state, holder_key(h), clock_now(), e)) < 0)
		return WRAP(e, r, "key '%s'", k->name);
	return sign(holder_key(h), sha256, msg, ret_public, ret_signature, e);
}

int sigstore_sign_bytes(const struct state *state, const struct sigstore_key *k, bool sha256,
			struct str msg, struct key **ret_public, struct buf *ret_signature,
			struct err *e)
{
	auto_release(trust_signer_close) struct trust_signer *s = NULL;
	int r;

	if (k->name && strchr(k->name, '/') && !starts_with(k->name, KEY_EXEC) &&
	    !starts_with(k->name, KEY_PKCS11))
		return sign_by_file(state, k, sha256, msg, ret_public, ret_signature, e);
	r = trust_signer_open(state, k->name, k->passphrase, &s, e);
	return r < 0 ? r : sign(trust_signer_key(s), sha256, msg, ret_public, ret_signature, e);
}

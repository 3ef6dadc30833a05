/* SPDX-License-Identifier: Apache-2.0 */
/* What the two forms of an envelope have in common. */
#include <stdio.h>
#include <string.h>

#include "crypto/cose.h"
#include "crypto/envelope_internal.h"
#include "crypto/jws.h"
#include "crypto/timestamp.h"

static const char *const media_types[] = {
	[ENVELOPE_JWS] = JWS_MEDIA_TYPE,
	[ENVELOPE_COSE] = COSE_MEDIA_TYPE,
};

int envelope_form_of(const char *media_type, enum envelope_form *ret, struct err *e)
{
	for (int i = ENVELOPE_JWS; i <= ENVELOPE_COSE; i++)
		if (strcmp(media_type, media_types[i]) == 0) {
			*ret = (enum envelope_form)i;
			return 0;
		}
	return FAIL(e, E_FORMAT, "not a signature envelope");
}

const char *envelope_media_type(enum envelope_form form)
{
	return media_types[form];
}

void envelope_free(struct envelope *v)
{
	buf_free(&v->payload);
	buf_free(&v->signature);
	buf_free(&v->timestamp);
	chain_free(&v->chain);
}

struct shown shown_of(struct str s)
{
	struct shown r;

	(void)snprintf(r.s, sizeof(r.s), "%.*s", s.n < 60 ? (int)s.n : 60, s.p);
	text_sanitize(r.s);
	return r;
}

int envelope_signer(const struct key *k, const struct chain *chain, const char **ret_alg,
		    struct err *e)
{
	auto_release(key_free) struct key *leaf = NULL;
	int r = chain_check(chain, e);

	if (r == 0)
		r = cert_key(chain->v[0], &leaf, e);
	if (r < 0)
		return r;
	if (!key_same_public(k, leaf))
		return FAIL(e, E_FORMAT, "the certificate is not of this key");
	*ret_alg = key_jws_alg(k);
	return 0;
}

int envelope_check_signature(const struct chain *chain, const char *alg, struct str input,
			     struct str signature, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	const char *want;
	int r;

	if ((r = chain_check(chain, e)) < 0 || (r = cert_key(chain->v[0], &k, e)) < 0)
		return r;
	want = key_jws_alg(k);
	if (!want || strcmp(alg, want) != 0)
		return FAIL(e, E_VERIFY, "envelope: alg is not %s, the only one of this key",
			    want ? want : "?");
	return key_verify(k, input.p, input.n, signature, e);
}

int envelope_read_scheme(struct str scheme, bool *ret_authority, struct err *e)
{
	*ret_authority = str_eqz(scheme, SCHEME_AUTHORITY);
	if (*ret_authority || str_eqz(scheme, SCHEME_X509))
		return 0;
	return FAIL(e, E_VERIFY,
		    "signing scheme '%s' is not supported, only '" SCHEME_X509
		    "' and '" SCHEME_AUTHORITY "' are",
		    shown_of(scheme).s);
}

int envelope_needs_plugin(struct err *e)
{
	return FAIL(e, E_VERIFY,
		    "the signature asks for a verification plugin; there are none here");
}

const char *envelope_time_name(bool authority)
{
	return authority ? H_AUTHENTIC_TIME : H_TIME;
}

int envelope_check_claims(const struct claims *c, struct err *e)
{
	if (c->expiry && c->expiry <= c->signing_time)
		return FAIL(e, E_VERIFY,
			    "protected header: the expiry is not after the signing time");
	return 0;
}

int envelope_sign(enum envelope_form form, const struct key *k, const struct chain *chain,
		  const char *content_type, struct str payload, const struct claims *claims,
		  const char *agent, struct buf *ret, struct err *e)
{
	if (claims->expiry && claims->expiry <= claims->signing_time)
		return FAIL(e, E_USAGE, "the expiry must be later than the signing time");
	return (form == ENVELOPE_COSE ? cose_sign : jws_sign)(k, chain, content_type, payload,
							      claims, agent, ret, e);
}

int envelope_add_timestamp(enum envelope_form form, struct str bytes, struct str token,
			   struct buf *ret, struct err *e)
{
	if (token.n == 0 || token.n > LIMIT_TIMESTAMP)
		return FAIL(e, E_FORMAT, "timestamp: want 1 to %d bytes, got %zu", LIMIT_TIMESTAMP,
			    token.n);
	return (form == ENVELOPE_COSE ? cose_add_timestamp : jws_add_timestamp)(bytes, token, ret,
										e);
}

int envelope_hash(const struct chain *chain, const char **ret, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	const char *alg = NULL;
	int r = chain->n ? cert_key(chain->v[0], &k, e) : FAIL(e, E_FORMAT, "no certificate");

	if (r < 0)
		return r;
	alg = key_jws_alg(k);
	if (!alg)
		return FAIL(e, E_FORMAT, "keys of this kind sign no envelopes");
	*ret = ends_with(alg, "256") ? "sha256" : ends_with(alg, "384") ? "sha384" : "sha512";
	return 0;
}

int envelope_verify(enum envelope_form form, struct str bytes, const char *content_type,
		    struct envelope *ret, struct err *e)
{
	if (bytes.n > LIMIT_ENVELOPE)
		return FAIL(e, E_FORMAT, "envelope: longer than %d bytes", LIMIT_ENVELOPE);
	return (form == ENVELOPE_COSE ? cose_verify : jws_verify)(bytes, content_type, ret, e);
}

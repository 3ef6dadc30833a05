/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A signer, what the verifier trusts of it, and one signature between them. */
#include "base/clock.h"
#include "crypto/chain_maker.h"
#include "tap.h"
#include "trust/internal.h"

#define DIGEST "sha256:8d1a1b67b426efc94c7bff02ed2579d15f25ee7987902620719cc59cb9794dde"
#define OTHER "sha256:9d1a1b67b426efc94c7bff02ed2579d15f25ee7987902620719cc59cb9794dde"
#define TARGET(type, digest, size)                                                                 \
	"{\"targetArtifact\":{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size \
	"}}"
#define GOOD_PAYLOAD TARGET(MT_OCI_MANIFEST, DIGEST, "398")

/* A signer, and what the verifier trusts of it. */
struct world {
	struct chain chain;
	struct key *key;
	struct cert *anchors[1];
	char where[1][WHERE_LEN];
	struct trusted trusted;
	struct desc manifest;
	struct policy policy;
	int64_t now;
	/* How the next signature is made. */
	enum envelope_form form;
	bool authority;
	int64_t signing_time; /* 0: a moment ago */
	/* What else the verifier knows. */
	struct trusted *authorities, *tsa;
	const char *repository;
	const struct answers *answers;
};

__attribute__((unused)) static void world_policy(struct world *w, const char *verification,
						 const char *stores, const char *identities)
{
	auto_buf b = BUF_INIT(LIMIT_POLICY);
	struct err e = ERR_INIT;

	policy_free(&w->policy);
	buf_printf(&b,
		   "{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"p\",\"registryScopes\":[\"*"
		   "\"],"
		   "\"signatureVerification\":%s,\"trustStores\":%s,\"trustedIdentities\":%s}]}",
		   verification, stores, identities);
	if (policy_parse(b.p, b.n, &w->policy, &e) < 0) {
		printf("# %s\n", e.msg);
		abort();
	}
}

static void world_open(struct world *w, const struct spec *specs, size_t n)
{
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	struct err e = ERR_INIT;

	*w = (struct world){ .now = clock_now() };
	maker_chain(specs, n, &w->chain, &pem);
	if (key_from_pem((struct str){ pem.p, pem.n }, NULL, &w->key, &e) < 0)
		abort();
	w->anchors[0] = w->chain.v[n - 1];
	(void)snprintf(w->where[0], sizeof(w->where[0]), "s/f.pem");
	w->trusted = (struct trusted){ .v = w->anchors, .where = w->where, .n = 1 };
	w->manifest =
		(struct desc){ .media_type = MT_OCI_MANIFEST, .digest = { DIGEST }, .size = 398 };
	world_policy(w, "{\"level\":\"strict\"}", "[\"ca:s\"]",
		     "[\"x509.subject: C=US, ST=WA, O=acme\"]");
}

static void world_close(struct world *w)
{
	chain_free(&w->chain);
	key_free(w->key);
	policy_free(&w->policy);
}
#define auto_world __attribute__((cleanup(world_close))) struct world

static void sign_as(const struct world *w, const char *payload, int64_t expiry, struct buf *ret)
{
	struct err e = ERR_INIT;
	const struct claims claims = { .authority = w->authority,
				       .signing_time =
					       w->signing_time ? w->signing_time : w->now - 100,
				       .expiry = expiry };

	if (envelope_sign(w->form, w->key, &w->chain, NOTARY_PAYLOAD_TYPE, str_of(payload), &claims,
			  "test/1", ret, &e) < 0) {
		printf("# %s\n", e.msg);
		abort();
	}
}

static int judge(const struct world *w, const struct buf *envelope, struct trust_result *res,
		 struct err *e)
{
	const struct evaluation v = { .form = w->form,
				      .authority = w->authorities,
				      .tsa = w->tsa,
				      .repository = w->repository,
				      .answers = w->answers,
				      .envelope = { envelope->p, envelope->n },
				      .manifest = &w->manifest,
				      .statement = &w->policy.v[0],
				      .trusted = &w->trusted,
				      .now = w->now };

	return evaluate(&v, res, e);
}

__attribute__((unused)) static void expect(const struct world *w, const char *payload,
					   int64_t expiry, int code, const char *message)
{
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;
	int r;

	sign_as(w, payload, expiry, &b);
	r = judge(w, &b, &res, &e);
	if (r != code || (message && !strstr(e.msg, message)))
		printf("# %s: %d '%s'\n", payload, r, e.msg);
	CHECK(r == code && (!message || strstr(e.msg, message)));
}

static const struct spec leaf_ca[] = { LEAF_SPEC, CA_SPEC("root") };

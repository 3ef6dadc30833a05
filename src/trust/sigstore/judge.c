/* SPDX-License-Identifier: Apache-2.0 */
#include <regex.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "trust/sigstore/internal.h"

static bool matches(const char *exact, const char *pattern, const char *text)
{
	regex_t re;
	bool held;

	if (exact && strcmp(exact, text) != 0)
		return false;
	if (!pattern)
		return true;
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	held = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return held;
}

static int find_identity(const struct sigstore_trust *t, const struct fulcio_identity *id,
			 size_t *ret, struct err *e)
{
	for (size_t i = 0; i < t->identities_n; i++) {
		const struct sigstore_identity *rule = &t->identities[i];

		if (matches(rule->name, rule->name_pattern, id->name) &&
		    matches(rule->issuer, rule->issuer_pattern, id->issuer)) {
			*ret = i;
			return 0;
		}
	}
	return FAIL(e, E_VERIFY,
		    "it was signed by '%.300s', as '%.300s' says, who is not asked for", id->name,
		    id->issuer);
}

/* By one of the trusted roots, all of it; without any root by a key alone. */
static int prove(const struct bundle *b, const struct judgement *j, struct proof_want *w,
		 struct proof *ret, struct err *e)
{
	struct str rest = { j->trust->root.p, j->trust->root.n };
	auto_buf reasons = BUF_INIT(1000);
	int r, first = 0;

	if (rest.n == 0)
		return bundle_prove(b, w, ret, e);
	for (;;) {
		auto_trusted_root root = { 0 };
		struct err why = ERR_INIT;

		if ((r = trusted_root_next(&rest, &root, e)) < 0)
			return r;
		if (r == 0)
			return FAIL(e, first, "%s", buf_str(&reasons));
		w->root = &root;
		r = bundle_prove(b, w, ret, &why);
		w->root = NULL;
		if (r == 0)
			return 0;
		if (reasons.n + strlen(why.msg) < 900)
			buf_printf(&reasons, "%s%s", first ? "; by the next root: " : "", why.msg);
		first = first ? first : r;
	}
}

static int judge_signer(const struct bundle *b, const struct judgement *j, struct str message,
			struct verdict *v, struct err *e)
{
	const struct key *keys[LIMIT_SIGNERS];
	unsigned char digest[SHA256_LEN];
	struct proof_want w = { .message = message,
				.sha256 = { (const char *)digest, sizeof(digest) },
				.keys = keys,
				.keys_n = j->trust->n,
				.keyless = j->trust->identities_n > 0,
				.withdrawn = &j->trust->withdrawn,
				.now = clock_now() };
	int r;

	if (message.p)
		sha256_once(message.p, message.n, digest);
	else if ((r = hex_decode(str_of(digest_hex(j->digest)), digest, sizeof(digest), e)) < 0)
		return r;
	for (size_t i = 0; i < j->trust->n; i++)
		keys[i] = j->trust->v[i].key;
	if ((r = prove(b, j, &w, &v->proof, e)) < 0)
		return r;
	v->signer = v->proof.key;
	return v->proof.keyless ? find_identity(j->trust, &v->proof.identity, &v->signer, e) : 0;
}

/* What names no repository holds in any, and so would what was carried here from another. */
static int check_name(const struct judgement *j, const char *name, struct err *e)
{
	if (!j->repository || (*name && same_repository(name, j->repository)))
		return 0;
	if (!*name)
		return FAIL(e, E_VERIFY, "it names no repository, so it would hold in any");
	return FAIL(e, E_VERIFY, "it was signed for repository '%.200s', not for '%.200s'", name,
		    j->repository);
}

static int judge_envelope(const struct bundle *b, const struct judgement *j, struct verdict *v,
			  struct buf *ret_statement, struct err *e)
{
	const struct str payload = { buf_str(&b->dsse.payload), b->dsse.payload.n };
	int r;

	if (strcmp(b->dsse.payload_type, IN_TOTO_PAYLOAD_TYPE) != 0)
		return FAIL(e, E_FORMAT, "its payload is '%.80s', not an in-toto statement",
			    b->dsse.payload_type);
	if ((r = judge_signer(b, j, (struct str){ NULL, 0 }, v, e)) < 0 ||
	    (r = statement_read(payload, j->digest, j->preferred, &v->statement, e)) < 0)
		return r;
	if (!v->statement.covers)
		return FAIL(e, E_VERIFY, "it is about something else");
	if ((r = check_name(j, v->statement.name, e)) < 0 ||
	    (j->annotations_wanted &&
	     (r = statement_says(payload, j->digest, j->preferred, j->annotations_wanted, e)) < 0))
		return r;
	buf_put(ret_statement, payload.p, payload.n);
	return buf_check(ret_statement, "statement", e);
}

int bundle_judge(const struct judgement *j, struct verdict *ret, struct buf *ret_statement,
		 struct err *e)
{
	auto_bundle b = { 0 };
	struct verdict v = { 0 };
	int r = bundle_parse(j->bytes, &b, e);

	if (r < 0)
		return r;
	if (b.is_dsse)
		r = judge_envelope(&b, j, &v, ret_statement, e);
	else if ((r = judge_signer(&b, j, j->artifact, &v, e)) == 0 &&
		 (r = check_name(j, "", e)) == 0 && j->annotations_wanted)
		r = says_all(NULL, j->annotations_wanted, e);
	if (r == 0)
		*ret = v;
	return r;
}

int envelope_judge(const struct judgement *j, struct verdict *ret, struct buf *ret_statement,
		   struct err *e)
{
	auto_bundle b = { 0 };
	struct verdict v = { 0 };
	int r = envelope_to_bundle(j->bytes, j->annotations, &b, e);

	if (r == 0)
		r = judge_envelope(&b, j, &v, ret_statement, e);
	if (r == 0)
		*ret = v;
	return r;
}

int simple_judge(const struct judgement *j, struct verdict *ret, struct err *e)
{
	auto_bundle b = { 0 };
	struct verdict v = { 0 };
	struct simple p;
	int r;

	if ((r = simple_to_bundle(j->annotations, &b, e)) < 0 ||
	    (r = judge_signer(&b, j, j->bytes, &v, e)) < 0 ||
	    (r = simple_parse(j->bytes, &p, e)) < 0 ||
	    (r = simple_check(&p, j->digest, j->repository, e)) < 0 ||
	    (j->annotations_wanted && (r = simple_says(j->bytes, j->annotations_wanted, e)) < 0))
		return r;
	(void)snprintf(v.statement.name, sizeof(v.statement.name), "%s", p.reference);
	*ret = v;
	return 0;
}

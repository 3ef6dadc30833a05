/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "trust/sigstore/internal.h"

/* Key ids and hints decide nothing: every key is tried. */
static int find_signer(const struct bundle *b, const struct sigstore_trust *t, size_t *ret,
		       struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct key *k = t->v[i].key;

		if (dsse_verify(&b->dsse, &k, 1, 1, NULL, NULL) > 0) {
			*ret = i;
			return 0;
		}
	}
	return FAIL(e, E_VERIFY, "none of the %zu trusted keys signed it", t->n);
}

static int check_name(const struct judgement *j, const char *name, struct err *e)
{
	if (!j->repository || !*name || strcmp(j->repository, name) == 0)
		return 0;
	return FAIL(e, E_VERIFY, "it was signed for repository '%.200s', not for this", name);
}

int bundle_judge(const struct judgement *j, struct verdict *ret, struct buf *ret_statement,
		 struct err *e)
{
	auto_bundle b = { 0 };
	struct verdict v = { 0 };
	struct str payload;
	int r = bundle_parse(j->bundle, &b, e);

	if (r < 0)
		return r;
	if (!b.is_dsse || !b.by_key)
		return FAIL(e, E_FORMAT, "not an envelope signed by a key");
	if (strcmp(b.dsse.payload_type, IN_TOTO_PAYLOAD_TYPE) != 0)
		return FAIL(e, E_FORMAT, "its payload is '%.80s', not an in-toto statement",
			    b.dsse.payload_type);
	payload = (struct str){ buf_str(&b.dsse.payload), b.dsse.payload.n };
	if ((r = find_signer(&b, j->trust, &v.signer, e)) < 0 ||
	    (r = statement_read(payload, &j->manifest->digest, &v.statement, e)) < 0)
		return r;
	if (!v.statement.covers)
		return FAIL(e, E_VERIFY, "it is about another manifest");
	if ((r = check_name(j, v.statement.name, e)) < 0)
		return r;
	buf_put(ret_statement, payload.p, payload.n);
	*ret = v;
	return buf_check(ret_statement, "statement", e);
}

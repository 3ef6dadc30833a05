/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "sandbox/sandbox.h"
#include "trust/sigstore/internal.h"

void sigstore_findings_free(struct sigstore_findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		buf_free(&f->v[i].statement);
	free(f->v);
	strv_free(&f->refused);
	*f = (struct sigstore_findings){ 0 };
}

/* The child emits a verdict, which has no pointers, and behind it the statement. */
static int judge_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct judgement *j = arg;
	struct verdict v;
	auto_buf statement = BUF_INIT(LIMIT_DSSE_PAYLOAD);
	int r = bundle_judge(j, &v, &statement, e);

	if (r < 0)
		return r;
	buf_put(emit, &v, sizeof(v));
	buf_put(emit, statement.p, statement.n);
	return buf_check(emit, "verdict", e);
}

static int judge_sandboxed(struct judgement *j, struct verdict *ret, struct buf *ret_statement,
			   struct err *e)
{
	const struct sandbox box = { .what = "bundle", .write_dir = -1, .cpu_seconds = 30 };
	auto_buf out = BUF_INIT(sizeof(*ret) + LIMIT_DSSE_PAYLOAD);
	int r;

	crypto_init();
	r = sandbox_run(&box, judge_in_child, j, &out, e);
	if (r < 0)
		return r;
	if (out.n < sizeof(*ret))
		return FAIL(e, E_INTERNAL, "bundle: the child gave %zu bytes", out.n);
	memcpy(ret, out.p, sizeof(*ret));
	if (ret->signer >= j->trust->n)
		return FAIL(e, E_INTERNAL, "bundle: the child named signer %zu", ret->signer);
	ret->statement.predicate_type[LIMIT_PREDICATE_TYPE] = '\0';
	ret->statement.name[sizeof(ret->statement.name) - 1] = '\0';
	text_sanitize(ret->statement.predicate_type);
	text_sanitize(ret->statement.name);
	buf_put(ret_statement, out.p + sizeof(*ret), out.n - sizeof(*ret));
	return buf_check(ret_statement, "statement", e);
}

static int add_found(struct sigstore_findings *f, const struct desc *carrier,
		     const struct sigstore_signer *signer, const struct verdict *v,
		     struct buf *statement, struct err *e)
{
	struct sigstore_found *to = reallocarray(f->v, f->n + 1, sizeof(*to));

	if (!to)
		return FAIL_NOMEM(e);
	f->v = to;
	to += f->n++;
	*to = (struct sigstore_found){ .carrier = carrier->digest, .statement = *statement };
	*statement = BUF_INIT(0);
	(void)snprintf(to->signer, sizeof(to->signer), "%s", signer->name);
	memcpy(to->key_id, signer->id, sizeof(to->key_id));
	memcpy(to->predicate_type, v->statement.predicate_type, sizeof(to->predicate_type));
	memcpy(to->repository, v->statement.name, sizeof(to->repository));
	return 0;
}

static int try_one(const struct store *s, const struct desc *carrier, struct judgement *j,
		   const struct sigstore_query *q, struct sigstore_findings *f, struct err *e)
{
	auto_buf bundle = BUF_INIT(LIMIT_BUNDLE), statement = BUF_INIT(LIMIT_DSSE_PAYLOAD);
	struct err why = ERR_INIT;
	struct verdict v;
	int r = bundle_read(s, carrier, j->manifest, &bundle, &why);

	j->bundle = (struct str){ buf_str(&bundle), bundle.n };
	if (r == 0)
		r = judge_sandboxed(j, &v, &statement, &why);
	if (r < 0) {
		if (proc_interrupted(e) < 0)
			return E_SIGNAL;
		return strv_addf(&f->refused, e, "bundle %.19s: %.300s", carrier->digest.s,
				 why.msg);
	}
	if (q->predicate_type && strcmp(q->predicate_type, v.statement.predicate_type) != 0)
		return 0;
	return add_found(f, carrier, &j->trust->v[v.signer], &v, &statement, e);
}

int sigstore_find(const struct store *s, const struct desc *manifest,
		  const struct sigstore_trust *trust, const struct sigstore_query *q,
		  struct sigstore_findings *ret, struct err *e)
{
	auto_sigstore_findings f = { 0 };
	auto_buf repository = BUF_INIT(2 * LIMIT_REF);
	auto_json *list = NULL;
	struct judgement j = { .manifest = manifest, .trust = trust };
	int r;

	if (q->ref) {
		ref_repository(q->ref, &repository);
		j.repository = buf_str(&repository);
	}
	if ((r = store_blob_verify(s, manifest, e)) < 0 ||
	    (r = store_referrers(s, &manifest->digest, SIGSTORE_BUNDLE_TYPE, &list, e)) < 0)
		return r;
	f.more = json_array_size(list) > LIMIT_SIGNATURES;
	for (size_t i = 0; r == 0 && i < json_array_size(list) && i < LIMIT_SIGNATURES; i++) {
		struct desc d;

		if (desc_parse(json_array_get(list, i), "referrer", &d, NULL) == 0)
			r = try_one(s, &d, &j, q, &f, e);
	}
	if (r < 0)
		return r;
	*ret = f;
	f = (struct sigstore_findings){ 0 };
	return 0;
}

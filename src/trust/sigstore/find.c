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
	int r = j->annotations ? simple_judge(j, &v, e) : bundle_judge(j, &v, &statement, e);

	if (r < 0)
		return r;
	buf_put(emit, &v, sizeof(v));
	buf_put(emit, statement.p, statement.n);
	return buf_check(emit, "verdict", e);
}

static void clean(char *text, size_t cap)
{
	text[cap - 1] = '\0';
	text_sanitize(text);
}

/* What the child says is checked again: it has read hostile bytes. */
static int read_verdict(const struct buf *out, const struct judgement *j, struct verdict *v,
			struct err *e)
{
	size_t signers;

	if (out->n < sizeof(*v))
		return FAIL(e, E_INTERNAL, "signature: the child gave %zu bytes", out->n);
	memcpy(v, out->p, sizeof(*v));
	signers = v->proof.keyless ? j->trust->identities_n : j->trust->n;
	if (v->signer >= signers)
		return FAIL(e, E_INTERNAL, "signature: the child named signer %zu", v->signer);
	clean(v->statement.predicate_type, sizeof(v->statement.predicate_type));
	clean(v->statement.name, sizeof(v->statement.name));
	clean(v->proof.identity.name, sizeof(v->proof.identity.name));
	clean(v->proof.identity.issuer, sizeof(v->proof.identity.issuer));
	clean(v->proof.key_id, sizeof(v->proof.key_id));
	return 0;
}

static void fill(struct sigstore_found *to, const struct judgement *j, const struct verdict *v)
{
	const char *signer = v->proof.keyless ? j->trust->identities[v->signer].label
					      : j->trust->v[v->signer].name;

	to->format = j->annotations ? SIGSTORE_SIMPLE : SIGSTORE_BUNDLE;
	to->keyless = v->proof.keyless;
	to->time = v->proof.time;
	(void)snprintf(to->signer, sizeof(to->signer), "%s", signer ? signer : "");
	(void)snprintf(to->key_id, sizeof(to->key_id), "%s", v->proof.key_id);
	(void)snprintf(to->identity, sizeof(to->identity), "%s", v->proof.identity.name);
	(void)snprintf(to->issuer, sizeof(to->issuer), "%s", v->proof.identity.issuer);
	memcpy(to->predicate_type, v->statement.predicate_type, sizeof(to->predicate_type));
	memcpy(to->repository, v->statement.name, sizeof(to->repository));
}

static int judge_sandboxed(struct judgement *j, struct sigstore_found *ret, struct err *e)
{
	const struct sandbox box = { .what = "signature", .write_dir = -1, .cpu_seconds = 30 };
	auto_buf out = BUF_INIT(sizeof(struct verdict) + LIMIT_DSSE_PAYLOAD);
	struct sigstore_found f = { .statement = BUF_INIT(LIMIT_DSSE_PAYLOAD) };
	struct verdict v;
	int r;

	crypto_init();
	if ((r = sandbox_run(&box, judge_in_child, j, &out, e)) < 0 ||
	    (r = read_verdict(&out, j, &v, e)) < 0)
		return r;
	fill(&f, j, &v);
	buf_put(&f.statement, out.p + sizeof(v), out.n - sizeof(v));
	r = buf_check(&f.statement, "statement", e);
	if (r < 0) {
		buf_free(&f.statement);
		return r;
	}
	*ret = f;
	return 0;
}

int sigstore_verify_blob(struct str bundle, const struct digest *digest, struct str artifact,
			 const struct sigstore_trust *trust, struct sigstore_found *ret,
			 struct err *e)
{
	struct judgement j = {
		.bytes = bundle, .digest = digest, .artifact = artifact, .trust = trust
	};

	return judge_sandboxed(&j, ret, e);
}

/* Those of an image. */

struct search {
	const struct store *store;
	const struct sigstore_query *q;
	struct judgement j;
	struct sigstore_findings *f;
};

static int add_found(struct sigstore_findings *f, struct sigstore_found *found, struct err *e)
{
	struct sigstore_found *v = reallocarray(f->v, f->n + 1, sizeof(*v));

	if (!v) {
		buf_free(&found->statement);
		return FAIL_NOMEM(e);
	}
	f->v = v;
	f->v[f->n++] = *found;
	return 0;
}

/* One signature. before tells why it could not even be read, or is 0. */
static int try_one(struct search *s, const struct desc *carrier, int before, struct err *why,
		   struct err *e)
{
	const char *want = s->q->predicate_type;
	struct sigstore_found found;
	int r = before < 0 ? before : judge_sandboxed(&s->j, &found, why);

	if (r < 0) {
		/* To be ended says nothing of the signature: it is not refused. */
		if (proc_interrupted(e) < 0)
			return E_SIGNAL;
		return strv_addf(&s->f->refused, e, "%s %.19s: %.400s",
				 s->j.annotations ? "signature in" : "bundle", carrier->digest.s,
				 why->msg);
	}
	found.carrier = carrier->digest;
	if (want && strcmp(want, found.predicate_type) != 0) {
		buf_free(&found.statement);
		return 0;
	}
	return add_found(s->f, &found, e);
}

static int try_bundles(struct search *s, const struct desc *manifest, struct err *e)
{
	auto_json *list = NULL;
	int r = store_referrers(s->store, &manifest->digest, SIGSTORE_BUNDLE_TYPE, &list, e);

	s->f->more |= json_array_size(list) > LIMIT_SIGNATURES;
	s->j.annotations = NULL;
	/* The newest first: a nightly scan must not be hidden behind those of a hundred nights. */
	for (size_t n = json_array_size(list), i = 0; r == 0 && i < n && i < LIMIT_SIGNATURES;
	     i++) {
		auto_buf bundle = BUF_INIT(LIMIT_BUNDLE);
		struct err why = ERR_INIT;
		struct desc d;
		int read;

		if (desc_parse(json_array_get(list, n - 1 - i), "referrer", &d, NULL) < 0)
			continue;
		read = bundle_read(s->store, &d, manifest, &bundle, &why);
		s->j.bytes = (struct str){ buf_str(&bundle), bundle.n };
		r = try_one(s, &d, read, &why, e);
	}
	return r;
}

static int try_simple(struct search *s, const struct desc *manifest, struct err *e)
{
	auto_manifest m = { 0 };
	auto_json *none = json_object();
	struct err why = ERR_INIT;
	struct desc carrier;
	int r;

	if (!s->q->ref || !s->q->ref->name[0])
		return 0;
	r = simple_load(s->store, s->q->ref, &manifest->digest, &m, &carrier, &why);
	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return strv_addf(&s->f->refused, e, "%.400s", why.msg);
	s->f->more |= m.layers_n > LIMIT_SIGNATURES;
	for (size_t i = 0; r == 0 && i < m.layers_n && i < LIMIT_SIGNATURES; i++) {
		auto_buf payload = BUF_INIT(LIMIT_SIMPLE);
		const json_t *notes = NULL;
		int read = simple_layer(s->store, &m, i, &payload, &notes, &why);

		s->j.annotations = notes ? notes : none;
		s->j.bytes = (struct str){ buf_str(&payload), payload.n };
		r = try_one(s, &carrier, read, &why, e);
	}
	return r;
}

int sigstore_find(const struct store *s, const struct desc *manifest,
		  const struct sigstore_trust *trust, const struct sigstore_query *q,
		  struct sigstore_findings *ret, struct err *e)
{
	auto_sigstore_findings f = { 0 };
	auto_buf repository = BUF_INIT(2 * LIMIT_REF), bytes = BUF_INIT(LIMIT_MANIFEST);
	struct search search = {
		.store = s, .q = q, .f = &f, .j = { .digest = &manifest->digest, .trust = trust }
	};
	int r;

	if (q->ref && !q->any_repository) {
		ref_repository(q->ref, &repository);
		search.j.repository = buf_str(&repository);
	}
	/* Which also checks the digest: the bytes that are signed are those that we hold. */
	if ((r = store_blob_read(s, manifest, LIMIT_MANIFEST, &bytes, e)) < 0)
		return r;
	search.j.artifact = (struct str){ buf_str(&bytes), bytes.n };
	if ((r = try_bundles(&search, manifest, e)) < 0 ||
	    (r = try_simple(&search, manifest, e)) < 0)
		return r;
	*ret = f;
	f = (struct sigstore_findings){ 0 };
	return 0;
}

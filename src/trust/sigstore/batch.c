/* SPDX-License-Identifier: Apache-2.0 */
/* Judging many signatures in few processes. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "sandbox/sandbox.h"
#include "trust/sigstore/internal.h"

/* What a child says of one: this, and behind it the statement. */
struct record {
	int r;
	struct verdict v;
	size_t statement_n;
	char why[512];
};

struct batch {
	struct trial *v;
	size_t n;
};

static int judge_one(const struct judgement *j, struct verdict *v, struct buf *statement,
		     struct err *e)
{
	switch (j->form) {
	case SIGNED_BUNDLE: return bundle_judge(j, v, statement, e);
	case SIGNED_SIMPLE: return simple_judge(j, v, e);
	case SIGNED_ENVELOPE: return envelope_judge(j, v, statement, e);
	}
	return FAIL(e, E_INTERNAL, "signature of form %d", (int)j->form);
}

static int judge_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct batch *b = arg;

	for (size_t i = 0; i < b->n; i++) {
		auto_buf statement = BUF_INIT(LIMIT_DSSE_PAYLOAD);
		struct err why = ERR_INIT;
		struct record rec = { 0 };

		rec.r = judge_one(&b->v[i].j, &rec.v, &statement, &why);
		if (rec.r < 0)
			(void)snprintf(rec.why, sizeof(rec.why), "%.511s", why.msg);
		else
			rec.statement_n = statement.n;
		buf_put(emit, &rec, sizeof(rec));
		buf_put(emit, statement.p, rec.statement_n);
	}
	return buf_check(emit, "verdicts", e);
}

/* What the child says is checked again: it has read hostile bytes. */

/* One line: what a stranger wrote must not look like one of ours. */
static void clean(char *text, size_t cap)
{
	text[cap - 1] = '\0';
	text_sanitize(text);
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
}

static int check_verdict(struct verdict *v, const struct judgement *j, struct err *e)
{
	const size_t signers = v->proof.keyless ? j->trust->identities_n : j->trust->n;

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

	to->format = j->form == SIGNED_BUNDLE	? SIGSTORE_BUNDLE
		     : j->form == SIGNED_SIMPLE ? SIGSTORE_SIMPLE
						: SIGSTORE_ENVELOPE;
	to->keyless = v->proof.keyless;
	to->time = v->proof.time;
	(void)snprintf(to->signer, sizeof(to->signer), "%s", signer ? signer : "");
	(void)snprintf(to->key_id, sizeof(to->key_id), "%s", v->proof.key_id);
	(void)snprintf(to->identity, sizeof(to->identity), "%s", v->proof.identity.name);
	(void)snprintf(to->issuer, sizeof(to->issuer), "%s", v->proof.identity.issuer);
	memcpy(to->predicate_type, v->statement.predicate_type, sizeof(to->predicate_type));
	memcpy(to->repository, v->statement.name, sizeof(to->repository));
}

static enum err_code refusal(int r)
{
	return r == E_VERIFY || r == E_NOMEM || r == E_INTERNAL ? (enum err_code)r : E_FORMAT;
}

static int read_record(struct str *from, struct trial *t, struct err *e)
{
	struct record rec;
	struct err own = ERR_INIT;

	if (from->n < sizeof(rec))
		return FAIL(e, E_INTERNAL, "signatures: the child said too little");
	memcpy(&rec, from->p, sizeof(rec));
	*from = (struct str){ from->p + sizeof(rec), from->n - sizeof(rec) };
	if (rec.r < 0) {
		clean(rec.why, sizeof(rec.why));
		t->r = FAIL(&t->why, refusal(rec.r), "%s", rec.why);
		return 0;
	}
	if (rec.statement_n > from->n || rec.statement_n > LIMIT_DSSE_PAYLOAD)
		return FAIL(e, E_INTERNAL, "signatures: the child said too little");
	t->found = (struct sigstore_found){ .statement = BUF_INIT(LIMIT_DSSE_PAYLOAD) };
	t->r = check_verdict(&rec.v, &t->j, &own);
	if (t->r == 0) {
		fill(&t->found, &t->j, &rec.v);
		buf_put(&t->found.statement, from->p, rec.statement_n);
		t->r = buf_check(&t->found.statement, "statement", &own);
	}
	t->why = own;
	*from = (struct str){ from->p + rec.statement_n, from->n - rec.statement_n };
	return 0;
}

static int run(struct trial *v, size_t n, struct err *e)
{
	const struct sandbox box = { .what = "signature", .write_dir = -1, .cpu_seconds = 30 };
	struct batch b = { .v = v, .n = n };
	size_t most = n * sizeof(struct record);
	struct str said;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		most += v[i].j.bytes.n; /* a statement is shorter than what it is in */
	auto_buf out = BUF_INIT(most);

	crypto_init();
	r = sandbox_run(&box, judge_in_child, &b, &out, e);
	said = (struct str){ buf_str(&out), out.n };
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_record(&said, &v[i], e);
	return r;
}

void signatures_judge(struct trial *v, size_t n, uint64_t until)
{
	struct err e = ERR_INIT;

	if (n == 0 || run(v, n, &e) == 0)
		return;
	for (size_t i = 0; i < n; i++)
		buf_free(&v[i].found.statement);
	if (n == 1) {
		v->r = e.code;
		v->why = e;
		return;
	}
	/* One of them ended the child: it must not take the others with it. */
	for (size_t i = 0; i < n; i++)
		if (proc_interrupted(NULL) < 0 || clock_mono_ms() >= until)
			v[i].r = FAIL(&v[i].why, E_VERIFY, "there was no time left to try it");
		else
			signatures_judge(&v[i], 1, until);
}

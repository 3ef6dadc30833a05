/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate() in a sandboxed child, as often as it has questions (revocation.h). */
#include <string.h>

#include "sandbox/sandbox.h"
#include "trust/internal.h"
#include "trust/revocation.h"

/* What the child tells. No pointers: it crosses the pipe as it is, up to the last question. */
struct verdict {
	struct trust_result result;
	struct wants wants;
};

static size_t told_size(const struct verdict *v)
{
	return offsetof(struct verdict, wants.v) + v->wants.n * sizeof(v->wants.v[0]);
}

static int evaluate_in_child(void *arg, struct buf *emit, struct err *e)
{
	struct verdict *told = calloc(1, sizeof(*told));
	struct evaluation v = *(const struct evaluation *)arg;
	int r;

	if (!told)
		return FAIL_NOMEM(e);
	v.wants = &told->wants;
	r = evaluate(&v, &told->result, e);
	/* With a question open, nothing is decided. */
	if (r < 0 && told->wants.n)
		r = 0;
	if (r == 0)
		buf_put(emit, told, told_size(told));
	free(told);
	return r;
}

/* Strings from the child end, whatever became of it. */
static void terminate(struct trust_result *r)
{
	r->subject[sizeof(r->subject) - 1] = '\0';
	r->thumbprint[sizeof(r->thumbprint) - 1] = '\0';
	r->trusted[sizeof(r->trusted) - 1] = '\0';
	r->key[sizeof(r->key) - 1] = '\0';
	r->repository[sizeof(r->repository) - 1] = '\0';
	text_sanitize(r->subject);
	text_sanitize(r->repository);
	for (int i = 0; i < TRUST_CHECKS; i++) {
		r->checks[i].text[sizeof(r->checks[i].text) - 1] = '\0';
		text_sanitize(r->checks[i].text);
	}
}

static int one_round(const struct evaluation *v, struct verdict *ret, struct err *e)
{
	static const char *const libraries[] = { "crypto", NULL };
	const struct sandbox box = {
		.what = "signature", .write_dir = -1, .cpu_seconds = 30, .libraries = libraries
	};
	auto_buf out = BUF_INIT(sizeof(*ret));
	struct evaluation copy = *v;
	int r;

	crypto_init();
	r = sandbox_run(&box, evaluate_in_child, &copy, &out, e);
	if (r < 0)
		return r;
	if (out.n < offsetof(struct verdict, wants.v))
		return FAIL(e, E_INTERNAL, "signature: the child gave %zu bytes", out.n);
	memcpy(ret, out.p, out.n);
	terminate(&ret->result);
	if (ret->wants.n > LIMIT_WANTS)
		return FAIL(e, E_INTERNAL, "signature: the child has %zu questions", ret->wants.n);
	if (out.n != told_size(ret))
		return FAIL(e, E_INTERNAL, "signature: the child gave %zu bytes for %zu questions",
			    out.n, ret->wants.n);
	return 0;
}

int evaluate_sandboxed(const struct evaluation *v, struct answers *answers,
		       struct trust_result *ret, struct err *e)
{
	auto_free struct verdict *told = calloc(1, sizeof(*told));
	struct evaluation own = *v;
	int r = 0;

	if (!told)
		return FAIL_NOMEM(e);
	own.answers = answers;
	for (int round = 0; round < LIMIT_ROUNDS; round++) {
		r = one_round(&own, told, e);
		if (r < 0)
			return r;
		if (told->wants.n == 0) {
			*ret = told->result;
			return 0;
		}
		r = answers_ask(answers, &told->wants, e);
		if (r < 0)
			return r;
	}
	return FAIL(e, E_VERIFY, "its certificates name too many places to ask about revocation");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The half of revocation.h that has the network: no byte of an answer is looked at here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "trust/ask.h"
#include "trust/internal.h"
#include "trust/revocation.h"

void answers_free(struct answers *a)
{
	for (size_t i = 0; i < a->n; i++)
		buf_free(&a->v[i].bytes);
	free(a->v);
	fetch_free(a->fetch);
	*a = (struct answers){ 0 };
}

static bool same(const struct want *a, const struct want *b)
{
	return a->ocsp == b->ocsp && strcmp(a->url, b->url) == 0 && a->request_n == b->request_n &&
	       memcmp(a->request, b->request, a->request_n) == 0;
}

const struct answer *answers_find(const struct answers *a, const struct want *w)
{
	for (size_t i = 0; a && i < a->n; i++)
		if (same(&a->v[i].want, w))
			return &a->v[i];
	return NULL;
}

/* What the child may ask for, whatever became of it. */
static bool proper(const struct want *w)
{
	size_t n = strnlen(w->url, sizeof(w->url));

	if (n == sizeof(w->url) || w->request_n > sizeof(w->request) ||
	    strncasecmp(w->url, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (w->url[i] <= ' ' || w->url[i] > '~')
			return false;
	return true;
}

static struct answer *slot(struct answers *a, const struct want *w)
{
	struct answer *v;

	for (size_t i = 0; i < a->n; i++)
		if (same(&a->v[i].want, w))
			return &a->v[i];
	v = reallocarray(a->v, a->n + 1, sizeof(*v));
	if (!v)
		return NULL;
	a->v = v;
	a->v[a->n] = (struct answer){
		.want = *w, .bytes = BUF_INIT(w->ocsp ? (size_t)LIMIT_OCSP : (size_t)LIMIT_CRL)
	};
	return &a->v[a->n++];
}

static int ask_one(struct answers *a, const struct want *w, struct err *e)
{
	struct answer *ans = slot(a, w);
	const struct ask q = { .url = w->url,
			       .content_type = w->ocsp ? "application/ocsp-request" : NULL,
			       .body = { (const char *)w->request, w->request_n },
			       .max = w->ocsp ? (size_t)LIMIT_OCSP : (size_t)LIMIT_CRL,
			       .seconds = w->ocsp ? OCSP_SECONDS : CRL_SECONDS };
	struct err why = ERR_INIT;
	int r;

	if (!ans)
		return FAIL_NOMEM(e);
	buf_reset(&ans->bytes);
	ans->why[0] = '\0';
	ans->cached = revocation_cached(a->state, w, &ans->bytes);
	if (ans->cached)
		return 0;
	buf_reset(&ans->bytes);
	if (!a->began)
		a->began = clock_now();
	r = clock_now() - a->began > REVOCATION_SECONDS
		    ? FAIL(&why, E_REMOTE, "%.200s: there was no time left to ask", w->url)
		    : ask(&a->fetch, &q, &ans->bytes, &why);
	if (r == 0) {
		revocation_cache(a->state, w, &ans->bytes);
		return 0;
	}
	if (proc_interrupted(e) < 0)
		return E_SIGNAL;
	(void)snprintf(ans->why, sizeof(ans->why), "%.190s", why.msg);
	text_sanitize(ans->why);
	buf_reset(&ans->bytes);
	return 0;
}

int answers_ask(struct answers *a, const struct wants *wants, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < wants->n; i++)
		r = proper(&wants->v[i]) ? ask_one(a, &wants->v[i], e)
					 : FAIL(e, E_INTERNAL, "revocation: an improper question");
	return r;
}

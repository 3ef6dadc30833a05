/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "crypto/revocation.h"
#include "registry/fetch/fetch.h"

/*
 * Whether certificates were revoked is found out in rounds: the sandboxed child, which reads
 * certificates and answers, tells what it wants to know; the parent, which has the network and a
 * cache, asks. OCSP comes first, a CRL where that does not decide (signing.md 1.9).
 */
enum {
	LIMIT_WANTS = 32,  /* questions for one signature */
	LIMIT_ROUNDS = 24, /* of asking: each place of a certificate, its changes, and both anew */
	OCSP_SECONDS = 2,
	CRL_SECONDS = 5,
	REVOCATION_SECONDS = 20, /* for all questions of one verification */
	OCSP_KEPT = 600,	 /* how long an answer is taken from the cache, at most */
	CRL_KEPT = 24 * 3600,
	LIMIT_ANSWERS_KEPT = 256,		 /* files of the cache */
	LIMIT_ANSWERS_BYTES = 128 * 1024 * 1024, /* of all of them */
};

/* A question. No pointers: it crosses the child's pipe. */
struct want {
	bool ocsp; /* else a CRL */
	bool anew; /* what the cache has is of no use: out of date, damaged */
	char url[LIMIT_REVOCATION_URL + 1];
	uint16_t request_n;
	unsigned char request[LIMIT_OCSP_REQUEST]; /* OCSP */
};
struct wants {
	size_t n;
	struct want v[LIMIT_WANTS];
};

struct answer {
	struct want want;
	struct buf bytes;
	bool cached;
	char why[200]; /* why there are none */
};
struct answers {
	struct answer *v;
	size_t n;
	const struct state *state; /* whose cache; NULL: none */
	struct fetch *fetch;	   /* started with the first question */
	int64_t began;		   /* 0: nothing was asked yet */
};
/* revocation_cache.c: one file a question, named by it. Broken and old ones are of no use and no
 * harm, and go when others come. */
bool revocation_cached(const struct state *state, const struct want *w, struct buf *ret);
void revocation_cache(const struct state *state, const struct want *w, const struct buf *bytes);

void answers_free(struct answers *a);
#define auto_answers __attribute__((cleanup(answers_free))) struct answers

const struct answer *answers_find(const struct answers *a, const struct want *w);
/* Asks, each once; those that did not answer are answers, too. Wants come from the child and are
 * checked. Negative only when memory is out, or for E_SIGNAL and E_INTERNAL. */
int answers_ask(struct answers *a, const struct wants *wants, struct err *e);

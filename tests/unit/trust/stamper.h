/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A time-stamping authority that the world of world.h trusts. */
#include "crypto/tsa_maker.h"
#include "world.h"

/* An authority, and that its root is trusted. */
struct stamper {
	struct tsa tsa;
	char where[1][WHERE_LEN];
	struct trusted trusted;
};

static void stamper_open_as(struct stamper *s, const struct spec specs[2], int64_t now)
{
	tsa_open(&s->tsa, specs, now);
	(void)snprintf(s->where[0], sizeof(s->where[0]), "t/root.pem");
	s->trusted = (struct trusted){ .v = &s->tsa.chain.v[1], .where = s->where, .n = 1 };
}

__attribute__((unused)) static void stamper_open(struct stamper *s, int64_t now)
{
	static const struct spec old[2] = { { .name = "tsa",
					      .usage = "critical,digitalSignature",
					      .ext_usage = "critical,timeStamping",
					      .from_days = -1000,
					      .days = 2000 },
					    { .name = "tsa root",
					      .basic = "critical,CA:TRUE",
					      .usage = "critical,keyCertSign",
					      .from_days = -1000,
					      .days = 2000 } };

	stamper_open_as(s, old, now);
}

static void stamper_close(struct stamper *s)
{
	tsa_close(&s->tsa);
}
#define auto_stamper __attribute__((cleanup(stamper_close))) struct stamper

/* A signature of w with a timestamp of s over it; over something else when other is set. */
static void stamped(const struct world *w, struct stamper *s, const char *other, struct buf *ret)
{
	auto_buf plain = BUF_INIT(LIMIT_ENVELOPE), token = BUF_INIT(LIMIT_TIMESTAMP);
	auto_envelope v = { .payload = BUF_INIT(0) };
	struct err e = ERR_INIT;
	const char *hash = NULL;
	struct str over;

	sign_as(w, GOOD_PAYLOAD, 0, &plain);
	if (envelope_verify(w->form, (struct str){ plain.p, plain.n }, NOTARY_PAYLOAD_TYPE, &v,
			    &e) < 0)
		abort();
	over = other ? str_of(other) : (struct str){ v.signature.p, v.signature.n };
	if (envelope_hash(&w->chain, &hash, &e) < 0 ||
	    tsa_token(&s->tsa, over, hash, &token, NULL, &e) < 0 ||
	    envelope_add_timestamp(w->form, (struct str){ plain.p, plain.n },
				   (struct str){ token.p, token.n }, ret, &e) < 0) {
		printf("# %s\n", e.msg);
		abort();
	}
}

__attribute__((unused)) static void expect_stamped(const struct world *w, struct stamper *s,
						   int code, const char *message)
{
	auto_buf b = BUF_INIT(LIMIT_ENVELOPE);
	struct trust_result res;
	struct err e = ERR_INIT;
	int r;

	stamped(w, s, NULL, &b);
	r = judge(w, &b, &res, &e);
	if (r != code || (message && !strstr(e.msg, message)))
		printf("# want '%s', got %d '%s'\n", message ? message : "", r, e.msg);
	CHECK(r == code && (!message || strstr(e.msg, message)));
	if (r == 0 && res.checks[TRUST_TIMESTAMP].outcome == TRUST_PASSED && res.proven_time)
		CHECK(res.proven_time == s->tsa.now);
}

static void always(struct world *w, const char *verification)
{
	world_policy(w, verification, "[\"ca:s\",\"tsa:t\"]", "[\"*\"]");
}

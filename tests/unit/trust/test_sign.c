/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a signature that is there is the one that is asked for. */
#include "children.h"
#include "crypto/chain_maker.h"
#include "tap.h"
#include "temp_state.h"

/* The signature that is there, with these bytes as its timestamp. */
static void put_stamp(const struct temp *t, enum envelope_form form, const struct desc *sig,
		      struct str stamp)
{
	auto_buf envelope = BUF_INIT(LIMIT_ENVELOPE), stamped = BUF_INIT(LIMIT_ENVELOPE);
	auto_close int dir = trust_dir(&t->state, false, NULL);
	auto_chain chain = { .n = 0 };
	struct err e = ERR_INIT;
	enum envelope_form is;
	struct desc d;

	CHECK(trust_key_chain(dir, "default", &chain, &e) == 0);
	CHECK(signature_read(t->store, sig, &t->image, &is, &envelope, &e) == 0 && is == form);
	CHECK(envelope_add_timestamp(form, (struct str){ envelope.p, envelope.n }, stamp, &stamped,
				     &e) == 0);
	CHECK(signature_attach(t->store, form, (struct str){ stamped.p, stamped.n }, &chain,
			       &t->image, 1795000000, &d, &e) == 0);
}

/* A timestamp that proves nothing is none: the authority is asked, who is not there. */
TEST(a_timestamp_of_nobody)
{
	static const enum envelope_form forms[] = { ENVELOPE_JWS, ENVELOPE_COSE };

	for (size_t i = 0; i < 2; i++) {
		const struct spec specs[] = { CA_SPEC("clock") };
		const struct trust_init_opts io = { .kind = KEY_EC_P256 };
		struct trust_sign_opts o = { .form = forms[i] };
		auto_secret key = BUF_INIT(LIMIT_KEY_PEM);
		auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
		auto_chain roots = { .n = 0 };
		struct err e = ERR_INIT;
		struct desc sig, again;
		bool existing = true;
		auto_temp t;

		temp_open(&t);
		maker_chain(specs, 1, &roots, &key);
		CHECK(cert_to_pem(roots.v[0], &pem, &e) == 0);
		CHECK(trust_init(&t.state, &io, NULL, &e) == 0);
		CHECK(trust_sign(&t.state, t.store, &t.image, &o, &sig, &existing, &e) == 0 &&
		      !existing);
		put_stamp(&t, o.form, &sig, STR("\x30\x03\x02\x01\x01"));
		CHECK(trust_sign(&t.state, t.store, &t.image, &o, &again, &existing, &e) == 0 &&
		      existing);
		o.timestamp_url = "http://127.0.0.1:1/";
		o.timestamp_roots = (struct str){ pem.p, pem.n };
		CHECK(trust_sign(&t.state, t.store, &t.image, &o, &again, &existing, &e) < 0);
	}
}

struct signing_now {
	struct temp *t;
	struct trust_sign_opts o;
};

static bool sign_now(void *arg)
{
	const struct signing_now *s = arg;
	struct desc d;

	return trust_sign(&s->t->state, s->t->store, &s->t->image, &s->o, &d, NULL, NULL) == 0;
}

/* Signatures of something else are seen to be others without a process for each. */
TEST(beside_many_others)
{
	static const enum envelope_form forms[] = { ENVELOPE_JWS, ENVELOPE_COSE };

	for (size_t i = 0; i < 2; i++) {
		const struct trust_init_opts io = { .kind = KEY_EC_P256 };
		auto_temp few, many;
		struct signing_now one = { .t = &few, .o = { .form = forms[i] } },
				   more = { .t = &many, .o = { .form = forms[i] } };
		struct err e = ERR_INIT;
		int least;

		temp_open(&few);
		temp_open(&many);
		CHECK(trust_init(&few.state, &io, NULL, &e) == 0);
		CHECK(trust_init(&many.state, &io, NULL, &e) == 0);
		for (int n = 0; n < 8; n++) {
			auto_json *notes = json_pack("{s:o}", "build", json_sprintf("%d", n));

			more.o.annotations = notes;
			CHECK(sign_now(&more));
		}
		more.o.annotations = NULL;
		least = children_of(sign_now, &one);
		if (least < 0)
			TAP_SKIP("no PID namespace");
		CHECK(least > 0 && children_of(sign_now, &more) == least);
		/* What is there is recognised by one, and no key is asked. */
		CHECK(children_of(sign_now, &more) == 1);
	}
}

TAP_MAIN()

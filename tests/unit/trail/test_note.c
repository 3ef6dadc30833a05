/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "tap.h"
#include "trail/checkpoint.h"

TAP_MAIN()

#define DASH "\xe2\x80\x94"

/* The example of golang.org/x/mod/sumdb/note: a public key and a note that it signed. */
static const char go_vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char go_text[] = "If you think cryptography is the answer to your problem,\n"
			      "then you don't know what your problem is.\n";
static const char go_sig[] =
	DASH " PeterNeumann "
	     "x08go/ZJkuBS9UG/"
	     "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static int verify(const char *vkey, const char *text, const char *sigs, struct err *e)
{
	auto_note_key key = { .key = NULL };
	auto_buf b = BUF_INIT(LIMIT_NOTE);
	const struct note_key *keys[] = { &key };
	struct note n;
	int r = note_key_parse(str_of(vkey), &key, e);

	buf_printf(&b, "%s\n%s", text, sigs);
	if (r < 0 || (r = note_parse((struct str){ b.p, b.n }, &n, e)) < 0)
		return r;
	CHECK(str_eqz(n.text, text));
	return note_verify(&n, keys, 1, e);
}

TEST(a_note_of_another_implementation)
{
	struct err e = ERR_INIT;

	CHECK(verify(go_vkey, go_text, go_sig, &e) == 0);
	if (e.code)
		printf("# %s\n", e.msg);
	CHECK(verify(go_vkey, "If you think otherwise.\n", go_sig, &e) == E_VERIFY);
}

TEST(other_signatures_are_passed_over_and_bad_ones_of_ours_are_not)
{
	auto_buf sigs = BUF_INIT(4096);
	struct err e;

	buf_printf(&sigs, "%s%s another.example AAAAAQIDBA==\n", go_sig, DASH);
	CHECK(verify(go_vkey, go_text, buf_str(&sigs), &e) == 0);
	CHECK(verify(go_vkey, go_text, DASH " another.example AAAAAQIDBA==\n", &e) == E_VERIFY);
	/* Our name and id, but not a signature: refused even beside a good one. */
	buf_reset(&sigs);
	buf_printf(&sigs, "%s%s PeterNeumann x08gowAAAAA=\n", go_sig, DASH);
	CHECK(verify(go_vkey, go_text, buf_str(&sigs), &e) == E_VERIFY);
	/* Our name and another id is another key. */
	buf_reset(&sigs);
	buf_printf(&sigs, "%s%s PeterNeumann AAAAAQIDBA==\n", go_sig, DASH);
	CHECK(verify(go_vkey, go_text, buf_str(&sigs), &e) == 0);
}

static int parse(const char *s, size_t n)
{
	struct note note;
	struct err e;

	return note_parse((struct str){ s, n }, &note, &e);
}

TEST(hostile_notes)
{
	static const struct {
		const char *s;
		size_t n;
	} cases[] = {
#define S(x) { x, sizeof(x) - 1 }
		S(""),
		S("\n"),
		S("\n\n"),
		S("text"),
		S("text\n"),
		S("text\n\n"),
		S("text\n" DASH " a AAAAAQI=\n"),		/* no empty line */
		S("text\n\n" DASH " a AAAAAQI="),		/* no newline at the end */
		S("text\n\n- a AAAAAQI=\n"),			/* a hyphen */
		S("text\n\n" DASH "a AAAAAQI=\n"),		/* no space */
		S("text\n\n" DASH "  AAAAAQI=\n"),		/* no name */
		S("text\n\n" DASH " a\n"),			/* no signature */
		S("text\n\n" DASH " a AAAAAQ==\n"),		/* an id only */
		S("text\n\n" DASH " a AAAAAQI\n"),		/* no padding */
		S("text\n\n" DASH " a AAAAAQJ=\n"),		/* stray bits */
		S("text\n\n" DASH " a  AAAAAQI=\n"),		/* two spaces */
		S("text\n\n" DASH " a AAAAAQI= \n"),		/* a space at the end */
		S("text\n\n" DASH " a+b AAAAAQI=\n"),		/* a plus in the name */
		S("text\n\n" DASH " a\xc2\xa0z AAAAAQI=\n"),	/* a no-break space in the name */
		S("text\n\n" DASH " a\xe3\x80\x80 AAAAAQI=\n"), /* an ideographic space */
		S("text\r\n\n" DASH " a AAAAAQI=\n"),		/* a carriage return */
		S("te\0xt\n\n" DASH " a AAAAAQI=\n"),		/* NUL */
		S("te\xffxt\n\n" DASH " a AAAAAQI=\n"),		/* not UTF-8 */
		S("text\n\n" DASH " a AAAAAQI=\n\n"),		/* an empty line after */
#undef S
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CHECK(parse(cases[i].s, cases[i].n) == E_FORMAT);
		if (parse(cases[i].s, cases[i].n) != E_FORMAT)
			printf("# case %zu\n", i);
	}
	static const char fine[] = "a\n\nb\n\n" DASH " a AAAAAQI=\n";

	CHECK(parse(fine, sizeof(fine) - 1) == 0); /* the text may hold empty lines */
}

TEST(signatures_at_the_limit_and_one_more)
{
	auto_buf b = BUF_INIT(LIMIT_NOTE + 1);

	buf_puts(&b, "text\n\n");
	for (int i = 0; i < LIMIT_NOTE_SIGS; i++)
		buf_puts(&b, DASH " a AAAAAQI=\n");
	CHECK(parse(b.p, b.n) == 0);
	buf_puts(&b, DASH " a AAAAAQI=\n");
	CHECK(parse(b.p, b.n) == E_FORMAT);
}

TEST(bytes_at_the_limit_and_one_more)
{
	static const char end[] = "\n\n" DASH " a AAAAAQI=\n";
	auto_free char *s = malloc(LIMIT_NOTE + 1);

	for (size_t more = 0; s && more < 2; more++) {
		size_t n = LIMIT_NOTE + more;

		memset(s, 'x', n);
		memcpy(s + n - (sizeof(end) - 1), end, sizeof(end) - 1);
		CHECK(parse(s, n) == (more ? E_FORMAT : 0));
	}
}

TEST(names_at_the_limit_and_one_more)
{
	char name[LIMIT_KEY_NAME + 1];

	memset(name, 'a', sizeof(name));
	CHECK(note_name_check((struct str){ name, LIMIT_KEY_NAME }, NULL) == 0);
	CHECK(note_name_check((struct str){ name, LIMIT_KEY_NAME + 1 }, NULL) == E_FORMAT);
	CHECK(note_name_check((struct str){ name, 0 }, NULL) == E_FORMAT);
}

TEST(hostile_keys)
{
	static const char *const bad[] = {
		"",
		"a",
		"a+b",
		"PeterNeumann+c74f20a3",
		"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* id */
		"PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  /* name */
		"PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* case */
		"PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", /* type */
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=", /* short */
		"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_note_key key = { .key = NULL };

		CHECK(note_key_parse(str_of(bad[i]), &key, NULL) == E_FORMAT);
	}
}

TEST(a_key_there_and_back_and_a_signature)
{
	auto_note_key signer = { .key = NULL }, verifier = { .key = NULL };
	auto_buf vkey = BUF_INIT(512);
	auto_buf note = BUF_INIT(4096);
	struct checkpoint c = { .origin = "example.org/log", .size = 20852163 }, back;
	struct key *key = NULL;
	struct err e = ERR_INIT;

	merkle_empty(&c.root);
	CHECK(key_generate(KEY_ED25519, &key, &e) == 0);
	CHECK(note_key_new("example.org/log", key, &signer, &e) == 0);
	CHECK(note_key_format(&signer, &vkey, &e) == 0);
	CHECK(note_key_parse(str_of(buf_str(&vkey)), &verifier, &e) == 0);
	CHECK(checkpoint_sign(&c, &signer, &note, &e) == 0);
	CHECK(starts_with(note.p, "example.org/log\n20852163\n"
				  "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n" DASH
				  " example.org/log "));
	CHECK(checkpoint_open((struct str){ note.p, note.n }, &verifier, &back, &e) == 0);
	CHECK(back.size == c.size && strcmp(back.origin, c.origin) == 0);
	/* Every flipped bit is refused, and never as anything but a bad form or signature. */
	for (size_t i = 0; i < note.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			int r;

			note.p[i] = (char)(note.p[i] ^ 1 << bit);
			r = checkpoint_open((struct str){ note.p, note.n }, &verifier, &back, &e);
			CHECK(r == E_VERIFY || r == E_FORMAT);
			note.p[i] = (char)(note.p[i] ^ 1 << bit);
		}
	/* A checkpoint of another origin under the same key is another log's. */
	(void)snprintf(c.origin, sizeof(c.origin), "example.org/other");
	buf_reset(&note);
	CHECK(checkpoint_sign(&c, &signer, &note, &e) == 0);
	CHECK(checkpoint_open((struct str){ note.p, note.n }, &verifier, &back, &e) == E_VERIFY);
}

TEST(checkpoint_texts)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
		{ "o\n0\n" ROOT "\n", 0 },
		{ "o\n4611686018427387904\n" ROOT "\n", 0 }, /* LIMIT_TREE_SIZE */
		{ "o\n4611686018427387905\n" ROOT "\n", E_FORMAT },
		{ "o\n5\n" ROOT "\nextension\nanother\n", 0 },
		{ "o\n5\n" ROOT "\nextension\n\nafter\n", E_FORMAT },
		{ "", E_FORMAT },
		{ "o\n", E_FORMAT },
		{ "o\n5\n", E_FORMAT },
		{ "o\n5\n" ROOT, E_FORMAT },
		{ "\n5\n" ROOT "\n", E_FORMAT },
		{ "o\n05\n" ROOT "\n", E_FORMAT },
		{ "o\n-5\n" ROOT "\n", E_FORMAT },
		{ "o\n5 \n" ROOT "\n", E_FORMAT },
		{ "o\n\n" ROOT "\n", E_FORMAT },
		{ "o\n99999999999999999999999\n" ROOT "\n", E_FORMAT },
		{ "o\n5\nAAAA\n", E_FORMAT },
		{ "o\n5\n" ROOT "AAAA\n", E_FORMAT },
		{ "o\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", E_FORMAT },
		{ "o\n5\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n", E_FORMAT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct checkpoint c;

		CHECK(checkpoint_parse(str_of(cases[i].text), &c, NULL) == cases[i].want);
		if (checkpoint_parse(str_of(cases[i].text), &c, NULL) != cases[i].want)
			printf("# case %zu\n", i);
	}
}

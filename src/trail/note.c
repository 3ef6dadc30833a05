/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/note.h"

#include <stdlib.h>

#include "base/encode.h"
#include "crypto/digest.h"

static const char em_dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */
enum { ED25519 = 0x01, PUBLIC_LEN = 32, SIGNATURE_LEN = 64, ID_LEN = 4 };

static int key_id(const char *name, const unsigned char public[static PUBLIC_LEN],
		  unsigned char ret[static ID_LEN], struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_KEY_NAME + 64);
	unsigned char h[SHA256_LEN];
	int r;

	buf_printf(&b, "%s\n%c", name, ED25519);
	buf_put(&b, public, PUBLIC_LEN);
	r = buf_check(&b, "key name", e);
	if (r < 0)
		return r;
	sha256_once(b.p, b.n, h);
	memcpy(ret, h, ID_LEN);
	return 0;
}

/* Unicode's White_Space beyond ASCII, all in two or three bytes of UTF-8. */
static bool wide_space(const char *p, size_t n)
{
	static const char *const spaces[] = {
		"\xc2\x85",	"\xc2\xa0",	"\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
		"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
		"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		if (str_starts((struct str){ p, n }, spaces[i]))
			return true;
	return false;
}

int note_name_check(struct str name, struct err *e)
{
	if (name.n == 0 || name.n > LIMIT_KEY_NAME)
		return FAIL(e, E_FORMAT, "key name of %zu bytes", name.n);
	if (!str_utf8(name))
		return FAIL(e, E_FORMAT, "key name is not UTF-8");
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7f || name.p[i] == '+' ||
		    wide_space(name.p + i, name.n - i))
			return FAIL(e, E_FORMAT, "key name holds a space, a control or a '+'");
	return 0;
}

int note_key_new(const char *name, struct key *key, struct note_key *ret, struct err *e)
{
	unsigned char public[PUBLIC_LEN];
	struct note_key k = { .key = NULL };
	int r = note_name_check(str_of(name), e);

	if (r < 0 || (r = key_public_raw(key, public, e)) < 0 ||
	    (r = key_id(name, public, k.id, e)) < 0)
		return r;
	memcpy(k.name, name, strlen(name) + 1);
	k.key = key;
	*ret = k;
	return 0;
}

void note_key_free(struct note_key *k)
{
	key_free(k->key);
	*k = (struct note_key){ .key = NULL };
}

int note_key_parse(struct str vkey, struct note_key *ret, struct err *e)
{
	auto_buf raw = BUF_INIT(1 + PUBLIC_LEN);
	auto_release(key_free) struct key *key = NULL;
	struct note_key k;
	struct str name, id, rest = vkey;
	unsigned char want[ID_LEN];
	int r;

	if (vkey.n > LIMIT_KEY_NAME + 128 || !str_cut(&rest, '+', &name) ||
	    !str_cut(&rest, '+', &id))
		return FAIL(e, E_FORMAT, "verifier key: want <name>+<id>+<base64>");
	if ((r = note_name_check(name, e)) < 0 || (r = hex_decode(id, want, ID_LEN, e)) < 0 ||
	    (r = b64_decode(rest, B64_STD, &raw, e)) < 0)
		return WRAP(e, r, "verifier key");
	if (raw.n != 1 + PUBLIC_LEN || raw.p[0] != ED25519)
		return FAIL(e, E_FORMAT, "verifier key: not an Ed25519 key");

	auto_free char *copy = str_dup(name);

	if (!copy)
		return FAIL_NOMEM(e);
	if ((r = key_public_from_raw((const unsigned char *)raw.p + 1, &key, e)) < 0 ||
	    (r = note_key_new(copy, key, &k, e)) < 0)
		return WRAP(e, r, "verifier key");
	if (memcmp(k.id, want, ID_LEN) != 0)
		return FAIL(e, E_FORMAT, "verifier key: its id does not match");
	*ret = k;
	key = NULL; /* now k's */
	return 0;
}

int note_key_format(const struct note_key *k, struct buf *ret, struct err *e)
{
	unsigned char raw[1 + PUBLIC_LEN] = { ED25519 };
	int r = key_public_raw(k->key, raw + 1, e);

	if (r < 0)
		return r;
	buf_printf(ret, "%s+", k->name);
	hex_put(ret, k->id, ID_LEN);
	buf_putc(ret, '+');
	b64_put(ret, B64_STD, raw, sizeof(raw));
	return buf_check(ret, "verifier key", e);
}

/* "— name base64" */
static int parse_sig(struct str line, struct note_sig *ret, struct err *e)
{
	auto_buf raw = BUF_INIT(LIMIT_NOTE_SIG);
	int r;

	if (!str_starts(line, em_dash))
		return FAIL(e, E_FORMAT, "note: a signature line does not begin with a dash");
	line.p += sizeof(em_dash) - 1;
	line.n -= sizeof(em_dash) - 1;
	if (!str_cut(&line, ' ', &ret->name))
		return FAIL(e, E_FORMAT, "note: empty signature line");
	ret->base64 = line;
	if ((r = note_name_check(ret->name, e)) < 0 || (r = b64_decode(line, B64_STD, &raw, e)) < 0)
		return WRAP(e, r, "note: signature line");
	if (raw.n <= ID_LEN)
		return FAIL(e, E_FORMAT, "note: signature line of %zu bytes", raw.n);
	memcpy(ret->id, raw.p, ID_LEN);
	return 0;
}

/* The length of the text: up to and with the newline before the last empty line. */
static size_t text_length(struct str s)
{
	for (size_t i = s.n; i >= 2; i--)
		if (s.p[i - 1] == '\n' && s.p[i - 2] == '\n')
			return i - 1;
	return 0;
}

int note_parse(struct str s, struct note *ret, struct err *e)
{
	size_t text;
	struct str rest, line;

	if (s.n > LIMIT_NOTE)
		return FAIL(e, E_FORMAT, "note: more than %d bytes", LIMIT_NOTE);
	if (!str_utf8(s))
		return FAIL(e, E_FORMAT, "note: not UTF-8");
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n')
			return FAIL(e, E_FORMAT, "note: control byte at %zu", i);
	text = text_length(s);
	if (text == 0 || s.p[s.n - 1] != '\n' || text + 1 == s.n)
		return FAIL(e, E_FORMAT, "note: no signatures");
	ret->text = (struct str){ s.p, text };
	ret->n = 0;
	rest = (struct str){ s.p + text + 1, s.n - text - 1 };
	while (str_line(&rest, &line)) {
		int r;

		if (ret->n == LIMIT_NOTE_SIGS)
			return FAIL(e, E_FORMAT, "note: more than %d signatures", LIMIT_NOTE_SIGS);
		r = parse_sig(line, &ret->sigs[ret->n++], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int verify_one(const struct note *n, const struct note_sig *s, const struct key *key,
		      struct err *e)
{
	auto_buf raw = BUF_INIT(LIMIT_NOTE_SIG);
	int r = b64_decode(s->base64, B64_STD, &raw, e);

	if (r < 0)
		return r;
	return key_verify(key, n->text.p, n->text.n, (struct str){ raw.p + ID_LEN, raw.n - ID_LEN },
			  e);
}

int note_verify(const struct note *n, const struct note_key *const *keys, size_t keys_n,
		struct err *e)
{
	bool good = false;

	for (size_t i = 0; i < n->n; i++)
		for (size_t k = 0; k < keys_n; k++) {
			const struct note_sig *s = &n->sigs[i];

			if (!str_eqz(s->name, keys[k]->name) ||
			    memcmp(s->id, keys[k]->id, ID_LEN) != 0)
				continue;
			if (verify_one(n, s, keys[k]->key, e) < 0)
				return FAIL(e, E_VERIFY,
					    "note: the signature of '%s' does not hold",
					    keys[k]->name);
			good = true;
		}
	return good ? 0 : FAIL(e, E_VERIFY, "note: no signature by a known key");
}

int note_sign(struct str text, const struct note_key *signer, struct buf *ret, struct err *e)
{
	auto_buf raw = BUF_INIT(ID_LEN + SIGNATURE_LEN);
	int r;

	if (text.n == 0 || text.p[text.n - 1] != '\n')
		return FAIL(e, E_INTERNAL, "note: the text does not end with a newline");
	buf_put(&raw, signer->id, ID_LEN);
	r = key_sign(signer->key, text.p, text.n, &raw, e);
	if (r < 0)
		return WRAP(e, r, "note");
	buf_put(ret, text.p, text.n);
	buf_printf(ret, "\n%s%s ", em_dash, signer->name);
	b64_put(ret, B64_STD, raw.p, raw.n);
	buf_putc(ret, '\n');
	return buf_check(ret, "note", e);
}

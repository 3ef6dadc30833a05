/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/sandbox.h"
#include "trust/internal.h"

/* The signer: a child with the key's file and nothing else, which gives back one envelope. */
struct signer {
	int key_fd;
	enum envelope_form form;
	const char *passphrase;
	const struct chain *chain;
	struct str payload;
	struct claims claims;
};

static int sign_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct signer *s = arg;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *k = NULL;
	int r;

	if ((r = fs_read_fd(s->key_fd, "private key", LIMIT_KEY_PEM, &pem, e)) < 0 ||
	    (r = key_from_pem((struct str){ buf_str(&pem), pem.n }, s->passphrase, &k, e)) < 0)
		return r;
	return envelope_sign(s->form, k, s->chain, NOTARY_PAYLOAD_TYPE, s->payload, &s->claims,
			     "plimsoll/" PLIMSOLL_VERSION, emit, e);
}

static int run_signer(struct signer *s, struct buf *ret, struct err *e)
{
	const struct sandbox box = {
		.what = "sign", .keep = &s->key_fd, .keep_n = 1, .write_dir = -1, .cpu_seconds = 60
	};
	int r;

	crypto_init();
	r = sandbox_run(&box, sign_in_child, s, ret, e);
	if (r == E_USAGE && !s->passphrase)
		return err_hint(e, r,
				"give --passphrase-file FILE, or set PLIMSOLL_PASSPHRASE_FILE");
	return r;
}

/* Whether an envelope is what we would sign now: same form, same signer, same payload, as long
 * valid. */
struct comparison {
	enum envelope_form form;
	struct str envelope;
	struct str payload;
	const struct cert *leaf;
	struct claims claims;
};

static int compare_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct comparison *c = arg;
	auto_envelope j = { .payload = BUF_INIT(0) };
	int64_t want = c->claims.expiry ? c->claims.expiry - c->claims.signing_time : 0, left;
	int r = envelope_verify(c->form, c->envelope, NOTARY_PAYLOAD_TYPE, &j, e);

	(void)emit;
	if (r < 0)
		return r;
	left = j.claims.expiry ? j.claims.expiry - c->claims.signing_time : 0;
	if (!cert_equal(j.chain.v[0], c->leaf) ||
	    !str_eq((struct str){ buf_str(&j.payload), j.payload.n }, c->payload))
		return FAIL(e, E_VERIFY, "another signature");
	/* One that expires is renewed once half of its time is over. */
	if ((want == 0) != (j.claims.expiry == 0) || left < want / 2 || left > want)
		return FAIL(e, E_VERIFY, "another expiry");
	return 0;
}

static bool find_equal(const struct store *s, const struct desc *manifest,
		       const struct signer *signer, struct desc *ret)
{
	const struct sandbox box = { .what = "signature", .write_dir = -1, .cpu_seconds = 30 };
	auto_json *list = NULL;

	if (store_referrers(s, &manifest->digest, NOTARY_ARTIFACT_TYPE, &list, NULL) < 0)
		return false;
	crypto_init();
	for (size_t i = 0; i < json_array_size(list) && i < LIMIT_SIGNATURES; i++) {
		auto_buf envelope = BUF_INIT(LIMIT_ENVELOPE);
		struct comparison c = { .payload = signer->payload,
					.leaf = signer->chain->v[0],
					.claims = signer->claims };
		struct desc d;

		if (desc_parse(json_array_get(list, i), "referrer", &d, NULL) < 0 ||
		    signature_read(s, &d, manifest, &c.form, &envelope, NULL) < 0 ||
		    c.form != signer->form)
			continue;
		c.envelope = (struct str){ buf_str(&envelope), envelope.n };
		if (sandbox_run(&box, compare_in_child, &c, NULL, NULL) == 0) {
			*ret = d;
			return true;
		}
	}
	return false;
}

static int open_key(int dir, const char *name, struct err *e)
{
	char path[sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 8];
	struct stat st;

	(void)snprintf(path, sizeof(path), DIR_KEYS "/%s.pem", name);

	auto_close int fd = fs_open_nolink(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, e);

	if (fd < 0)
		return WRAP(e, fd, "key '%s'", name);
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "key '%s'", name);
	if (!S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "key '%s': not a regular file", name);
	if (st.st_mode & 077) {
		int r = FAIL(e, E_USAGE, "key '%s': others than its owner may use it (mode %03o)",
			     name, st.st_mode & 0777);

		return err_hint(e, r, "chmod 600 <state>/" DIR_TRUST "/%s", path);
	}
	return TAKE_FD(fd);
}

static int sign_with(int dir, struct store *s, const struct desc *manifest,
		     const struct trust_sign_opts *o, struct desc *ret, bool *ret_existing,
		     struct err *e)
{
	const char *name = o->key ? o->key : TRUST_DEFAULT_NAME;
	auto_chain chain = { .n = 0 };
	auto_withdrawn withdrawn = { 0 };
	auto_buf payload = BUF_INIT(LIMIT_ENVELOPE / 4), envelope = BUF_INIT(LIMIT_ENVELOPE);
	int64_t now = clock_now();
	struct signer signer = { .form = o->form, .passphrase = o->passphrase, .chain = &chain };
	int r;

	if ((r = trust_key_chain(dir, name, &chain, e)) < 0 ||
	    (r = payload_make(manifest, o->annotations, &payload, e)) < 0)
		return r;
	if ((r = chain_valid_at(&chain, now, e)) < 0 ||
	    (r = withdrawn_load(dir, &withdrawn, e)) < 0 ||
	    (r = withdrawn_check_chain(&withdrawn, &chain, now, now, e)) < 0)
		return WRAP(e, r, "key '%s'", name);
	signer.payload = (struct str){ buf_str(&payload), payload.n };
	signer.claims =
		(struct claims){ .signing_time = now, .expiry = o->expiry ? now + o->expiry : 0 };
	if (find_equal(s, manifest, &signer, ret)) {
		*ret_existing = true;
		return 0;
	}

	auto_close int key_fd = open_key(dir, name, e);

	if (key_fd < 0)
		return key_fd;
	signer.key_fd = key_fd;
	r = run_signer(&signer, &envelope, e);
	if (r < 0)
		return WRAP(e, r, "key '%s'", name);
	*ret_existing = false;
	return signature_attach(s, o->form, (struct str){ envelope.p, envelope.n }, &chain,
				manifest, now, ret, e);
}

int trust_sign(const struct state *state, struct store *s, const struct desc *manifest,
	       const struct trust_sign_opts *o, struct desc *ret, bool *ret_existing, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	bool existing;
	struct desc d;
	int r;

	if (dir < 0)
		return dir;
	if (!desc_is_manifest(manifest) && !desc_is_index(manifest))
		return FAIL(e, E_FORMAT, "sign %s: '%s' is not a manifest", manifest->digest.s,
			    manifest->media_type);
	if (o->expiry < 0 || o->expiry > (int64_t)LIMIT_CERT_DAYS * 86400)
		return FAIL(e, E_USAGE, "sign: an expiry of at most %d days", LIMIT_CERT_DAYS);
	/* What is not whole is not signed. */
	r = store_blob_verify(s, manifest, e);
	if (r == 0)
		r = sign_with(dir, s, manifest, o, &d, &existing, e);
	if (r < 0)
		return WRAP(e, r, "sign %s", manifest->digest.s);
	*ret = d;
	if (ret_existing)
		*ret_existing = existing;
	return 0;
}

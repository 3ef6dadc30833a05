/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "sandbox/sandbox.h"
#include "trust/sigstore/internal.h"

enum { LIMIT_SIGNED = 2 * (LIMIT_KEY_PEM + LIMIT_SIGNATURE_BYTES) };

/* The child: a key's file and a message in, the public key and the signature out. */
struct signing {
	int key_fd;
	const char *passphrase;
	bool sha256;
	struct str msg;
};

static int sign_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct signing *s = arg;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *k = NULL;
	auto_buf spki = BUF_INIT(LIMIT_KEY_PEM), sig = BUF_INIT(LIMIT_SIGNATURE_BYTES);
	uint32_t n;
	int r;

	if ((r = fs_read_fd(s->key_fd, "private key", LIMIT_KEY_PEM, &pem, e)) < 0 ||
	    (r = key_from_pem((struct str){ buf_str(&pem), pem.n }, s->passphrase, &k, e)) < 0 ||
	    (r = key_public_der(k, &spki, e)) < 0 ||
	    (r = (s->sha256 ? sigstore_sign_sha256 : sigstore_sign)(k, s->msg.p, s->msg.n, &sig,
								    e)) < 0)
		return r;
	n = (uint32_t)spki.n;
	buf_put(emit, &n, sizeof(n));
	buf_put(emit, spki.p, spki.n);
	buf_put(emit, sig.p, sig.n);
	return buf_check(emit, "signature", e);
}

static int split(const struct buf *out, struct key **ret_public, struct str *ret_signature,
		 struct err *e)
{
	uint32_t n;

	if (out->n < sizeof(n))
		return FAIL(e, E_INTERNAL, "sign: the child gave %zu bytes", out->n);
	memcpy(&n, out->p, sizeof(n));
	if (n > out->n - sizeof(n))
		return FAIL(e, E_INTERNAL, "sign: the child gave a key of %u bytes", n);
	*ret_signature = (struct str){ out->p + sizeof(n) + n, out->n - sizeof(n) - n };
	return key_public_from_der(out->p + sizeof(n), n, ret_public, e);
}

static int check_mode(int fd, const char *name, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "key '%s'", name);
	if (!S_ISREG(st.st_mode))
		return FAIL(e, E_FORMAT, "key '%s': not a regular file", name);
	if ((st.st_mode & 077) == 0)
		return 0;
	r = FAIL(e, E_USAGE, "key '%s': others than its owner may use it (mode %03o)", name,
		 st.st_mode & 0777);
	return err_hint(e, r, "chmod 600 %s",
			strchr(name, '/') ? name : "the key's file in <state>/" DIR_TRUST);
}

static int open_key(int dir, const char *name, struct err *e)
{
	enum { FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY };
	char path[sizeof(DIR_KEYS) + LIMIT_STORE_NAME + 8];
	int fd;

	if (strchr(name, '/')) {
		fd = fs_open_user(name, FLAGS, 0, e);
	} else {
		auto_chain chain = { .n = 0 };
		int r = trust_key_chain(dir, name, &chain, e); /* says how to make a key */

		if (r < 0)
			return r;
		(void)snprintf(path, sizeof(path), DIR_KEYS "/%s.pem", name);
		fd = fs_open_nolink(dir, path, FLAGS, 0, e);
	}
	return fd < 0 ? WRAP(e, fd, "key '%s'", name) : fd;
}

int sigstore_sign_bytes(int dir, const struct sigstore_key *k, bool sha256, struct str msg,
			struct key **ret_public, struct buf *ret_signature, struct err *e)
{
	const char *name = k->name ? k->name : TRUST_DEFAULT_NAME;
	auto_buf out = BUF_INIT(LIMIT_SIGNED);
	auto_release(key_free) struct key *pub = NULL;
	auto_close int fd = open_key(dir, name, e);
	struct signing s = {
		.key_fd = fd, .passphrase = k->passphrase, .sha256 = sha256, .msg = msg
	};
	const struct sandbox box = {
		.what = "sign", .keep = &s.key_fd, .keep_n = 1, .write_dir = -1, .cpu_seconds = 60
	};
	struct str sig;
	int r;

	if (fd < 0)
		return fd;
	r = check_mode(fd, name, e);
	if (r < 0)
		return r;
	crypto_init();
	if ((r = sandbox_run(&box, sign_in_child, &s, &out, e)) < 0 ||
	    (r = split(&out, &pub, &sig, e)) < 0 ||
	    (r = sigstore_verify(pub, msg.p, msg.n, sig, e)) < 0)
		return WRAP(e, r, "key '%s'", name);
	buf_put(ret_signature, sig.p, sig.n);
	r = buf_check(ret_signature, "signature", e);
	if (r == 0)
		*ret_public = TAKE(pub);
	return r;
}

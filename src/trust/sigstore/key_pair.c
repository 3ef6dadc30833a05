/* SPDX-License-Identifier: Apache-2.0 */
/* Key files as cosign has them: made by a child, so that this process never has the private half.
 */
#include <unistd.h>

#include "crypto/key_cosign.h"
#include "sandbox/sandbox.h"
#include "trust/sigstore/sigstore.h"

struct making {
	const struct sigstore_pair *o;
	int out;
};

static int load_or_make(const struct sigstore_pair *o, struct key **ret, struct err *e)
{
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM + 1);
	int r;

	if (o->from < 0)
		return o->kind == KEY_RSA ? key_generate_rsa(o->bits, ret, e)
					  : key_generate(o->kind, ret, e);
	r = secret_read(o->from, "private key", LIMIT_KEY_PEM, &pem, e);
	return r < 0 ? r : key_from_pem((struct str){ buf_str(&pem), pem.n }, NULL, ret, e);
}

static int make_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct making *m = arg;
	auto_buf sealed = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *k = NULL;
	int r;

	crypto_hold_secrets();
	if ((r = load_or_make(m->o, &k, e)) < 0 ||
	    (r = key_to_cosign(k, m->o->passphrase, &sealed, e)) < 0 ||
	    (r = key_public_to_pem(k, emit, e)) < 0)
		return r;
	return fs_write_all(m->out, sealed.p, sealed.n, e);
}

int sigstore_make_pair(const struct sigstore_pair *o, int out, struct buf *ret_public,
		       struct err *e)
{
	struct making m = { .o = o, .out = out };
	const int keep[] = { out, o->from };
	const struct sandbox box = { .what = o->from < 0 ? "make key" : "import key",
				     .keep = keep,
				     .keep_n = o->from < 0 ? 1 : 2,
				     .write_dir = -1,
				     .secrets = true,
				     .cpu_seconds = 120 };
	int r;

	crypto_init();
	r = sandbox_run(&box, make_in_child, &m, ret_public, e);
	if (r == 0 && fsync(out) < 0)
		return FAIL_SYS(e, "write key");
	return r;
}

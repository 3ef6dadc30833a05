/* SPDX-License-Identifier: Apache-2.0 */
/* The holder of a key that is in a file. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "crypto/key_cosign.h"
#include "trust/holder_internal.h"
#include "trust/internal.h"

static int hold(void *arg, struct buf *emit, struct err *e)
{
	const struct holder *h = arg;
	auto_secret pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *k = NULL;
	int r;

	(void)emit;
	crypto_hold_secrets();
	if ((r = secret_read(h->key_fd, "private key", LIMIT_KEY_PEM, &pem, e)) < 0 ||
	    (r = key_from_file((struct str){ buf_str(&pem), pem.n }, h->passphrase, &k, e)) < 0)
		return r;
	secret_free(&pem);
	(void)close(h->key_fd);
	return holder_serve(h->keep[1], k, e);
}

int holder_start_file(struct holder *h, struct err *e)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return FAIL_SYS(e, "socket to the key's holder");
	h->to = pair[0];
	h->keep[0] = h->key_fd;
	h->keep[1] = pair[1];
	h->box = (struct sandbox){
		.what = "sign",
		.keep = h->keep,
		.keep_n = 2,
		.write_dir = -1,
		.secrets = true,
		.cpu_seconds = 60,
	};
	crypto_init();
	r = sandbox_start(&h->box, hold, h, 0, &h->child, e);
	(void)close(pair[1]);
	if (r < 0)
		return r;
	r = holder_greet(h, e);
	if (r == E_USAGE && !h->passphrase)
		return err_hint(e, r,
				"give --passphrase-file FILE, or set PLIMSOLL_PASSPHRASE_FILE");
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A holder that is a child of ours: both ends of its socket. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "crypto/digest.h"
#include "trust/holder_internal.h"
#include "trust/internal.h"

/* The child's side: plain read(2) and write(2), all that its sandbox allows. */

static bool get(int fd, void *p, size_t n)
{
	char *at = p;

	while (n) {
		ssize_t got = read(fd, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static int tell(int fd, int code, const void *p, size_t n, struct err *e)
{
	const struct holder_answer a = { .code = code, .n = (uint32_t)n };
	int r = fs_write_all(fd, &a, sizeof(a), e);

	return r < 0 ? r : fs_write_all(fd, p, n, e);
}

static int sign_one(const struct key *k, const struct holder_request *q, const char *msg,
		    struct buf *ret, struct err *e)
{
	if (q->form > KEY_FORM_RSA_PKCS1 || memchr(q->hash, '\0', sizeof(q->hash)) == NULL)
		return FAIL(e, E_INTERNAL, "a request that makes no sense");
	if (q->form == KEY_FORM_ED25519)
		return key_sign_as(k, KEY_FORM_ED25519, NULL, msg, q->n, ret, e);
	return key_sign_digest(k, (enum key_form)q->form, q->hash, msg, q->n, ret, e);
}

int holder_serve(int fd, const struct key *k, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	struct holder_request q;
	int r = key_public_to_pem(k, &pem, e);

	r = r < 0 ? r : tell(fd, 0, pem.p, pem.n, e);
	while (r == 0 && get(fd, &q, sizeof(q))) {
		auto_buf sig = BUF_INIT(LIMIT_HOLDER_SIGNATURE);
		struct err why = ERR_INIT;
		auto_free char *msg = q.n <= LIMIT_HOLDER_MESSAGE ? malloc(q.n + 1) : NULL;

		if (!msg || !get(fd, msg, q.n))
			return FAIL(e, E_INTERNAL, "a request that is cut short");
		r = sign_one(k, &q, msg, &sig, &why);
		if (r < 0)
			r = tell(fd, r, why.msg, strlen(why.msg), e);
		else
			r = tell(fd, 0, sig.p, sig.n, e);
	}
	return r;
}

/* Our side. */

static int wait_for(int fd, short events, uint64_t until, struct err *e)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int r = proc_interrupted(e), ready;

		if (r < 0)
			return r;
		if (clock_mono_ms() >= until)
			return FAIL(e, E_SYSTEM, "the key's holder gave no answer in %d s",
				    HOLDER_WAIT_MS / 1000);
		ready = poll(&p, 1, 200);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return FAIL_SYS(e, "poll");
	}
}

/* E_NOTFOUND: it ended. */
static int receive(int fd, void *p, size_t n, uint64_t until, struct err *e)
{
	char *at = p;

	while (n) {
		int r = wait_for(fd, POLLIN, until, e);
		ssize_t got = r < 0 ? 0 : recv(fd, at, n, 0);

		if (r < 0)
			return r;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return E_NOTFOUND;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

/* E_NOTFOUND: it ended. */
static int send_all(int fd, const void *p, size_t n, uint64_t until, struct err *e)
{
	const char *at = p;

	while (n) {
		int r = wait_for(fd, POLLOUT, until, e);
		ssize_t sent = r < 0 ? 0 : send(fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0)
			return r;
		if (sent < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (sent <= 0)
			return E_NOTFOUND;
		at += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Why a child that speaks no more is gone; it is over then. */
static int gone(struct holder *h, struct err *e)
{
	int r;

	close_release(&h->to);
	if (h->child.from < 0)
		return FAIL(e, E_SYSTEM, "the key's holder is gone");
	r = sandbox_wait(&h->box, &h->child, NULL, e);
	return r < 0 ? r : FAIL(e, E_SYSTEM, "the key's holder ended too early");
}

static int answer(struct holder *h, struct buf *ret, struct err *e)
{
	const uint64_t until = clock_mono_ms() + HOLDER_WAIT_MS;
	struct holder_answer a;
	char text[LIMIT_KEY_PEM];
	int r = receive(h->to, &a, sizeof(a), until, e);

	if (r == 0 && a.n > sizeof(text))
		return FAIL(e, E_INTERNAL, "the key's holder answers with %u bytes", a.n);
	r = r < 0 ? r : receive(h->to, text, a.n, until, e);
	if (r == E_NOTFOUND)
		return gone(h, e);
	if (r < 0)
		return r;
	if (a.code < 0) {
		text[a.n < 300 ? a.n : 300] = '\0';
		text_sanitize(text);
		return FAIL(e, E_SYSTEM, "%s", text);
	}
	buf_put(ret, text, a.n);
	return buf_check(ret, "answer of the key's holder", e);
}

/* Only the hash of what is signed goes over, but for Ed25519, which signs the message itself. */
static int child_sign(struct holder *h, enum key_form form, const char *hash, const void *msg,
		      size_t n, struct buf *ret, struct err *e)
{
	struct holder_request q = { .form = form, .n = (uint32_t)n };
	const uint64_t until = clock_mono_ms() + HOLDER_WAIT_MS;
	unsigned char digest[HASH_MAX];
	int r;

	if (h->to < 0)
		return FAIL(e, E_SYSTEM, "the key's holder is gone");
	if (n > LIMIT_HOLDER_MESSAGE)
		return FAIL(e, E_FORMAT, "to be signed: at most %d bytes", LIMIT_HOLDER_MESSAGE);
	if (form != KEY_FORM_ED25519) {
		auto_release(hash_free) struct hash *ctx = NULL;
		char lower[8];

		(void)snprintf(q.hash, sizeof(q.hash), "%s", hash);
		(void)snprintf(lower, sizeof(lower), "sha%s", hash + strlen("SHA"));
		r = hash_new(lower, &ctx, e);
		if (r < 0)
			return r;
		hash_update(ctx, msg, n);
		q.n = (uint32_t)hash_final(ctx, digest);
		msg = digest;
	}
	r = send_all(h->to, &q, sizeof(q), until, e);
	r = r < 0 ? r : send_all(h->to, msg, q.n, until, e);
	if (r < 0)
		return r == E_NOTFOUND ? gone(h, e) : r;
	return answer(h, ret, e);
}

static void child_close(struct holder *h)
{
	struct pollfd end = { .fd = h->child.from, .events = POLLIN };

	/* It ends by itself, also when a child of ours still has the socket. */
	if (h->to >= 0)
		(void)shutdown(h->to, SHUT_RDWR);
	close_release(&h->to);
	if (h->child.from < 0)
		return;
	/* A token's module that hangs takes no time that counts. */
	if (poll(&end, 1, HOLDER_CLOSE_MS) <= 0)
		(void)kill(h->child.pid, SIGKILL);
	(void)sandbox_wait(&h->box, &h->child, NULL, NULL);
}

const struct holder_ops holder_child_ops = { child_sign, child_close };

static int remote_sign(void *arg, enum key_form form, const char *hash, const void *msg, size_t n,
		       struct buf *ret, struct err *e)
{
	struct holder *h = arg;

	return h->ops->sign(h, form, hash, msg, n, ret, e);
}

int holder_take_public(struct holder *h, struct str pem, struct err *e)
{
	const struct key_remote remote = { .sign = remote_sign, .arg = h };
	auto_release(key_free) struct key *pub = NULL;
	int r = key_public_from_pem(pem, &pub, e);

	return r < 0 ? r : key_from_remote(pub, &remote, &h->key, e);
}

int holder_greet(struct holder *h, struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);
	int r = answer(h, &pem, e);

	return r < 0 ? r : holder_take_public(h, (struct str){ buf_str(&pem), pem.n }, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/x509_vfy.h>

#include "crypto/x509_internal.h"

/* Certificates of others' making, judged by who issued them (RFC 5280, 6). */

DEFINE_RELEASE_VOID(X509_STORE, X509_STORE_free)
DEFINE_RELEASE_VOID(X509_STORE_CTX, X509_STORE_CTX_free)

enum { AUTH_LEVEL = 2 /* 112 bits: RSA of 2048, SHA-2 */ };

int chain_issued_under(const struct chain *c, const struct chain *cas, int64_t when, struct err *e)
{
	auto_release(X509_STORE_free) X509_STORE *store = X509_STORE_new();
	auto_release(X509_STORE_CTX_free) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	auto_x509_stack *others = sk_X509_new_null();
	int r;

	if (!store || !ctx || !others || c->n == 0)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < cas->n; i++)
		if (X509_STORE_add_cert(store, cas->v[i]->x) != 1)
			return FAIL_NOMEM(e);
	for (size_t i = 1; i < c->n; i++)
		if (sk_X509_push(others, c->v[i]->x) <= 0)
			return FAIL_NOMEM(e);
	if (X509_STORE_CTX_init(ctx, store, c->v[0]->x, others) != 1)
		return FAIL_SSL(e, E_SYSTEM, "certificate chain");
	X509_STORE_CTX_set_time(ctx, 0, (time_t)when);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), AUTH_LEVEL);
	if (X509_verify_cert(ctx) == 1)
		return 0;
	r = FAIL(e, E_VERIFY, "its certificate is of none of the CAs that are trusted: %s",
		 X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	ERR_clear_error();
	return r;
}

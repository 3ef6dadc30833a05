/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/ssl.h"
#include "crypto/x509.h"

struct cert {
	X509 *x;
	unsigned char *der; /* as received */
	size_t der_n;
	struct dn subject;
	int64_t not_before, not_after;
};

typedef STACK_OF(X509) x509_stack;
/* Certificates that are borrowed: only the list is freed. */
static inline void x509_stack_release(x509_stack **s)
{
	sk_X509_free(*s);
}
#define auto_x509_stack __attribute__((cleanup(x509_stack_release))) x509_stack

/* The fields that every certificate of a chain must write as RFC 5280 says. E_VERIFY. */
int cert_check_form(const struct cert *c, struct err *e);

/* A name of C, ST, O, CN and others, owned. E_USAGE for what no certificate can say. */
int x509_name(const struct dn *subject, X509_NAME **ret, struct err *e);
/* Signs what is in the certificate with a key that may be elsewhere (struct key_remote). */
int x509_sign(X509 *x, const struct key *key, struct err *e);

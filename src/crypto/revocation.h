/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "crypto/x509.h"

/*
 * Whether a certificate was revoked, as its issuer says: by OCSP (RFC 6960) or by a CRL (RFC 5280,
 * section 5). What is read here comes over plain HTTP and is believed only by its signature and its
 * dates; parsing it belongs in a sandbox, call crypto_init() before it.
 */
enum {
	LIMIT_OCSP = 64 * 1024,	       /* bytes of an answer */
	LIMIT_CRL = 16 * 1024 * 1024,  /* bytes */
	LIMIT_REVOCATION_URL = 512,    /* bytes; longer ones are not asked */
	LIMIT_REVOCATION_URLS = 3,     /* of a kind that are asked for one certificate */
	LIMIT_OCSP_REQUEST = 256,      /* bytes */
	REVOCATION_SKEW = 300,	       /* seconds that clocks may differ by */
	REVOCATION_UNDATED = 24 * 3600 /* how long an answer without an end holds */
};

/* Where a certificate says that its issuer can be asked. */
struct revocation_sources {
	char ocsp[LIMIT_REVOCATION_URLS][LIMIT_REVOCATION_URL + 1]; /* "http://..." */
	char crl[LIMIT_REVOCATION_URLS][LIMIT_REVOCATION_URL + 1];
	size_t ocsp_n, crl_n;
	bool named; /* it names any; also some that nobody here can ask: ldap, https, too long */
};
int revocation_sources(const struct cert *c, struct revocation_sources *ret, struct err *e);

enum revocation_status { REVOCATION_GOOD, REVOCATION_REVOKED, REVOCATION_UNKNOWN };
struct revocation {
	enum revocation_status status;
	int64_t since;	     /* revoked: when */
	int64_t invalid;     /* from when the issuer distrusts the key; 0: it does not say */
	const char *reason;  /* static; "" when none is given */
	int64_t next_update; /* until when this is the issuer's word */
	bool hold;	     /* revoked: for now, it may be taken back */
	/* By a CRL that is good or on hold: there is a delta CRL that says what changed since, and
	 * without it this is not known. Where it is; "": nowhere that can be asked. */
	bool changes;
	char changes_url[LIMIT_REVOCATION_URL + 1];
};

/* An OCSP request for a certificate, without a nonce, to be posted as application/ocsp-request.
 * Appends. */
int ocsp_request(const struct cert *c, const struct cert *issuer, struct buf *ret, struct err *e);
/*
 * What an answer says of a certificate at a time. It must be signed by the issuer, or by a
 * responder that the issuer certified for OCSP, who names no CRL or says that nobody need ask
 * whether he was revoked himself; without SHA-1; be of this certificate; and be
 * current. E_FORMAT, or E_VERIFY for what does not hold. UNKNOWN is the responder's word.
 */
int ocsp_read(struct str answer, const struct cert *c, const struct cert *issuer, int64_t now,
	      struct revocation *ret, struct err *e);

/*
 * The same by a CRL in DER: signed by the issuer, whose certificate allows that; complete (no
 * delta, not for some reasons only, not of other issuers); of the part of certificates that this
 * one is in; and current. Good or revoked.
 */
int crl_read(struct str crl, const struct cert *c, const struct cert *issuer, int64_t now,
	     struct revocation *ret, struct err *e);
/*
 * What a delta CRL changes of what crl_read() told by a complete one, whose number is between those
 * that the changes begin and end with (RFC 5280, 5.2.4). As strict as crl_read(). *ret is changed
 * on success only.
 */
int crl_read_changes(struct str delta, struct str crl, const struct cert *c,
		     const struct cert *issuer, int64_t now, struct revocation *ret, struct err *e);

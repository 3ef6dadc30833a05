/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "crypto/key.h"

/*
 * DSSE 1.0.2, the envelope of attestations (signing.md 2.3): a payload of a type, and signatures
 * over the two of them. JSON is read with duplicate keys refused and unknown members ignored, as
 * the specification asks. What was verified is what dsse_parse() decoded: nobody decodes again.
 */
enum {
	LIMIT_DSSE = 32 * 1024 * 1024,	       /* bytes of an envelope in JSON */
	LIMIT_DSSE_PAYLOAD = 20 * 1024 * 1024, /* bytes, decoded */
	LIMIT_DSSE_SIGNATURES = 32,
	LIMIT_DSSE_SIGNATURE = 1024, /* bytes, decoded: RSA of 4096 bits has 512 */
	LIMIT_DSSE_TYPE = 255,
	LIMIT_DSSE_KEYID = 255,
};

struct dsse_signature {
	size_t n;
	unsigned char bytes[LIMIT_DSSE_SIGNATURE];
	char keyid[LIMIT_DSSE_KEYID + 1]; /* the signer's word, for people; "" when none */
};

struct dsse {
	char payload_type[LIMIT_DSSE_TYPE + 1];
	struct buf payload;
	struct dsse_signature *v;
	size_t n;
};

/* "DSSEv1 29 http://example.com/HelloWorld 11 hello world": what is signed. Appends. */
int dsse_pae(const char *payload_type, struct str payload, struct buf *ret, struct err *e);

/* An envelope with one signature; k has its private half. keyid may be NULL. Owned. */
int dsse_sign(const struct key *k, const char *payload_type, struct str payload, const char *keyid,
	      json_t **ret, struct err *e);
/* The same of a signature over dsse_pae() that was made elsewhere. */
int dsse_make(const char *payload_type, struct str payload, struct str signature, const char *keyid,
	      json_t **ret, struct err *e);

/* E_FORMAT for what is no envelope, or over a limit. */
int dsse_parse(const json_t *envelope, struct dsse *ret, struct err *e);
void dsse_free(struct dsse *d);
static inline void dsse_release(struct dsse *d)
{
	dsse_free(d);
}
#define auto_dsse __attribute__((cleanup(dsse_release))) struct dsse

/*
 * How many different keys of the n given signed it; ret_held (may be NULL, n of them) tells which.
 * A key counts once, whatever it is called and however often it signed or is given. Key ids are not
 * looked at. E_VERIFY when they are fewer than threshold, which is at least 1.
 */
int dsse_verify(const struct dsse *d, const struct key *const *keys, size_t n, size_t threshold,
		bool *ret_held, struct err *e);

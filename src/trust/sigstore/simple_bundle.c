/* SPDX-License-Identifier: Apache-2.0 */
/* A simple signature or an envelope, with what its layer's annotations say of it, as a bundle. */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "trust/sigstore/internal.h"
#include "trust/sigstore/pbjson.h"

static int put_certificate(const char *pem, struct bundle *b, struct err *e)
{
	auto_chain c = { .n = 0 };
	struct str der;
	int r = chain_from_file(str_of(pem), &c, e);

	if (r < 0)
		return WRAP(e, r, "certificate");
	if (c.n != 1)
		return FAIL(e, E_FORMAT, "certificate: want one, got %zu", c.n);
	der = cert_der(c.v[0]);
	b->certs[b->certs_n] = BUF_INIT(LIMIT_CERT);
	buf_put(&b->certs[b->certs_n++], der.p, der.n);
	return 0;
}

static int parse_log_id(const char *hex, struct tlog_entry *t, struct err *e)
{
	return hex_decode(str_of(hex), t->log_id, sizeof(t->log_id), e);
}

/* The kind of an entry stands in its body only. */
static int read_kind(struct tlog_entry *t, struct err *e)
{
	auto_json *j = NULL;
	int r;

	if ((r = json_parse(buf_str(&t->body), t->body.n, "log entry", &j, e)) < 0 ||
	    (r = pb_string(j, "kind", t->kind, sizeof(t->kind), "log entry", e)) < 0)
		return r;
	return pb_string(j, "apiVersion", t->version, sizeof(t->version), "log entry", e);
}

/* {"SignedEntryTimestamp":b64,"Payload":{"body","integratedTime","logIndex","logID"}} */
static int put_entry(const char *text, struct bundle *b, struct err *e)
{
	static const char what[] = "log entry";
	auto_json *j = NULL;
	struct tlog_entry *t = calloc(1, sizeof(*t));
	uint64_t when;
	const char *id;
	json_t *p;
	int r;

	if (!t)
		return FAIL_NOMEM(e);
	b->entries = t;
	b->entries_n = 1;
	*t = (struct tlog_entry){ .set = BUF_INIT(LIMIT_SIGNATURE_BYTES),
				  .body = BUF_INIT(LIMIT_BUNDLE_BODY) };
	if ((r = json_parse(text, strlen(text), what, &j, e)) < 0 ||
	    (r = pb_members(j, "SignedEntryTimestamp Payload", what, e)) < 0 ||
	    (r = json_get_object(j, "Payload", &p, what, e)) < 0 ||
	    (r = pb_members(p, "body integratedTime logIndex logID", what, e)) < 0 ||
	    (r = pb_bytes(j, "SignedEntryTimestamp", &t->set, what, e)) < 0 ||
	    (r = pb_bytes(p, "body", &t->body, what, e)) < 0 ||
	    (r = json_get_u64(p, "integratedTime", &when, what, e)) < 0 ||
	    (r = json_get_u64(p, "logIndex", &t->index, what, e)) < 0 ||
	    (r = json_get_string(p, "logID", &id, what, e)) < 0 || (r = parse_log_id(id, t, e)) < 0)
		return WRAP(e, r, "annotation of the log's entry");
	t->integrated_time = (int64_t)when;
	return read_kind(t, e);
}

/* {"SignedRFC3161Timestamp":b64} */
static int put_token(const char *text, struct bundle *b, struct err *e)
{
	static const char what[] = "timestamp";
	auto_json *j = NULL;
	int r;

	b->tokens[b->tokens_n] = BUF_INIT(LIMIT_BUNDLE_TOKEN);
	if ((r = json_parse(text, strlen(text), what, &j, e)) < 0 ||
	    (r = pb_members(j, "SignedRFC3161Timestamp", what, e)) < 0)
		return r;
	return pb_bytes(j, "SignedRFC3161Timestamp", &b->tokens[b->tokens_n++], what, e);
}

/* A certificate, an entry of a log, a time stamp. The chain is not read: whom to believe is told by
 * the trusted root. */
static int put_annotations(const json_t *annotations, struct bundle *b, struct err *e)
{
	const char *cert = json_string_or_null(annotations, SIMPLE_CERTIFICATE),
		   *entry = json_string_or_null(annotations, SIMPLE_BUNDLE),
		   *token = json_string_or_null(annotations, SIMPLE_TIMESTAMP);
	int r;

	b->by_key = !cert || !*cert;
	if ((!b->by_key && (r = put_certificate(cert, b, e)) < 0) ||
	    (entry && *entry && (r = put_entry(entry, b, e)) < 0) ||
	    (token && *token && (r = put_token(token, b, e)) < 0))
		return r;
	return 0;
}

int simple_to_bundle(const json_t *annotations, struct bundle *ret, struct err *e)
{
	auto_bundle b = { .minor = 1, .signature = BUF_INIT(LIMIT_SIGNATURE_BYTES) };
	int r;

	if ((r = pb_bytes(annotations, SIMPLE_SIGNATURE, &b.signature, "signature", e)) < 0)
		return r;
	if (b.signature.n == 0)
		return FAIL(e, E_FORMAT, "the signature is empty");
	if ((r = put_annotations(annotations, &b, e)) < 0)
		return r;
	*ret = b;
	b = (struct bundle){ 0 };
	return 0;
}

int envelope_to_bundle(struct str envelope, const json_t *annotations, struct bundle *ret,
		       struct err *e)
{
	auto_bundle b = { .minor = 1, .is_dsse = true, .envelope = envelope };
	auto_json *j = NULL;
	int r;

	if (envelope.n > LIMIT_DSSE)
		return FAIL(e, E_FORMAT, "envelope: longer than %d bytes", LIMIT_DSSE);
	if ((r = json_parse(envelope.p, envelope.n, "envelope", &j, e)) < 0 ||
	    (r = dsse_parse(j, &b.dsse, e)) < 0)
		return r;
	if (b.dsse.n != 1)
		return FAIL(e, E_FORMAT, "envelope: want exactly one signature, got %zu", b.dsse.n);
	if ((r = put_annotations(annotations, &b, e)) < 0)
		return r;
	*ret = b;
	b = (struct bundle){ 0 };
	return 0;
}

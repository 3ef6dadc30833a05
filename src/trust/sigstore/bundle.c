/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/bundle.h"

#include <stdlib.h>

#include "base/encode.h"
#include "trust/sigstore/pbjson.h"

static void entry_free(struct tlog_entry *t)
{
	buf_free(&t->set);
	buf_free(&t->checkpoint);
	buf_free(&t->body);
}

void bundle_free(struct bundle *b)
{
	for (size_t i = 0; i < b->certs_n; i++)
		buf_free(&b->certs[i]);
	for (size_t i = 0; i < b->entries_n; i++)
		entry_free(&b->entries[i]);
	free(b->entries);
	for (size_t i = 0; i < b->tokens_n; i++)
		buf_free(&b->tokens[i]);
	dsse_free(&b->dsse);
	buf_free(&b->digest);
	buf_free(&b->signature);
	*b = (struct bundle){ 0 };
}

struct str bundle_signature(const struct bundle *b)
{
	return b->is_dsse ? (struct str){ (const char *)b->dsse.v[0].bytes, b->dsse.v[0].n }
			  : (struct str){ buf_str(&b->signature), b->signature.n };
}

/* What signed: a key's hint, or certificates. */

static int add_cert(const json_t *o, struct bundle *b, struct err *e)
{
	struct buf *to = &b->certs[b->certs_n++];
	int r = pb_members(o, "rawBytes", "bundle: certificate", e);

	*to = BUF_INIT(LIMIT_CERT);
	return r < 0 ? r : pb_bytes(o, "rawBytes", to, "bundle: certificate", e);
}

static int parse_chain(const json_t *o, struct bundle *b, struct err *e)
{
	static const char what[] = "bundle: certificate chain";
	json_t *list;
	int r;

	if ((r = pb_members(o, "certificates", what, e)) < 0 ||
	    (r = pb_array(o, "certificates", LIMIT_CHAIN, &list, what, e)) < 0)
		return r;
	if (json_array_size(list) == 0)
		return FAIL(e, E_FORMAT, "%s: empty", what);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = add_cert(json_array_get(list, i), b, e);
	return r;
}

static int parse_hint(const json_t *o, struct bundle *b, struct err *e)
{
	static const char what[] = "bundle: public key";
	int r = pb_members(o, "hint", what, e);

	b->by_key = true;
	if (r < 0 || !pb_get(o, "hint"))
		return r;
	return pb_string(o, "hint", b->hint, sizeof(b->hint), what, e);
}

static int parse_signer(const json_t *material, struct bundle *b, struct err *e)
{
	const json_t *key = pb_get(material, "publicKey"), *cert = pb_get(material, "certificate"),
		     *chain = pb_get(material, "x509CertificateChain");

	if (!!key + !!cert + !!chain != 1)
		return FAIL(e, E_FORMAT,
			    "bundle: want one of publicKey, certificate, x509CertificateChain");
	if (b->minor == 3 && chain)
		return FAIL(e, E_FORMAT, "bundle: version 0.3 carries no x509CertificateChain");
	if (key)
		return parse_hint(key, b, e);
	return cert ? add_cert(cert, b, e) : parse_chain(chain, b, e);
}

/* Entries of transparency logs. */

static int parse_hashes(const json_t *list, struct tlog_entry *t, struct err *e)
{
	for (; t->hashes_n < json_array_size(list); t->hashes_n++) {
		auto_buf one = BUF_INIT(sizeof(t->hashes[0]));
		const char *text = json_string_value(json_array_get(list, t->hashes_n));

		if (!text || b64_decode_any(str_of(text), &one, NULL) < 0 ||
		    one.n != sizeof(t->hashes[0]))
			return FAIL(e, E_FORMAT, "bundle: inclusion proof: hash %zu is none",
				    t->hashes_n);
		memcpy(t->hashes[t->hashes_n], one.p, one.n);
	}
	return 0;
}

static int parse_proof(const json_t *o, struct tlog_entry *t, struct err *e)
{
	static const char what[] = "bundle: inclusion proof";
	const json_t *note = pb_get(o, "checkpoint");
	int64_t index, size;
	json_t *hashes;
	int r;

	if ((r = pb_members(o, "logIndex rootHash treeSize hashes checkpoint", what, e)) < 0 ||
	    (r = pb_int64(o, "logIndex", &index, what, e)) < 0 ||
	    (r = pb_int64(o, "treeSize", &size, what, e)) < 0 ||
	    (r = pb_bytes_exact(o, "rootHash", t->root, sizeof(t->root), what, e)) < 0 ||
	    (r = pb_array(o, "hashes", LIMIT_PROOF_HASHES, &hashes, what, e)) < 0 ||
	    (r = parse_hashes(hashes, t, e)) < 0)
		return r;
	t->has_proof = true;
	t->proof_index = (uint64_t)index;
	t->tree_size = (uint64_t)size;
	if (note) {
		const char *text;

		if ((r = pb_members(note, "envelope", what, e)) < 0 ||
		    (r = json_get_string(note, "envelope", &text, what, e)) < 0)
			return r;
		buf_puts(&t->checkpoint, text);
		r = buf_check(&t->checkpoint, "bundle: checkpoint", e);
	}
	return r;
}

static int parse_kind(const json_t *o, struct tlog_entry *t, struct err *e)
{
	static const char what[] = "bundle: kindVersion";
	int r;

	if ((r = pb_members(o, "kind version", what, e)) < 0 ||
	    (r = pb_string(o, "kind", t->kind, sizeof(t->kind), what, e)) < 0)
		return r;
	return pb_string(o, "version", t->version, sizeof(t->version), what, e);
}

static int parse_entry_parts(const json_t *o, struct tlog_entry *t, struct err *e)
{
	static const char what[] = "bundle: log entry";
	const json_t *id = pb_get(o, "logId"), *kind = pb_get(o, "kindVersion"),
		     *promise = pb_get(o, "inclusionPromise"), *proof = pb_get(o, "inclusionProof");
	int r;

	if (!id || !kind)
		return FAIL(e, E_FORMAT, "%s: 'logId' or 'kindVersion' is missing", what);
	if ((r = pb_members(id, "keyId", what, e)) < 0 ||
	    (r = pb_bytes_exact(id, "keyId", t->log_id, sizeof(t->log_id), what, e)) < 0 ||
	    (r = parse_kind(kind, t, e)) < 0)
		return r;
	if (promise && ((r = pb_members(promise, "signedEntryTimestamp", what, e)) < 0 ||
			(r = pb_bytes(promise, "signedEntryTimestamp", &t->set, what, e)) < 0))
		return r;
	return proof ? parse_proof(proof, t, e) : 0;
}

static int parse_entry(const json_t *o, struct tlog_entry *t, struct err *e)
{
	static const char what[] = "bundle: log entry";
	int64_t index;
	int r;

	*t = (struct tlog_entry){ .set = BUF_INIT(LIMIT_SIGNATURE_BYTES),
				  .checkpoint = BUF_INIT(LIMIT_BUNDLE_CHECKPOINT),
				  .body = BUF_INIT(LIMIT_BUNDLE_BODY) };
	if ((r = pb_members(o,
			    "logIndex logId kindVersion integratedTime inclusionPromise "
			    "inclusionProof canonicalizedBody",
			    what, e)) < 0 ||
	    (r = pb_int64(o, "logIndex", &index, what, e)) < 0 ||
	    (r = pb_int64(o, "integratedTime", &t->integrated_time, what, e)) < 0 ||
	    (r = parse_entry_parts(o, t, e)) < 0)
		return r;
	t->index = (uint64_t)index;
	/* Without its body an entry proves nothing. */
	return pb_bytes(o, "canonicalizedBody", &t->body, what, e);
}

/* What each version of the format promises of an entry. */
static int check_entry(const struct bundle *b, const struct tlog_entry *t, struct err *e)
{
	if (b->minor == 1 && t->set.n == 0)
		return FAIL(e, E_FORMAT,
			    "bundle: version 0.1 has an inclusionPromise of each entry");
	if (b->minor > 1 && (!t->has_proof || t->checkpoint.n == 0))
		return FAIL(
			e, E_FORMAT,
			"bundle: version 0.%d has an inclusionProof with checkpoint of each entry",
			b->minor);
	return 0;
}

static int parse_entries(const json_t *material, struct bundle *b, struct err *e)
{
	json_t *list;
	int r = pb_array(material, "tlogEntries", LIMIT_BUNDLE_ENTRIES, &list, "bundle", e);

	if (r < 0 || json_array_size(list) == 0)
		return r;
	b->entries = calloc(json_array_size(list), sizeof(*b->entries));
	if (!b->entries)
		return FAIL_NOMEM(e);
	while (r == 0 && b->entries_n < json_array_size(list)) {
		struct tlog_entry *t = &b->entries[b->entries_n];

		r = parse_entry(json_array_get(list, b->entries_n++), t, e);
		if (r == 0)
			r = check_entry(b, t, e);
	}
	return r;
}

static int parse_tokens(const json_t *material, struct bundle *b, struct err *e)
{
	static const char what[] = "bundle: timestamps";
	const json_t *data = pb_get(material, "timestampVerificationData");
	json_t *list;
	int r;

	if (!data)
		return 0;
	if ((r = pb_members(data, "rfc3161Timestamps", what, e)) < 0 ||
	    (r = pb_array(data, "rfc3161Timestamps", LIMIT_BUNDLE_TIMESTAMPS, &list, what, e)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		b->tokens[b->tokens_n] = BUF_INIT(LIMIT_BUNDLE_TOKEN);
		r = pb_members(o, "signedTimestamp", what, e);
		if (r == 0)
			r = pb_bytes(o, "signedTimestamp", &b->tokens[b->tokens_n++], what, e);
	}
	return r;
}

static int parse_material(const json_t *bundle, struct bundle *b, struct err *e)
{
	json_t *m;
	int r;

	if ((r = json_get_object(bundle, "verificationMaterial", &m, "bundle", e)) < 0 ||
	    (r = pb_members(m,
			    "publicKey certificate x509CertificateChain tlogEntries "
			    "timestampVerificationData",
			    "bundle: verificationMaterial", e)) < 0 ||
	    (r = parse_signer(m, b, e)) < 0 || (r = parse_entries(m, b, e)) < 0)
		return r;
	return parse_tokens(m, b, e);
}

/* What is signed. */

static int parse_digest(const json_t *o, struct bundle *b, struct err *e)
{
	static const struct {
		const char *pb, *name;
		size_t n;
	} known[] = { { "SHA2_256", "SHA256", 32 },
		      { "SHA2_384", "SHA384", 48 },
		      { "SHA2_512", "SHA512", 64 } };
	static const char what[] = "bundle: messageDigest";
	const char *name;
	int r;

	if ((r = pb_members(o, "algorithm digest", what, e)) < 0 ||
	    (r = json_get_string(o, "algorithm", &name, what, e)) < 0 ||
	    (r = pb_bytes(o, "digest", &b->digest, what, e)) < 0)
		return r;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].pb, name) == 0 && b->digest.n == known[i].n) {
			(void)snprintf(b->hash, sizeof(b->hash), "%s", known[i].name);
			return 0;
		}
	return FAIL(e, E_FORMAT, "%s: '%.20s' of %zu bytes is not supported", what, name,
		    b->digest.n);
}

static int parse_message(const json_t *o, struct bundle *b, struct err *e)
{
	static const char what[] = "bundle: messageSignature";
	const json_t *digest = pb_get(o, "messageDigest");
	int r;

	b->digest = BUF_INIT(64);
	b->signature = BUF_INIT(LIMIT_SIGNATURE_BYTES);
	if ((r = pb_members(o, "messageDigest signature", what, e)) < 0 ||
	    (r = digest ? parse_digest(digest, b, e) : 0) < 0 ||
	    (r = pb_bytes(o, "signature", &b->signature, what, e)) < 0)
		return r;
	return b->signature.n ? 0 : FAIL(e, E_FORMAT, "%s: the signature is empty", what);
}

static int parse_envelope(const json_t *o, struct bundle *b, struct err *e)
{
	static const char what[] = "bundle: dsseEnvelope";
	const json_t *list = json_object_get(o, "signatures");
	int r;

	if ((r = pb_members(o, "payload payloadType signatures", what, e)) < 0)
		return r;
	if (json_array_size(list) != 1)
		return FAIL(e, E_FORMAT, "%s: want exactly one signature, got %zu", what,
			    json_array_size(list));
	if ((r = pb_members(json_array_get(list, 0), "sig keyid", what, e)) < 0)
		return r;
	b->is_dsse = true;
	return dsse_parse(o, &b->dsse, e);
}

static int parse_version(const json_t *bundle, struct bundle *b, struct err *e)
{
	static const char old[] = "application/vnd.dev.sigstore.bundle+json;version=0.";
	const char *type;
	int r = json_get_string(bundle, "mediaType", &type, "bundle", e);

	if (r < 0)
		return r;
	if (strcmp(type, SIGSTORE_BUNDLE_TYPE) == 0)
		b->minor = 3;
	else if (starts_with(type, old) && strlen(type) == sizeof(old) &&
		 type[sizeof(old) - 1] >= '1' && type[sizeof(old) - 1] <= '3')
		b->minor = type[sizeof(old) - 1] - '0';
	else
		return FAIL(e, E_FORMAT, "bundle: media type '%.80s' is none that is known", type);
	return 0;
}

static int parse_content(const json_t *j, struct bundle *b, struct err *e)
{
	const json_t *message = pb_get(j, "messageSignature"),
		     *envelope = pb_get(j, "dsseEnvelope");
	int r;

	if ((r = pb_members(j, "mediaType verificationMaterial messageSignature dsseEnvelope",
			    "bundle", e)) < 0 ||
	    (r = parse_version(j, b, e)) < 0)
		return r;
	if (!message == !envelope)
		return FAIL(e, E_FORMAT, "bundle: want one of messageSignature, dsseEnvelope");
	r = message ? parse_message(message, b, e) : parse_envelope(envelope, b, e);
	return r < 0 ? r : parse_material(j, b, e);
}

int bundle_parse(struct str bytes, struct bundle *ret, struct err *e)
{
	auto_bundle b = { 0 };
	auto_json *j = NULL;
	int r;

	if (bytes.n > LIMIT_BUNDLE)
		return FAIL(e, E_FORMAT, "bundle: longer than %d bytes", LIMIT_BUNDLE);
	if ((r = json_parse(bytes.p, bytes.n, "bundle", &j, e)) < 0 ||
	    (r = parse_content(j, &b, e)) < 0)
		return r;
	*ret = b;
	b = (struct bundle){ 0 };
	return 0;
}

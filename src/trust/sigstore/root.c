/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/root.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/sigstore_key.h"
#include "trust/sigstore/pbjson.h"

static void log_keys_free(struct log_keys *l)
{
	for (size_t i = 0; i < l->n; i++)
		key_free(l->v[i].key);
	free(l->v);
}

static void authorities_free(struct authorities *a)
{
	for (size_t i = 0; i < a->n; i++)
		chain_free(&a->v[i].chain);
	free(a->v);
}

void trusted_root_free(struct trusted_root *r)
{
	log_keys_free(&r->tlogs);
	log_keys_free(&r->ctlogs);
	authorities_free(&r->cas);
	authorities_free(&r->tsas);
	*r = (struct trusted_root){ 0 };
}

/* A range of time begins: one that does not is not one without a beginning. */
static int parse_range(const json_t *o, int64_t *ret_start, int64_t *ret_end, const char *what,
		       struct err *e)
{
	const json_t *range = pb_get(o, "validFor");
	bool has_start, has_end;
	int r;

	if (!range)
		return FAIL(e, E_FORMAT, "%s: 'validFor' is missing", what);
	if ((r = pb_members(range, "start end", what, e)) < 0 ||
	    (r = pb_time(range, "start", ret_start, &has_start, what, e)) < 0 ||
	    (r = pb_time(range, "end", ret_end, &has_end, what, e)) < 0)
		return r;
	if (!has_start)
		return FAIL(e, E_FORMAT, "%s: 'validFor' has no start", what);
	if (!has_end)
		*ret_end = INT64_MAX;
	if (*ret_end < *ret_start)
		return FAIL(e, E_FORMAT, "%s: 'validFor' ends before it starts", what);
	return 0;
}

/* Logs. */

static bool supported(const char *details)
{
	return starts_with(details, "PKIX_ECDSA_P") || strcmp(details, "PKIX_ED25519") == 0 ||
	       starts_with(details, "PKIX_RSA_PKCS1V15_");
}

static int parse_public_key(const json_t *o, struct log_key *k, struct err *e)
{
	static const char what[] = "trusted root: publicKey";
	auto_buf der = BUF_INIT(LIMIT_KEY_PEM);
	const char *details;
	int r;

	if ((r = pb_members(o, "rawBytes keyDetails validFor", what, e)) < 0 ||
	    (r = json_get_string(o, "keyDetails", &details, what, e)) < 0 ||
	    (r = pb_bytes(o, "rawBytes", &der, what, e)) < 0 ||
	    (r = parse_range(o, &k->start, &k->end, what, e)) < 0)
		return r;
	if (!supported(details))
		return 0;
	r = key_public_from_der(der.p, der.n, &k->key, e);
	return r < 0 ? WRAP(e, r, "%s", what) : 0;
}

/* By which its key is told in checkpoints: how its id begins, unless the root says otherwise. */
static int parse_note_id(const json_t *log, struct log_key *k, struct err *e)
{
	static const char what[] = "trusted root: checkpointKeyId";
	const json_t *id = pb_get(log, "checkpointKeyId");
	auto_buf raw = BUF_INIT(sizeof(k->note_id));
	int r;

	memcpy(k->note_id, k->id, sizeof(k->note_id));
	k->note_id_n = sizeof(k->note_id);
	if (!id)
		return 0;
	if ((r = pb_members(id, "keyId", what, e)) < 0 ||
	    (r = pb_bytes(id, "keyId", &raw, what, e)) < 0)
		return r;
	if (raw.n < LOG_NOTE_ID)
		return FAIL(e, E_FORMAT, "%s: %zu bytes", what, raw.n);
	memcpy(k->note_id, raw.p, raw.n);
	k->note_id_n = raw.n;
	return 0;
}

static int parse_log(const json_t *o, struct log_key *k, struct err *e)
{
	static const char what[] = "trusted root: log";
	json_t *key, *id;
	int r;

	if ((r = pb_members(o, "baseUrl hashAlgorithm publicKey logId checkpointKeyId operator",
			    what, e)) < 0 ||
	    (r = json_get_object(o, "publicKey", &key, what, e)) < 0 ||
	    (r = json_get_object(o, "logId", &id, what, e)) < 0 ||
	    (r = pb_members(id, "keyId", what, e)) < 0 ||
	    (r = pb_bytes_exact(id, "keyId", k->id, sizeof(k->id), what, e)) < 0 ||
	    (r = parse_note_id(o, k, e)) < 0)
		return r;
	return parse_public_key(key, k, e);
}

static int parse_logs(const json_t *root, const char *name, struct log_keys *ret, struct err *e)
{
	json_t *list;
	int r = pb_array(root, name, LIMIT_ROOT_ENTRIES, &list, "trusted root", e);
	size_t n = json_array_size(list);

	if (r < 0 || n == 0)
		return r;
	ret->named = true;
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct log_key *k = &ret->v[ret->n];

		r = parse_log(json_array_get(list, i), k, e);
		if (k->key)
			ret->n++;
	}
	return r;
}

/* Authorities. */

static int parse_certs(const json_t *o, struct chain *ret, struct err *e)
{
	static const char what[] = "trusted root: certChain";
	json_t *list;
	int r;

	if ((r = pb_members(o, "certificates", what, e)) < 0 ||
	    (r = pb_array(o, "certificates", LIMIT_CHAIN, &list, what, e)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		auto_buf der = BUF_INIT(LIMIT_CERT);

		if ((r = pb_members(c, "rawBytes", what, e)) == 0 &&
		    (r = pb_bytes(c, "rawBytes", &der, what, e)) == 0)
			r = chain_add(ret, der.p, der.n, e);
	}
	return r;
}

static int parse_authority(const json_t *o, struct authority *a, struct err *e)
{
	static const char what[] = "trusted root: authority";
	const json_t *certs = pb_get(o, "certChain");
	int r;

	if ((r = pb_members(o, "subject uri certChain validFor operator", what, e)) < 0 ||
	    (r = parse_range(o, &a->start, &a->end, what, e)) < 0)
		return r;
	return certs ? parse_certs(certs, &a->chain, e) : 0;
}

static int parse_authorities(const json_t *root, const char *name, struct authorities *ret,
			     struct err *e)
{
	json_t *list;
	int r = pb_array(root, name, LIMIT_ROOT_ENTRIES, &list, "trusted root", e);
	size_t n = json_array_size(list);

	if (r < 0 || n == 0)
		return r;
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return FAIL_NOMEM(e);
	while (r == 0 && ret->n < n) {
		r = parse_authority(json_array_get(list, ret->n), &ret->v[ret->n], e);
		ret->n++;
	}
	return r;
}

static int check_type(const json_t *j, struct err *e)
{
	const char *type;
	int r = json_get_string(j, "mediaType", &type, "trusted root", e);

	if (r < 0)
		return r;
	if (!has_word("application/vnd.dev.sigstore.trustedroot+json;version=0.1 "
		      "application/vnd.dev.sigstore.trustedroot.v0.1+json "
		      "application/vnd.dev.sigstore.trustedroot.v0.2+json "
		      "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
		      type))
		return FAIL(e, E_FORMAT, "trusted root: media type '%.80s' is none that is known",
			    type);
	return 0;
}

int trusted_root_parse(struct str bytes, struct trusted_root *ret, struct err *e)
{
	auto_trusted_root root = { 0 };
	auto_json *j = NULL;
	int r;

	if (bytes.n > LIMIT_TRUSTED_ROOT)
		return FAIL(e, E_FORMAT, "trusted root: longer than %d bytes", LIMIT_TRUSTED_ROOT);
	if ((r = json_parse(bytes.p, bytes.n, "trusted root", &j, e)) < 0 ||
	    (r = pb_members(j, "mediaType tlogs certificateAuthorities ctlogs timestampAuthorities",
			    "trusted root", e)) < 0 ||
	    (r = check_type(j, e)) < 0 || (r = parse_logs(j, "tlogs", &root.tlogs, e)) < 0 ||
	    (r = parse_logs(j, "ctlogs", &root.ctlogs, e)) < 0 ||
	    (r = parse_authorities(j, "certificateAuthorities", &root.cas, e)) < 0 ||
	    (r = parse_authorities(j, "timestampAuthorities", &root.tsas, e)) < 0)
		return r;
	*ret = root;
	root = (struct trusted_root){ 0 };
	return 0;
}

int trusted_root_next(struct str *rest, struct trusted_root *ret, struct err *e)
{
	struct str all = str_trim(*rest), line, after = all;
	int r;

	if (all.n == 0)
		return 0;
	(void)str_line(&after, &line);
	line = str_trim(line);
	/* One that is written over many lines has its first brace, or little more, on the first. */
	if (line.n < 2 || line.p[0] != '{' || line.p[line.n - 1] != '}') {
		line = all;
		after = (struct str){ all.p + all.n, 0 };
	}
	r = trusted_root_parse(line, ret, e);
	if (r < 0)
		return r;
	*rest = after;
	return 1;
}

int trusted_roots_check(struct str bytes, struct err *e)
{
	struct str rest = bytes;
	size_t n = 0;

	for (;;) {
		auto_trusted_root root = { 0 };
		int r = trusted_root_next(&rest, &root, e);

		if (r < 0)
			return n ? WRAP(e, r, "the root %zu of the file", n + 1) : r;
		if (r == 0)
			return n ? 0 : FAIL(e, E_FORMAT, "trusted root: empty");
		if (++n > LIMIT_TRUSTED_ROOTS)
			return FAIL(e, E_FORMAT, "trusted root: more than %d in a file",
				    LIMIT_TRUSTED_ROOTS);
	}
}

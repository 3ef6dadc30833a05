/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sct.h"

#include <openssl/ct.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/sigstore_key.h"
#include "crypto/x509_internal.h"

typedef STACK_OF(SCT) sct_list;
static void sct_list_release(sct_list **l)
{
	SCT_LIST_free(*l);
}

enum { LIMIT_TBS = 0xffffff, PRECERT_ENTRY = 1 };

static void put_uint(struct buf *b, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		buf_putc(b, (char)(v >> 8 * i & 0xff));
}

/* The certificate's TBSCertificate without the list of timestamps (RFC 6962, 3.2). */
static int put_tbs(const struct cert *leaf, struct buf *ret, struct err *e)
{
	auto_release(X509_free) X509 *copy = X509_dup(leaf->x);
	unsigned char *der = NULL;
	int at = copy ? X509_get_ext_by_NID(copy, NID_ct_precert_scts, -1) : -1, n;

	if (at < 0)
		return FAIL(e, E_VERIFY, "the certificate has no SCT");
	X509_EXTENSION_free(X509_delete_ext(copy, at));
	n = i2d_re_X509_tbs(copy, &der);
	if (n <= 0 || n > LIMIT_TBS) {
		OPENSSL_free(der);
		return FAIL_SSL(e, E_FORMAT, "SCT: certificate");
	}
	put_uint(ret, (uint64_t)n, 3);
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	return buf_check(ret, "SCT", e);
}

/* What a timestamp signs: itself, the issuer's key, the certificate. */
static int make_signed(const SCT *sct, const struct cert *leaf, const struct cert *issuer,
		       struct buf *ret, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	auto_buf spki = BUF_INIT(LIMIT_KEY_PEM);
	unsigned char key_hash[SHA256_LEN], *ext = NULL;
	size_t ext_n = SCT_get0_extensions(sct, &ext);
	int r;

	if ((r = cert_key(issuer, &k, e)) < 0 || (r = key_public_der(k, &spki, e)) < 0)
		return r;
	sha256_once(spki.p, spki.n, key_hash);
	put_uint(ret, 0, 1); /* version 1 */
	put_uint(ret, 0, 1); /* certificate_timestamp */
	put_uint(ret, SCT_get_timestamp(sct), 8);
	put_uint(ret, PRECERT_ENTRY, 2);
	buf_put(ret, key_hash, sizeof(key_hash));
	if ((r = put_tbs(leaf, ret, e)) < 0)
		return r;
	put_uint(ret, ext_n, 2);
	buf_put(ret, ext, ext_n);
	return buf_check(ret, "SCT", e);
}

static const struct sct_log *find_log(const SCT *sct, const struct sct_log *logs, size_t n)
{
	unsigned char *id = NULL;
	size_t id_n = SCT_get0_log_id(sct, &id);
	int64_t when = (int64_t)(SCT_get_timestamp(sct) / 1000);

	for (size_t i = 0; id_n == SCT_LOG_ID && i < n; i++)
		if (memcmp(id, logs[i].id, SCT_LOG_ID) == 0 && logs[i].start <= when &&
		    when <= logs[i].end)
			return &logs[i];
	return NULL;
}

static int check_one(const SCT *sct, const struct cert *leaf, const struct cert *issuer,
		     const struct sct_log *log, struct err *e)
{
	auto_buf b = BUF_INIT(2 * LIMIT_CERT + 256);
	unsigned char *sig = NULL;
	size_t sig_n = SCT_get0_signature(sct, &sig);
	int r = make_signed(sct, leaf, issuer, &b, e);

	if (r < 0)
		return r;
	r = sigstore_verify(log->key, b.p, b.n, (struct str){ (const char *)sig, sig_n }, e);
	return r < 0 ? WRAP(e, r, "SCT") : 0;
}

int sct_verify(const struct cert *leaf, const struct cert *issuer, const struct sct_log *logs,
	       size_t n, struct err *e)
{
	__attribute__((cleanup(sct_list_release))) sct_list *list =
		X509_get_ext_d2i(leaf->x, NID_ct_precert_scts, NULL, NULL);
	int count = list ? sk_SCT_num(list) : 0;

	ERR_clear_error();
	if (count <= 0 || count > LIMIT_SCTS)
		return FAIL(e, E_VERIFY, "the certificate has no SCT, or more than %d", LIMIT_SCTS);
	for (int i = 0; i < count; i++) {
		const SCT *sct = sk_SCT_value(list, i);
		const struct sct_log *log = find_log(sct, logs, n);

		if (!log || SCT_get_version(sct) != SCT_VERSION_V1)
			continue;
		/* One of a trusted log that does not hold is a forgery, whatever the others say. */
		return check_one(sct, leaf, issuer, log, e);
	}
	return FAIL(e, E_VERIFY, "no SCT of the certificate is by a trusted log");
}

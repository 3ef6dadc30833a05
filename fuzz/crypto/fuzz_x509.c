/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate files and the chain rules. What is read is written back as the same certificates. */
#include <assert.h>
#include <stdint.h>

#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	auto_chain c = { .n = 0 }, again = { .n = 0 };
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS), dn = BUF_INIT(64 * LIMIT_DN_TEXT);

	if (chain_from_file((struct str){ (const char *)data, size }, &c, &e) < 0)
		return 0;
	assert(c.n >= 1 && c.n <= LIMIT_CHAIN);
	for (size_t i = 0; i < c.n; i++) {
		assert(cert_to_pem(c.v[i], &pem, &e) == 0);
		dn_text(cert_subject(c.v[i]), &dn);
		(void)cert_is_ca(c.v[i]);
		(void)cert_names_revocation(c.v[i]);
	}
	assert(chain_from_file((struct str){ pem.p, pem.n }, &again, &e) == 0 && again.n == c.n);
	for (size_t i = 0; i < c.n; i++)
		assert(cert_equal(c.v[i], again.v[i]));
	if (chain_check(&c, &e) == 0) {
		assert(cert_is_self_signed(c.v[c.n - 1]) && !cert_is_ca(c.v[0]));
		(void)chain_valid_at(&c, 1795000000, &e);
	}
	return 0;
}

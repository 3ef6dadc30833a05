/* SPDX-License-Identifier: Apache-2.0 */
/* OCSP answers and CRLs, about a certificate of a CA that signed none of them but the seeds. */
#include <assert.h>
#include <stdint.h>

#include "crypto/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795699308 /* when the seeds were made */

static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
			  "MIICEjCCAbmgAwIBAgICEAAwCgYIKoZIzj0EAwIwNjELMAkGA1UEBhMCVVMxCzAJ\n"
			  "BgNVBAgMAldBMQ0wCwYDVQQKDARhY21lMQswCQYDVQQDDAJjYTAeFw0yNjExMjYx\n"
			  "MzIxMzdaFw0zNTAyMTIxMzIxMzdaMDgxDTALBgNVBAMMBGxlYWYxDTALBgNVBAoM\n"
			  "BGFjbWUxCzAJBgNVBAgMAldBMQswCQYDVQQGEwJVUzBZMBMGByqGSM49AgEGCCqG\n"
			  "SM49AwEHA0IABJiRS3ULNgCc6kutVEfgCmBtyirZ6oGtrAktoyQeuQ+lToJHCrPj\n"
			  "yLmfZeP92sE6Akj/X+6r8Rx6fESSVYG96I6jgbQwgbEwDgYDVR0PAQH/BAQDAgeA\n"
			  "MCoGA1UdHwQjMCEwH6AdoBuGGWh0dHA6Ly8xMjcuMC4wLjE6MS9jYS5jcmwwMwYI\n"
			  "KwYBBQUHAQEEJzAlMCMGCCsGAQUFBzABhhdodHRwOi8vMTI3LjAuMC4xOjEvb2Nz\n"
			  "cDAdBgNVHQ4EFgQU5CRSUOMCjmshlJy0p/nDJGiG8GkwHwYDVR0jBBgwFoAU6GCZ\n"
			  "nktGKKK6+OKcIMgL9cerkOEwCgYIKoZIzj0EAwIDRwAwRAIgfc+Tt8dJotJQ3Yac\n"
			  "LNkT0rhWow1btozf+zYnaWl1OaYCIFMXKa+4fyv+4CX1yeaE9KoLTdiARC1VyfJg\n"
			  "B1NWNAJH\n"
			  "-----END CERTIFICATE-----\n"
			  "-----BEGIN CERTIFICATE-----\n"
			  "MIIBsDCCAVagAwIBAgIUA5KoL1S/Don5P9xCfGIdle8eqKUwCgYIKoZIzj0EAwIw\n"
			  "NjELMAkGA1UEBhMCVVMxCzAJBgNVBAgMAldBMQ0wCwYDVQQKDARhY21lMQswCQYD\n"
			  "VQQDDAJjYTAeFw0yNjExMjYxMzIxMzdaFw0zNjExMjMxMzIxMzdaMDYxCzAJBgNV\n"
			  "BAYTAlVTMQswCQYDVQQIDAJXQTENMAsGA1UECgwEYWNtZTELMAkGA1UEAwwCY2Ew\n"
			  "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARRstUacRao7xrqQRhydDwprBZ6yJwK\n"
			  "O2YF9RRvIOxD5Pqm7a2sWBcFGN87iR4I0YiEp/Gzw2FfKCOwsJe6zIFQo0IwQDAP\n"
			  "BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQU6GCZnktG\n"
			  "KKK6+OKcIMgL9cerkOEwCgYIKoZIzj0EAwIDSAAwRQIgNSI33cpP9QuSlolNDdxT\n"
			  "EBJ45N6oovftKDzxt4pXIHECIQDqvmjA4KMt7g+SYZkpjnNdYq0NqOGG6SklM4NP\n"
			  "WQniaQ==\n"
			  "-----END CERTIFICATE-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chain c;
	const struct str bytes = { (const char *)data, size };
	struct revocation r;
	struct err e = ERR_INIT;

	if (c.n == 0)
		assert(chain_from_file((struct str){ pem, sizeof(pem) - 1 }, &c, &e) == 0 &&
		       c.n == 2);
	if (ocsp_read(bytes, c.v[0], c.v[1], NOW, &r, &e) == 0)
		assert(r.status <= REVOCATION_UNKNOWN && r.reason && r.next_update > 0);
	if (crl_read(bytes, c.v[0], c.v[1], NOW, &r, &e) == 0)
		assert(r.status != REVOCATION_UNKNOWN && r.reason && r.next_update > 0);
	r = (struct revocation){ .reason = "", .next_update = NOW };
	if (crl_read_changes(bytes, bytes, c.v[0], c.v[1], NOW, &r, &e) == 0)
		assert(!r.changes && r.reason && r.next_update > 0);
	return 0;
}

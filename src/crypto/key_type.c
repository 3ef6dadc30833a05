/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys there are: their names, and making one. */
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto/key.h"
#include "crypto/ssl.h"

static const struct {
	const char *name;
	enum key_kind kind;
	int bits; /* RSA: of the modulus */
} types[] = {
	{ "P-256", KEY_EC_P256, 0 },   { "P-384", KEY_EC_P384, 0 },   { "P-521", KEY_EC_P521, 0 },
	{ "RSA-2048", KEY_RSA, 2048 }, { "RSA-3072", KEY_RSA, 3072 }, { "RSA-4096", KEY_RSA, 4096 },
	{ "Ed25519", KEY_ED25519, 0 },
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

int key_type_parse(const char *name, enum key_kind *ret, int *ret_bits, struct err *e)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strcmp(name, types[i].name) == 0) {
			*ret = types[i].kind;
			*ret_bits = types[i].bits;
			return 0;
		}
	return FAIL(e, E_USAGE,
		    "key type '%.40s': want P-256, P-384, P-521, RSA-2048, RSA-3072 or RSA-4096",
		    name);
}

const char *key_type_name(const struct key *k)
{
	for (size_t i = 0; i < TYPES; i++)
		if (types[i].kind == k->kind && (k->kind != KEY_RSA || types[i].bits == k->bits))
			return types[i].name;
	return "?";
}

int key_generate(enum key_kind kind, struct key **ret, struct err *e)
{
	EVP_PKEY *pkey = NULL;

	switch (kind) {
	case KEY_EC_P256: pkey = EVP_EC_gen("P-256"); break;
	case KEY_EC_P384: pkey = EVP_EC_gen("P-384"); break;
	case KEY_EC_P521: pkey = EVP_EC_gen("P-521"); break;
	case KEY_ED25519: pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
	case KEY_RSA: return key_generate_rsa(3072, ret, e);
	}
	if (!pkey)
		return FAIL_SSL(e, E_SYSTEM, "generate key");
	return key_wrap(pkey, true, "generated key", ret, e);
}

int key_generate_rsa(int bits, struct key **ret, struct err *e)
{
	EVP_PKEY *pkey;

	if (bits != 2048 && bits != 3072 && bits != 4096)
		return FAIL(e, E_USAGE, "an RSA key has 2048, 3072 or 4096 bits");
	pkey = EVP_RSA_gen((unsigned)bits);
	if (!pkey)
		return FAIL_SSL(e, E_SYSTEM, "generate key");
	return key_wrap(pkey, true, "generated key", ret, e);
}

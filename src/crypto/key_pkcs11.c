/* SPDX-License-Identifier: Apache-2.0 */
/* Engines are deprecated in OpenSSL 3, and all that there is for PKCS #11 in Debian 12. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/key_pkcs11.h"

#include <openssl/engine.h>
#include <openssl/ui.h>

#include "crypto/ssl.h"

DEFINE_RELEASE_VOID(ENGINE, ENGINE_free)
DEFINE_RELEASE_VOID(UI_METHOD, UI_destroy_method)

/* What the engine would ask on a terminal is refused: there is nobody. */
static int ask_nobody(UI *ui, UI_STRING *s)
{
	(void)ui, (void)s;
	return -1;
}

/* The first error of the queue is the cause; the last says only that there is no key. */
static int refused(bool with_pin, struct err *e)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	int r = FAIL(e, E_USAGE, "the token has no such key, or %s%s%s%s",
		     with_pin ? "refuses the PIN" : "asks for a PIN", reason ? " (" : "",
		     reason ? reason : "", reason ? ")" : "");

	ERR_clear_error();
	return r;
}

static int load(ENGINE *engine, const char *uri, const char *module, const char *pin,
		EVP_PKEY **ret, struct err *e)
{
	auto_release(UI_destroy_method) UI_METHOD *nobody = UI_create_method("nobody");
	EVP_PKEY *pkey;

	if (!nobody || UI_method_set_reader(nobody, ask_nobody) != 0)
		return FAIL_NOMEM(e);
	if (module && ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module, 0) != 1)
		return FAIL_SSL(e, E_SYSTEM, "PKCS #11 module");
	if (pin && ENGINE_ctrl_cmd_string(engine, "PIN", pin, 0) != 1)
		return FAIL_SSL(e, E_SYSTEM, "PKCS #11 PIN");
	if (ENGINE_init(engine) != 1)
		return FAIL_SSL(e, E_SYSTEM, "PKCS #11 engine");
	pkey = ENGINE_load_private_key(engine, uri, nobody, NULL);
	(void)ENGINE_finish(engine); /* the key keeps it */
	if (!pkey)
		return refused(pin != NULL, e);
	*ret = pkey;
	return 0;
}

/* The engine's key cannot say of what kind it is as keys of OpenSSL 3 can; its public half can. */
static int classify(EVP_PKEY *pkey, struct key **ret, struct err *e)
{
	unsigned char *der = NULL;
	int r, n = i2d_PUBKEY(pkey, &der);
	const unsigned char *p = der;
	EVP_PKEY *pub = n > 0 ? d2i_PUBKEY(NULL, &p, n) : NULL;

	OPENSSL_free(der);
	if (!pub)
		return FAIL_SSL(e, E_FORMAT, "the token's public key");
	r = key_wrap(pub, false, "the token's key", ret, e);
	if (r < 0)
		return r;
	EVP_PKEY_free((*ret)->pkey);
	(*ret)->pkey = pkey;
	(*ret)->has_priv = true;
	return 0;
}

int key_from_pkcs11(const char *uri, const char *module, const char *pin, struct key **ret,
		    struct err *e)
{
	auto_release(ENGINE_free) ENGINE *engine = ENGINE_by_id("pkcs11");
	EVP_PKEY *pkey = NULL;
	int r;

	if (!engine) {
		ERR_clear_error();
		return FAIL(e, E_NOTFOUND, "OpenSSL's engine for PKCS #11 is not installed");
	}
	r = load(engine, uri, module, pin, &pkey, e);
	if (r < 0)
		return r;
	r = classify(pkey, ret, e);
	if (r < 0)
		EVP_PKEY_free(pkey);
	return r;
}

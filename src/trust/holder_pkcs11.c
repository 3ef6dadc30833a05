/* SPDX-License-Identifier: Apache-2.0 */
/* The holder of a key in a PKCS #11 token: "pkcs11:" + RFC 7512. */
#include <string.h>
#include <sys/socket.h>

#include "crypto/key_pkcs11.h"
#include "trust/holder_internal.h"
#include "trust/internal.h"

/* What we read of the name; the path part goes to the token's library as it is. */
struct token {
	struct holder *holder;
	char uri[LIMIT_KEY_WHERE + 1];
	char module[LIMIT_KEY_WHERE + 1];     /* "" when not given */
	char pin_source[LIMIT_KEY_WHERE + 1]; /* "" when not given */
	bool network;
};

static int hold(void *arg, struct buf *emit, struct err *e)
{
	const struct token *t = arg;
	struct key *k = NULL; /* the process ends with it: modules are seldom good at being left */
	int r = key_from_pkcs11(t->uri, t->module[0] ? t->module : NULL, t->holder->passphrase, &k,
				e);

	(void)emit;
	return r < 0 ? r : holder_serve(t->holder->keep[0], k, e);
}

/* RFC 3986 2.1. */
static int unescape(struct str s, char ret[static LIMIT_KEY_WHERE + 1], struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '%') {
			char hex[3] = { i + 2 < s.n ? s.p[i + 1] : '\0',
					i + 2 < s.n ? s.p[i + 2] : '\0', '\0' };

			if (strspn(hex, "0123456789abcdefABCDEF") != 2)
				return FAIL(e, E_USAGE, "a '%%' without two hex digits");
			c = (unsigned char)strtoul(hex, NULL, 16);
			i += 2;
		}
		if (c == '\0' || n >= LIMIT_KEY_WHERE)
			return FAIL(e, E_USAGE, "a value that is no text");
		ret[n++] = (char)c;
	}
	ret[n] = '\0';
	return 0;
}

static int read_query(struct str query, struct token *t, struct err *e)
{
	struct str field, name;
	int r = 0;

	while (r == 0 && str_cut(&query, '&', &field)) {
		(void)str_cut(&field, '=', &name);
		if (str_eqz(name, "pin-value"))
			return FAIL(e, E_USAGE,
				    "a PIN does not belong into a name that others can read; give "
				    "--passphrase-file, or pin-source=file:...");
		if (str_eqz(name, "module-path"))
			r = unescape(field, t->module, e);
		else if (str_eqz(name, "pin-source"))
			r = unescape(field, t->pin_source, e);
		else if (str_eqz(name, "x-network") && str_eqz(field, "yes"))
			t->network = true;
		else
			return FAIL(e, E_USAGE,
				    "'%.*s' is not known: module-path, pin-source and "
				    "x-network=yes are",
				    name.n < 40 ? (int)name.n : 40, name.p);
	}
	return r;
}

static int check_path(struct str path, struct err *e)
{
	struct str field, name;
	bool named = false;

	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] > '~')
			return FAIL(e, E_USAGE, "what is no printable ASCII is written as %%XX");
	while (str_cut(&path, ';', &field)) {
		(void)str_cut(&field, '=', &name);
		if (str_eqz(name, "pin-value") || str_eqz(name, "pin-source"))
			return FAIL(e, E_USAGE,
				    "a PIN does not belong there; give "
				    "--passphrase-file");
		named |= str_eqz(name, "object") || str_eqz(name, "id");
	}
	return named ? 0 : FAIL(e, E_USAGE, "it names no key: object=... or id=... is missing");
}

static int parse(const char *where, struct token *t, struct err *e)
{
	struct str rest = str_of(where), path;
	int r;

	(void)str_cut(&rest, '?', &path);
	(void)snprintf(t->uri, sizeof(t->uri), "%.*s", (int)path.n, path.p);
	path = (struct str){ path.p + strlen(KEY_PKCS11), path.n - strlen(KEY_PKCS11) };
	r = check_path(path, e);
	return r < 0 ? r : read_query(rest, t, e);
}

static int start_child(struct token *t, struct err *e)
{
	struct holder *h = t->holder;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return FAIL_SYS(e, "socket to the key's holder");
	h->to = pair[0];
	h->keep[0] = pair[1];
	h->box = (struct sandbox){ .what = "token",
				   .keep = h->keep,
				   .keep_n = 1,
				   .write_dir = -1,
				   .module = true,
				   .network = t->network,
				   .secrets = true,
				   .cpu_seconds = 300 };
	crypto_init();
	r = sandbox_start(&h->box, hold, t, 0, &h->child, e);
	(void)close(pair[1]);
	return r < 0 ? r : holder_greet(h, e);
}

int holder_start_pkcs11(struct holder *h, struct err *e)
{
	auto_secret pin = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct token t = { .holder = h };
	const char *source = t.pin_source;
	int r = parse(h->where, &t, e);

	if (r < 0)
		return r;
	if (!h->passphrase && source[0]) {
		source += starts_with(source, "file:") ? strlen("file:") : 0;
		source += starts_with(source, "///") ? 2 : 0;
		r = trust_passphrase(source, &pin, e);
		if (r < 0)
			return r;
		h->passphrase = buf_str(&pin);
	}
	r = start_child(&t, e);
	if (r == E_NOTFOUND)
		return err_hint(e, r, "apt-get install libengine-pkcs11-openssl");
	if (r == E_USAGE && !h->passphrase)
		return err_hint(e, r,
				"give the PIN by --passphrase-file FILE, or set "
				"PLIMSOLL_PASSPHRASE_FILE");
	return r;
}

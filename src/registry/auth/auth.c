/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/auth.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/proc.h"
#include "crypto/key.h"
#include "registry/auth/scope.h"
#include "registry/auth/token.h"
#include "registry/registry_internal.h"

enum { TOKEN_TRIES = 3 };

struct auth {
	char *host;
	struct url at;
	bool insecure; /* registries.conf: plain HTTP, or any certificate, at that origin */
	struct fetch *fetch;
	struct challenge asked;
	struct credential credential;
	bool fixed, looked; /* the credential was given; was looked for */
	char looked_for[256];
	struct kept {
		char *scope;
		struct token token;
		uint64_t until; /* by clock_mono_ms() */
	} kept[LIMIT_TOKENS];
	size_t kept_next;
	char used[LIMIT_SCOPE + 1]; /* the scope of the last token that was given */
};

int auth_new(struct auth **ret, const char *host, const struct url *at, bool insecure,
	     struct fetch *f, struct err *e)
{
	auto_release(auth_free) struct auth *a = calloc(1, sizeof(*a));

	if (!a)
		return FAIL_NOMEM(e);
	a->at = *at;
	a->insecure = insecure;
	a->fetch = f;
	a->host = strdup(host);
	if (!a->host)
		return FAIL_NOMEM(e);
	*ret = TAKE(a);
	return 0;
}

void auth_move(struct auth *a, const struct url *at)
{
	a->at = *at;
}

static void forget(struct kept *k)
{
	free(k->scope);
	token_free(&k->token);
	*k = (struct kept){ 0 };
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < LIMIT_TOKENS; i++)
		forget(&a->kept[i]);
	credential_free(&a->credential);
	free(a->host);
	free(a);
}

void auth_use(struct auth *a, struct credential *c)
{
	credential_free(&a->credential);
	a->credential = *c;
	*c = (struct credential){ 0 };
	a->fixed = true;
}

enum auth_scheme auth_scheme(const struct auth *a)
{
	return a->asked.scheme;
}

/* Whether we give credentials, and not only a token that everybody gets. */
static bool auth_known(const struct auth *a)
{
	return a->credential.user || a->credential.identity || a->credential.bearer;
}

/* The credential for a repository, looked for once as long as that stays the same. */
static int look(struct auth *a, const char *name, struct err *e)
{
	int r;

	if (!name)
		name = "";
	if (a->fixed || (a->looked && strcmp(a->looked_for, name) == 0))
		return 0;
	credential_free(&a->credential);
	for (size_t i = 0; a->looked && i < LIMIT_TOKENS; i++)
		forget(&a->kept[i]); /* they may be of somebody else */
	r = credential_find(a->host, *name ? name : NULL, &a->credential, e);
	if (r < 0 && r != E_NOTFOUND)
		return r;
	if (e)
		*e = ERR_INIT;
	a->looked = true;
	(void)snprintf(a->looked_for, sizeof(a->looked_for), "%s", name);
	return 0;
}

/* The registry is its own token server, and may be spoken to as the registry is. */
static bool is_lax(const struct auth *a, const struct url *realm)
{
	return a->insecure && url_same_origin(&a->at, realm);
}

static int parse_realm(const struct auth *a, struct url *ret, struct err *e)
{
	const char *why;

	if (url_parse(str_of(a->asked.realm), ret, e) < 0)
		return WRAP(e, blame_registry(e), "the challenge's realm");
	why = is_lax(a, ret) ? NULL : realm_unreachable(&a->at, ret);
	return why ? FAIL(e, E_REMOTE, "token server '%s' is not asked: %s", ret->host, why) : 0;
}

/* The server's no to our credentials, with who they are of. */
static int name_credential(const struct auth *a, unsigned status, int r, struct err *e)
{
	if (!auth_known(a) || (status != 400 && status != 401 && status != 403))
		return r;
	if (a->fixed)
		return WRAP(e, r, "the credentials are refused");
	r = WRAP(e, r, "the credentials of %s%s%s (%s) are refused", a->credential.user ? "'" : "",
		 a->credential.user ? a->credential.user : "a token", a->credential.user ? "'" : "",
		 a->credential.from);
	return err_hint(e, r, "plimsoll login %s", a->host);
}

static int ask(struct auth *a, const char *scope, struct token *ret, struct err *e)
{
	const struct credential *c = auth_known(a) ? &a->credential : NULL;
	const char *why;
	struct url realm;
	unsigned status = 0;
	bool lax;
	int r = parse_realm(a, &realm, e);

	if (r < 0)
		return r;
	lax = is_lax(a, &realm);
	why = c && !lax ? realm_refusal(&a->at, &realm, getenv("PLIMSOLL_TOKEN_HOSTS")) : NULL;
	if (why) {
		r = FAIL(e, E_REMOTE, "token server '%s' is not given the credentials of '%s': %s",
			 realm.host, a->host, why);
		return err_hint(e, r, "PLIMSOLL_TOKEN_HOSTS=%s plimsoll … trusts it with them",
				realm.host);
	}
	for (unsigned n = 1;; n++) {
		auto_response resp = { 0 };

		r = token_get(a->fetch, &realm, lax, a->asked.service, scope, c, ret, &resp, e);
		status = resp.head.status;
		if (r != E_REMOTE || n == TOKEN_TRIES ||
		    (status && status != 429 && status < 500) || status == 200)
			break;
		if (registry_wait(n, &resp, NULL) < 0)
			return proc_interrupted(e);
	}
	return r < 0 ? name_credential(a, status, r, e) : 0;
}

static void keep(struct auth *a, const char *scope, struct token *t)
{
	struct kept *k = &a->kept[a->kept_next];
	char *copy = strdup(scope);
	uint64_t early = t->seconds * 100; /* a tenth, in milliseconds */

	if (!copy)
		return; /* it serves once */
	if (early > 1000 * TOKEN_EARLY_SECONDS)
		early = 1000 * TOKEN_EARLY_SECONDS;
	forget(k);
	k->scope = copy;
	k->token = *t;
	*t = (struct token){ 0 };
	k->until = clock_mono_ms() + 1000 * k->token.seconds - early;
	a->kept_next = (a->kept_next + 1) % LIMIT_TOKENS;
	/* A refresh token may serve once only: the new one takes its place. */
	if (k->token.refresh && a->credential.identity) {
		wipe_string(a->credential.identity);
		a->credential.identity = TAKE(k->token.refresh);
	}
}

static const char *find_kept(const struct auth *a, const char *scope)
{
	for (size_t i = 0; i < LIMIT_TOKENS; i++)
		if (a->kept[i].scope && strcmp(a->kept[i].scope, scope) == 0 &&
		    clock_mono_ms() < a->kept[i].until)
			return a->kept[i].token.value;
	return NULL;
}

static int put_token(struct auth *a, const struct auth_need *need, struct buf *ret, struct err *e)
{
	auto_buf scope = BUF_INIT(LIMIT_SCOPE);
	auto_token t = { 0 };
	const char *value;
	int r;

	scope_merge(need->scope, a->asked.scope, &scope);
	r = buf_check(&scope, "scope", e);
	if (r < 0)
		return r;
	(void)snprintf(a->used, sizeof(a->used), "%s", buf_str(&scope));
	value = find_kept(a, a->used);
	if (!value) {
		r = ask(a, a->used, &t, e);
		if (r < 0)
			return r;
		buf_printf(ret, "Bearer %s", t.value);
		keep(a, a->used, &t);
	} else {
		buf_printf(ret, "Bearer %s", value);
	}
	return buf_check(ret, "token", e);
}

int auth_header(struct auth *a, const struct auth_need *need, struct buf *ret, struct err *e)
{
	int r;

	if (a->asked.scheme != AUTH_BASIC && a->asked.scheme != AUTH_BEARER)
		return 0;
	r = look(a, need->name, e);
	if (r < 0)
		return WRAP(e, r, "credentials for %s", a->host);
	if (a->credential.bearer) {
		buf_printf(ret, "Bearer %s", a->credential.bearer);
		return buf_check(ret, "token", e);
	}
	if (a->asked.scheme == AUTH_BEARER)
		return put_token(a, need, ret, e);
	return a->credential.user ? basic_put(&a->credential, ret, e) : 0;
}

int auth_refused(struct auth *a, const struct auth_need *need, const struct fetch_response *resp,
		 unsigned tries, struct err *e)
{
	auto_buf scope = BUF_INIT(LIMIT_SCOPE);
	enum auth_scheme before = a->asked.scheme;
	struct challenge c;
	int r = challenge_of(&resp->head.headers, &c, e);

	if (r < 0)
		return WRAP(e, blame_registry(e), "HTTP 401");
	if (c.scheme == AUTH_NONE)
		return 0;
	a->asked = c;
	if (c.scheme == AUTH_OTHER)
		return 0;
	r = look(a, need->name, e);
	if (r < 0)
		return WRAP(e, r, "credentials for %s", a->host);
	if (c.scheme == AUTH_BASIC || a->credential.bearer)
		return tries == 0 && before == AUTH_NONE && auth_known(a);
	scope_merge(need->scope, c.scope, &scope);
	for (size_t i = 0; i < LIMIT_TOKENS; i++)
		if (a->kept[i].scope && strcmp(a->kept[i].scope, buf_str(&scope)) == 0)
			forget(&a->kept[i]);
	return tries == 0 || (tries == 1 && strcmp(a->used, buf_str(&scope)) != 0);
}

void auth_learn(struct auth *a, const struct fetch_response *resp)
{
	(void)challenge_of(&resp->head.headers, &a->asked, NULL);
}

int auth_hint(const struct auth *a, int r, struct err *e)
{
	if (a->fixed)
		return r;
	if (a->asked.scheme == AUTH_OTHER)
		return err_hint(e, r, "the registry asks for '%s', which is not spoken here",
				a->asked.name);
	if (auth_known(a))
		return err_hint(e, r, "the credentials are of %s%s%s: plimsoll login %s",
				a->credential.user ? a->credential.user : "",
				a->credential.user ? ", from " : "", a->credential.from, a->host);
	return err_hint(e, r, "plimsoll login %s", a->host);
}

static void scrub(char *text, const char *secret)
{
	size_t n = secret ? strlen(secret) : 0;

	if (n < 3) /* would blank half of every text */
		return;
	for (char *p = text; (p = strstr(p, secret)) != NULL; p += n)
		memset(p, '*', n);
}

void auth_scrub(const struct auth *a, char *text)
{
	auto_secret basic = BUF_INIT(LIMIT_HEADER_VALUE);

	scrub(text, a->credential.secret);
	scrub(text, a->credential.identity);
	scrub(text, a->credential.bearer);
	for (size_t i = 0; i < LIMIT_TOKENS; i++) {
		scrub(text, a->kept[i].token.value);
		scrub(text, a->kept[i].token.refresh);
	}
	if (a->credential.user && basic_put(&a->credential, &basic, NULL) == 0)
		scrub(text, buf_str(&basic) + strlen("Basic "));
}

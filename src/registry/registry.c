/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include <stdlib.h>

#include "registry/registry_internal.h"

struct short_digest short_digest(const struct digest *d)
{
	struct short_digest s;

	(void)snprintf(s.s, sizeof(s.s), "%.19s", d->s);
	return s;
}

static bool is_page(const struct fetch_response *resp)
{
	return http_type_is(http_headers_get(&resp->head.headers, "content-type"), "text/html");
}

/* GET /v2/ (distribution-spec, "Determining Support"). 401 is a registry too. */
static int ping(struct registry *reg, struct err *e)
{
	const struct call c = { .method = HTTP_GET, .path = "/v2/", .no_auth = true };
	auto_response resp = { 0 };
	int r = registry_call_again(reg, &c, &resp, e);

	if (r < 0)
		return r;
	if (resp.head.status == 401)
		auth_learn(reg->auth, &resp);
	if ((resp.head.status == 200 && !is_page(&resp)) || resp.head.status == 401)
		return 0;
	if (resp.head.status == 200)
		r = FAIL(e, E_REMOTE, "GET /v2/: answered with a web page");
	else
		r = registry_status(reg, &c, &resp, e);
	return err_hint(e, blame_registry(e), "is '%s' a registry?  curl -i %s://%s/v2/", reg->host,
			reg->base.https ? "https" : "http", reg->host);
}

/* Where a registry is spoken to: docker's is not where its name says. */
static const char *speaks_at(const char *host)
{
	return strcmp(host, "docker.io") == 0 ? "registry-1.docker.io" : host;
}

/* All but the question whether anybody is there. */
static int prepare(const struct place *at, struct registry **ret, struct err *e)
{
	auto_release(registry_close) struct registry *reg = calloc(1, sizeof(*reg));
	auto_buf url = BUF_INIT(LIMIT_URL);
	int r;

	if (!reg)
		return FAIL_NOMEM(e);
	reg->insecure = at->insecure;
	reg->host = strdup(at->host);
	if (!reg->host)
		return FAIL_NOMEM(e);
	buf_printf(&url, "https://%s/", speaks_at(at->host));
	r = url_parse((struct str){ buf_str(&url), url.n }, &reg->base, e);
	if (r == 0)
		r = fetch_new(&reg->fetch, e);
	if (r == 0)
		r = fetch_certificates(reg->fetch, at->host, &reg->base, e);
	if (r == 0)
		r = auth_new(&reg->auth, at->host, &reg->base, at->insecure, reg->fetch, e);
	if (r == 0)
		r = registry_find_scheme(reg, e);
	if (r < 0)
		return WRAP(e, r, "registry %s", at->host);
	auth_move(reg->auth, &reg->base);
	*ret = TAKE(reg);
	return 0;
}

/* One place of a repository, which answers. */
static int open_place(const struct place *at, const char *name, struct registry **ret,
		      struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	int r = prepare(at, &reg, e);

	if (r < 0)
		return r;
	reg->name = strdup(name);
	reg->at = strdup(at->name);
	if (!reg->name || !reg->at)
		return FAIL_NOMEM(e);
	r = ping(reg, e);
	if (r < 0)
		return WRAP(e, r, "registry %s", at->host);
	*ret = TAKE(reg);
	return 0;
}

/* Where else ref may be had. */
static int keep_rest(struct registry *reg, const struct place *rest, size_t n,
		     const struct ref *ref, struct err *e)
{
	reg->origin = malloc(sizeof(*reg->origin));
	reg->rest = calloc(n, sizeof(*rest));
	reg->ref = malloc(sizeof(*ref));
	if (!reg->origin || !reg->rest || !reg->ref)
		return FAIL_NOMEM(e);
	*reg->origin = rest[n - 1];
	*reg->ref = *ref;
	memcpy(reg->rest, rest, n * sizeof(*rest));
	reg->rest_n = n;
	return 0;
}

/* A mirror, if it has ref's manifest. */
static int open_mirror(const struct place *at, const struct place *rest, size_t n,
		       const struct ref *ref, struct registry **ret, struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	const struct desc want = { .digest = ref->digest };
	bool pinned = ref->digest.s[0];
	int r = open_place(at, ref->name, &reg, e);

	if (r == 0)
		r = registry_get_manifest(reg, ref->name, pinned ? ref->digest.s : ref->tag,
					  pinned ? &want : NULL, &bytes, NULL, e);
	if (r == 0)
		r = keep_rest(reg, rest, n, ref, e);
	if (r < 0)
		return r;
	*ret = TAKE(reg);
	return 0;
}

static void tell_mirror(struct progress *p, const char *host, const struct err *why)
{
	char text[700];

	(void)snprintf(text, sizeof(text), "mirror %.200s is passed over: %.400s", host, why->msg);
	text_sanitize(text);
	progress_line(p, text);
}

static int open_first(const struct place *places, size_t n, const struct ref *ref,
		      struct progress *p, struct registry **ret, struct err *e)
{
	for (size_t i = 0; i + 1 < n; i++) {
		struct err own = ERR_INIT;
		int r = open_mirror(&places[i], places + i + 1, n - i - 1, ref, ret, &own);

		if (r == 0)
			return 0;
		if (!registry_is_at_fault(r)) {
			if (e)
				*e = own;
			return r;
		}
		tell_mirror(p, places[i].host, &own);
	}
	return open_place(&places[n - 1], ref->name, ret, e);
}

bool registry_turn(struct registry *reg, const struct err *why)
{
	struct registry *next = NULL, before;

	if (!reg->rest_n)
		return false;
	tell_mirror(reg->p, reg->host, why);
	if (open_first(reg->rest, reg->rest_n, reg->ref, reg->p, &next, NULL) < 0)
		return false;
	next->p = reg->p;
	before = *reg;
	*reg = *next;
	*next = before;
	registry_close(next);
	return true;
}

int registry_open(const struct ref *ref, enum registry_use use, struct progress *p,
		  struct registry **ret, struct err *e)
{
	auto_registries conf = { 0 };
	struct place places[LIMIT_PLACES];
	size_t n = 1;
	int r;

	if (!ref->host[0])
		return err_hint(e, FAIL(e, E_USAGE, "the reference names no registry"),
				"write HOST[:PORT]/NAME:TAG, for example 127.0.0.1:5000/web:1");
	r = registries_load(&conf, e);
	if (r == 0)
		r = use == REGISTRY_PULL
			    ? registries_places(&conf, ref, places, &n, e)
			    : registries_itself(&conf, ref->host, ref->name, places, e);
	if (r == 0)
		r = open_first(places, n, ref, p, ret, e);
	if (r == 0)
		(*ret)->p = p;
	return r;
}

struct registry *registry_original(struct registry *reg)
{
	if (reg->origin && !reg->original_tried)
		(void)open_place(reg->origin, reg->name, &reg->original, NULL);
	reg->original_tried = true;
	return reg->original;
}

int registry_qualify(struct ref *ref, struct err *e)
{
	auto_registries conf = { 0 };
	int r;

	if (ref->host[0])
		return 0;
	r = registries_load(&conf, e);
	return r < 0 ? r : registries_qualify(&conf, ref, e);
}

const char *registry_name(const struct registry *reg, const char *name)
{
	return reg->name && strcmp(reg->name, name) == 0 ? reg->at : name;
}

int registry_try_login(const char *host, const struct credential *c, bool *ret_asked, struct err *e)
{
	const struct call call = { .method = HTTP_GET, .path = "/v2/" };
	auto_release(registry_close) struct registry *reg = NULL;
	auto_registries conf = { 0 };
	auto_credential copy = { 0 };
	auto_response resp = { 0 };
	struct place at;
	int r = credential_copy(c, &copy, e);

	if (r == 0)
		r = registries_load(&conf, e);
	if (r == 0)
		r = registries_itself(&conf, host, "", &at, e);
	if (r == 0)
		r = prepare(&at, &reg, e);
	if (r < 0)
		return r;
	auth_use(reg->auth, &copy);
	r = registry_call_again(reg, &call, &resp, e);
	if (r == 0 && resp.head.status != 200)
		r = registry_status(reg, &call, &resp, e);
	else if (r == 0 && is_page(&resp))
		r = FAIL(e, E_REMOTE, "GET /v2/: answered with a web page");
	if (r < 0)
		return WRAP(e, r, "registry %s", host);
	*ret_asked = auth_scheme(reg->auth) != AUTH_NONE;
	return 0;
}

void registry_close(struct registry *reg)
{
	if (!reg)
		return;
	registry_close(reg->original);
	free(reg->origin);
	free(reg->rest);
	free(reg->ref);
	auth_free(reg->auth);
	fetch_free(reg->fetch);
	free(reg->mount_from);
	free(reg->name);
	free(reg->at);
	free(reg->host);
	free(reg);
}

int registry_mount_from(struct registry *reg, const char *name, struct err *e)
{
	char *copy = name ? strdup(name) : NULL;

	if (name && !copy)
		return FAIL_NOMEM(e);
	free(reg->mount_from);
	reg->mount_from = copy;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "pipeline/notary1/internal.h"

/* A scope of a Notary v1 server: what is trusted, written down. */

/* What was given, read. */
struct given {
	const struct notary1_opts *o;
	struct buf ca, root_ca; /* empty: not given */
	struct buf root;	/* the file of a root; empty: none */
	json_t *keys;
};

static void given_release(struct given *g)
{
	buf_free(&g->ca);
	buf_free(&g->root_ca);
	buf_free(&g->root);
	json_decref(g->keys);
}
#define auto_given __attribute__((cleanup(given_release))) struct given

static struct str bytes_of(const struct buf *b)
{
	return (struct str){ buf_str(b), b->n };
}

static int read_cas(const char *path, struct buf *ret, struct err *e)
{
	auto_chain c = { .n = 0 };
	int r = path ? fs_read_user(path, LIMIT_PEM_CERTS, ret, e) : 0;

	if (r < 0 || !path)
		return r;
	r = chain_from_file(bytes_of(ret), &c, e);
	return r < 0 ? WRAP(e, r, "'%.200s'", path) : 0;
}

/* A key's id, a certificate's thumbprint, a file of a certificate, or the file of a root. */
static int read_root(struct given *g, const char *text, struct err *e)
{
	char thumbprint[THUMBPRINT_MAX];
	auto_buf file = BUF_INIT(LIMIT_PEM_CERTS + 1);
	auto_chain c = { .n = 0 };
	int r;

	if (ref_is_hex(text))
		return json_push(g->keys, json_string(text), e);
	r = fs_read_user(text, LIMIT_PEM_CERTS, &file, e);
	if (r < 0)
		return r;
	if (file.n && file.p[0] == '{') {
		if (g->root.n || g->o->roots.n > 1 || ends_with(g->o->scope, "/"))
			return FAIL(e, E_USAGE, "a root's file is for one repository, and alone");
		buf_put(&g->root, file.p, file.n);
		return buf_check(&g->root, "root", e);
	}
	r = chain_from_file(bytes_of(&file), &c, e);
	if (r < 0)
		return WRAP(e, r, "'%.200s' is no certificate and no root", text);
	cert_thumbprint(c.v[0], thumbprint);
	return json_push(g->keys, json_string(thumbprint), e);
}

static int read_given(struct given *g, struct err *e)
{
	const struct notary1_opts *o = g->o;
	int ways = (o->roots.n > 0) + (o->root_ca != NULL) + o->tofu, r;

	if (ways != 1)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "which root is trusted?  one of --root, --root-ca and --tofu"),
				"plimsoll trust notary trust --help");
	g->keys = json_array();
	if ((r = read_cas(o->ca, &g->ca, e)) < 0 || (r = read_cas(o->root_ca, &g->root_ca, e)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < o->roots.n; i++)
		r = read_root(g, o->roots.v[i], e);
	if (r == 0 && json_array_size(g->keys) > LIMIT_ROOT_KEYS)
		r = FAIL(e, E_USAGE, "more than %d keys", LIMIT_ROOT_KEYS);
	return r;
}

static int put_digest(json_t *j, const char *key, const struct buf *b, struct err *e)
{
	struct digest d;

	if (b->n == 0)
		return 0;
	digest_of(buf_str(b), b->n, &d);
	return json_put_string(j, key, d.s, e);
}

static int check_roles(const struct strv *roles, struct err *e)
{
	if (roles->n > LIMIT_NOTARY_ROLES)
		return FAIL(e, E_USAGE, "more than %d roles", LIMIT_NOTARY_ROLES);
	for (size_t i = 0; i < roles->n; i++)
		if (strlen(roles->v[i]) > LIMIT_TUF_NAME ||
		    (strcmp(roles->v[i], "targets") != 0 && !starts_with(roles->v[i], "targets/")))
			return FAIL(e, E_USAGE, "'%.80s' is no role 'targets' or 'targets/…'",
				    roles->v[i]);
	return 0;
}

/* As the scope's file has it. */
static int describe(const struct given *g, json_t **ret, struct err *e)
{
	auto_json *roles = json_array(), *j = NULL;
	const struct strv *given = &g->o->roles;
	int r = check_roles(given, e);

	for (size_t i = 0; r == 0 && i < given->n; i++)
		r = json_push(roles, json_string(given->v[i]), e);
	if (r == 0 && given->n == 0 &&
	    ((r = json_push(roles, json_string("targets/releases"), e)) < 0 ||
	     (r = json_push(roles, json_string("targets"), e)) < 0))
		return r;
	j = r < 0 ? NULL
		  : json_pack("{ss sO sO sb}", "server", g->o->server, "keys", g->keys, "roles",
			      roles, "tofu", g->o->tofu);
	if (!j)
		return r < 0 ? r : FAIL_NOMEM(e);
	if ((r = put_digest(j, "ca", &g->ca, e)) < 0 ||
	    (r = put_digest(j, "rootCa", &g->root_ca, e)) < 0 ||
	    (r = put_digest(j, "root", &g->root, e)) < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}

static int put_file(const struct tuf_scope *s, const char *name, const struct buf *b, struct err *e)
{
	return b->n ? fs_write_file(s->dir, name, b->p, b->n, 0644, e) : 0;
}

/* The root that was brought, where a look begins. */
static int begin_with(const struct tuf_scope *s, const struct given *g, struct err *e)
{
	auto_release(tuf_set_free) struct tuf_set *set = NULL;
	const struct tuf_notary1 rules = { .gun = s->scope };
	auto_close int dir = -1;
	int r;

	if (g->root.n == 0)
		return 0;
	if ((r = tuf_set_new_notary1(clock_now(), &rules, &set, e)) < 0 ||
	    (r = tuf_first_root(set, bytes_of(&g->root), e)) < 0)
		return r;
	dir = notary1_folder(s, s->scope, e);
	return dir < 0 ? dir
		       : notary1_begin(dir, "file", tuf_root_version(set), bytes_of(&g->root), e);
}

static int write_scope(const struct road *road, struct tuf_scope *s, const struct given *g,
		       struct err *e)
{
	const struct notary1_server server = { .url = g->o->server, .host = s->at.host };
	struct registry *reg;
	int r = notary1_open(&server, &reg, e);

	if (r < 0)
		return r;
	registry_close(reg);
	if (s->dir < 0 && (r = tuf_scope_make(road->state, s, e)) < 0)
		return r;
	if ((r = put_file(s, NOTARY1_SERVER_CA, &g->ca, e)) < 0 ||
	    (r = put_file(s, NOTARY1_ROOT_CA, &g->root_ca, e)) < 0 || (r = begin_with(s, g, e)) < 0)
		return r;
	return tuf_scope_save(road->state, s, e);
}

/* What is there for the scope already, if it is the same but for any_digest. */
static int open_same(const struct road *road, const char *scope, const json_t *notary,
		     struct tuf_scope *ret, struct err *e)
{
	int r = tuf_scope_open_any(road->state, scope, ret, e);

	if (r == 0 && (!ret->notary || !json_equal(ret->notary, notary)))
		r = err_hint(e, FAIL(e, E_USAGE, "something else is trusted for '%.200s'", scope),
			     "plimsoll trust notary forget %.200s", scope);
	return r;
}

static int look_once(const struct road *road, const struct tuf_scope *s, json_t **ret,
		     struct err *e)
{
	auto_notary1 n = NOTARY1_INIT;
	int r;

	if (ends_with(s->scope, "/"))
		return 0;
	r = notary1_look(&n, road->state, s, s->scope, true, e);
	if (r == 0 && ret)
		*ret = notary1_detail(&n, NULL, NULL);
	return r < 0 ? WRAP(e, r, "Notary root of '%.200s'", s->scope) : 0;
}

int notary1_trust(const struct road *road, const struct notary1_opts *o, json_t **ret,
		  struct err *e)
{
	auto_given g = { .o = o,
			 .ca = BUF_INIT(LIMIT_PEM_CERTS + 1),
			 .root_ca = BUF_INIT(LIMIT_PEM_CERTS + 1),
			 .root = BUF_INIT(LIMIT_TUF_ROOT + 1) };
	auto_scope s = TUF_SCOPE_INIT;
	auto_json *notary = NULL;
	auto_strv all = { 0 };
	bool is_new;
	int r;

	if ((r = read_given(&g, e)) < 0 || (r = describe(&g, &notary, e)) < 0 ||
	    (r = tuf_scope_list(road->state, &all, e)) < 0)
		return r;
	is_new = !strv_has(&all, o->scope);
	r = is_new ? tuf_scope_parse(o->scope, NULL, &s, e)
		   : open_same(road, o->scope, notary, &s, e);
	if (r < 0)
		return r;
	/* What somebody left who was killed must not be taken for what is trusted now. */
	if (is_new && (r = tuf_scope_forget(road->state, s.scope, e)) < 0 && r != E_NOTFOUND)
		return WRAP(e, r, "what is left of '%.200s'", s.scope);
	s.any_digest = o->any_digest;
	if (is_new)
		s.notary = TAKE(notary);
	r = write_scope(road, &s, &g, e);
	r = r < 0 ? r : look_once(road, &s, ret, e);
	if (r < 0 && is_new && s.dir >= 0)
		(void)tuf_scope_forget(road->state, o->scope, NULL);
	return r;
}

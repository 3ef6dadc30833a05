/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "pipeline/notary1/internal.h"

/* One look at a repository of a Notary v1 server: its root pinned first, then TUF's workflow. */

enum { NAME_ROOM = 256 };

void notary1_release(struct notary1 *n)
{
	tuf_update_release(&n->u);
	tuf_scope_close(&n->folder);
	registry_close(n->server);
	strv_free(&n->pins);
	strv_free(&n->roles);
	chain_free(&n->cas);
	buf_free(&n->timestamp);
}

static struct str bytes_of(const struct buf *b)
{
	return (struct str){ buf_str(b), b->n };
}

int notary1_folder(const struct tuf_scope *scope, const char *gun, struct err *e)
{
	auto_buf name = BUF_INIT(3 * LIMIT_REF);
	int r;

	tuf_quote(str_of(gun), false, &name);
	if (name.n > NAME_ROOM - 1)
		return FAIL(e, E_USAGE, "'%.80s…' is too long", gun);
	r = fs_mkdir_p(scope->dir, buf_str(&name), 0700, e);
	return r < 0 ? r : fs_open_nolink(scope->dir, buf_str(&name), O_RDONLY | O_DIRECTORY, 0, e);
}

/* What the scope says. */

static int read_list(const json_t *o, const char *key, size_t most, struct strv *ret, struct err *e)
{
	json_t *list;
	size_t i;
	const json_t *v;
	int r = json_get_array(o, key, &list, "scope", e);

	if (r == 0 && json_array_size(list) > most)
		r = FAIL(e, E_FORMAT, "scope: more than %zu of '%s'", most, key);
	json_array_foreach(r == 0 ? list : NULL, i, v)
	{
		const char *s = json_string_value(v);

		r = s ? strv_add(ret, s, e) : FAIL(e, E_FORMAT, "scope: '%s'", key);
		if (r < 0)
			break;
	}
	return r;
}

static int read_scope(struct notary1 *n, struct err *e)
{
	const json_t *o = n->scope->notary;
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS + 1);
	int r;

	if ((r = read_list(o, "keys", LIMIT_ROOT_KEYS, &n->pins, e)) < 0 ||
	    (r = read_list(o, "roles", LIMIT_NOTARY_ROLES, &n->roles, e)) < 0)
		return r;
	if (n->roles.n == 0)
		return FAIL(e, E_FORMAT, "scope: no 'roles'");
	if (json_object_get(o, "rootCa")) {
		r = fs_read(n->scope->dir, NOTARY1_ROOT_CA, LIMIT_PEM_CERTS, &pem, e);
		r = r < 0 ? r : chain_from_file(bytes_of(&pem), &n->cas, e);
	}
	n->rules = (struct tuf_notary1){ .gun = n->gun, .cas = n->cas.n ? &n->cas : NULL };
	return r;
}

static int open_server(struct notary1 *n, struct err *e)
{
	char ca[PATH_MAX], fd[32], host[LIMIT_REF];
	struct notary1_server s = { .host = host };
	ssize_t k;
	int r = json_get_string(n->scope->notary, "server", &s.url, "scope", e);

	if (r < 0)
		return r;
	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(n->gun, "/"), n->gun);
	if (json_object_get(n->scope->notary, "ca")) {
		k = readlink(fs_fd_path(n->scope->dir, fd), ca, sizeof(ca) - 16);
		if (k <= 0)
			return FAIL_SYS(e, "scope");
		(void)snprintf(ca + k, sizeof(ca) - (size_t)k, "/" NOTARY1_SERVER_CA);
		s.ca_file = ca;
	}
	return notary1_open(&s, &n->server, e);
}

/* Where files come from. */

static int get(void *arg, const char *role, uint64_t version, uint64_t max, struct buf *ret,
	       struct err *e)
{
	struct notary1 *n = arg;
	char file[LIMIT_TUF_NAME + 32];

	if (strcmp(role, "timestamp") == 0) {
		buf_reset(ret);
		buf_put(ret, n->timestamp.p, n->timestamp.n);
		return buf_check(ret, "timestamp", e);
	}
	if (version)
		(void)snprintf(file, sizeof(file), "%llu.%s", (unsigned long long)version, role);
	else
		(void)snprintf(file, sizeof(file), "%s", role);
	return notary1_get(n->server, n->gun, file, max, ret, e);
}

static int get_by_hash(void *arg, const char *role, const char *sha256, uint64_t max,
		       struct buf *ret, struct err *e)
{
	struct notary1 *n = arg;
	char file[LIMIT_TUF_NAME + DIGEST_HEX + 2];
	int r;

	(void)snprintf(file, sizeof(file), "%.80s.%.64s", role, sha256);
	r = notary1_get(n->server, n->gun, file, max, ret, e);
	/* What it lists and has not must not look like a role that is not there. */
	if (r == E_NOTFOUND)
		return FAIL(e, E_REMOTE, "%s.json: the server lists it and has it not", file);
	return r;
}

/* Beginning. */

static int check_root(const struct notary1 *n, struct str root, uint64_t *ret_version,
		      struct err *e)
{
	auto_release(tuf_set_free) struct tuf_set *set = NULL;
	struct tuf_notary1 rules = n->rules;
	int r;

	rules.pins = n->pins.n ? &n->pins : NULL;
	r = tuf_set_new_notary1(clock_now(), &rules, &set, e);
	r = r < 0 ? r : tuf_first_root(set, root, e);
	if (r == 0)
		*ret_version = tuf_root_version(set);
	return r;
}

/* The newest root; or, when its keys are none of those that are pinned, the first one, from which
 * the way to the newest is signed. */
static int fetch_pinned(struct notary1 *n, struct buf *root, uint64_t *ret_version, struct err *e)
{
	struct err why = ERR_INIT;
	int r = notary1_get(n->server, n->gun, "root", LIMIT_TUF_ROOT, root, e);

	if (r < 0)
		return r;
	r = check_root(n, bytes_of(root), ret_version, &why);
	if (r < 0 && n->pins.n &&
	    notary1_get(n->server, n->gun, "1.root", LIMIT_TUF_ROOT, root, NULL) == 0 &&
	    check_root(n, bytes_of(root), ret_version, NULL) == 0)
		return 0;
	if (r < 0 && e)
		*e = why;
	return r < 0 ? WRAP(e, r, "its root is not trusted") : 0;
}

int notary1_begin(int dir, const char *by, uint64_t version, struct str root, struct err *e)
{
	auto_json *j = NULL, *all = NULL;
	auto_buf text = BUF_INIT(LIMIT_TUF_ROOT);
	char at[RFC3339_MAX];
	json_t *roles;
	int r = json_parse(root.p, root.n, "root", &all, e);

	clock_rfc3339(clock_now(), at);
	if (r < 0)
		return r;
	roles = json_object_get(json_object_get(json_object_get(all, "signed"), "roles"), "root");
	j = json_pack("{ss ss sI sO*}", "at", at, "trustedBy", by, "version", (json_int_t)version,
		      "keys", json_object_get(roles, "keyids"));
	r = j ? json_pretty(j, &text, e) : FAIL_NOMEM(e);
	return r < 0 ? r
		     : tuf_files_begin(dir, version, root, &(struct str){ buf_str(&text), text.n },
				       e);
}

static int begin(struct notary1 *n, struct err *e)
{
	auto_buf root = BUF_INIT(LIMIT_TUF_ROOT + 1);
	uint64_t version;
	int r = fetch_pinned(n, &root, &version, e);

	if (r < 0)
		return r;
	n->first = n->pins.n ? "key" : n->cas.n ? "ca" : "first use";
	if (!n->pins.n && !n->cas.n && !json_is_true(json_object_get(n->scope->notary, "tofu")))
		return FAIL(e, E_VERIFY, "nobody told which root is trusted");
	r = notary1_begin(n->folder.dir, n->first, version, bytes_of(&root), e);
	if (r != E_USAGE)
		return r;
	/* Somebody else began at the same moment: with what he has we go on. */
	n->first = NULL;
	return 0;
}

static int ask_server(struct notary1 *n, bool must, struct err *e)
{
	struct err own = ERR_INIT;
	int r = open_server(n, &own);

	r = r < 0 ? r
		  : notary1_get(n->server, n->gun, "timestamp", LIMIT_TUF_TIMESTAMP, &n->timestamp,
				&own);
	n->source = (struct tuf_source){ get, n, get_by_hash };
	if (r == 0) {
		n->u.source = &n->source;
		return 0;
	}
	if (r == E_REMOTE && !must && fs_exists(n->folder.dir, "root.json")) {
		(void)snprintf(n->why, sizeof(n->why), "%.199s", own.msg);
		n->offline = n->u.kept_only = true;
		return 0;
	}
	if (e)
		*e = own;
	return r == E_NOTFOUND ? WRAP(e, r, "the Notary server lists nothing of it") : r;
}

/* Whoever waited for the lock asked before another one looked, who may have seen newer ones. */
static int ask_again(struct notary1 *n, struct tuf_seen *seen, struct err *e)
{
	struct tuf_seen now;
	int r = tuf_seen_load(&n->folder, &now, e);

	if (r < 0 || n->offline || digest_eq(&now.manifest, &seen->manifest))
		return r;
	*seen = now;
	buf_reset(&n->timestamp);
	return notary1_get(n->server, n->gun, "timestamp", LIMIT_TUF_TIMESTAMP, &n->timestamp, e);
}

int notary1_look(struct notary1 *n, const struct state *state, const struct tuf_scope *scope,
		 const char *gun, bool must, struct err *e)
{
	int64_t now = clock_now();
	struct digest seen_now;
	struct tuf_seen seen;
	int r;

	n->state = state;
	n->scope = scope;
	(void)snprintf(n->gun, sizeof(n->gun), "%s", gun);
	if ((r = read_scope(n, e)) < 0)
		return r;
	n->folder.dir = notary1_folder(scope, gun, e);
	if (n->folder.dir < 0)
		return n->folder.dir;
	n->u.where = n->gun;
	n->u.notary = &n->rules;
	n->u.dir = fs_open(n->folder.dir, ".", O_RDONLY | O_DIRECTORY, 0, e);
	if (n->u.dir < 0)
		return n->u.dir;
	if ((r = tuf_seen_load(&n->folder, &seen, e)) < 0 ||
	    (r = tuf_seen_check(&seen, now, e)) < 0 || (r = ask_server(n, must, e)) < 0 ||
	    (!fs_exists(n->folder.dir, "root.json") && (r = begin(n, e)) < 0) ||
	    (r = tuf_update_begin(&n->u, now, e)) < 0 || (r = ask_again(n, &seen, e)) < 0 ||
	    (r = tuf_update_run(&n->u, e)) < 0)
		return r;
	if (n->offline)
		return 0;
	digest_of(buf_str(&n->timestamp), n->timestamp.n, &seen_now);
	return tuf_seen_note(&n->folder, &seen, &seen_now, now, e);
}

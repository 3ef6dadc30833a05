/* SPDX-License-Identifier: Apache-2.0 */
/* The folder trust/sigstore: what is added to it, removed and listed. */
#include <string.h>
#include <unistd.h>

#include "trust/sigstore/internal.h"

static int write_new(const struct state *state, const char *path, struct str bytes, bool replace,
		     struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);
	auto_buf have = BUF_INIT(LIMIT_TRUSTED_ROOT);
	int r;

	if (lock < 0)
		return lock;
	r = replace ? E_NOTFOUND : trust_read(dir, path, LIMIT_TRUSTED_ROOT, &have, e);
	if (r == 0 && str_eq((struct str){ buf_str(&have), have.n }, bytes))
		return 0;
	if (r != E_NOTFOUND)
		return r < 0 ? r : FAIL(e, E_USAGE, "there is another key of that name");
	r = fs_mkdir_p(dir, DIR_SIGSTORE_KEYS, 0700, e);
	return r < 0 ? r : fs_write_file(dir, path, bytes.p, bytes.n, 0644, e);
}

int sigstore_add_key(const struct state *state, const char *name, struct str pem, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	auto_buf out = BUF_INIT(LIMIT_KEY_PEM);
	char path[sizeof(DIR_SIGSTORE_KEYS) + LIMIT_STORE_NAME + 8];
	int r;

	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE,
			    "'%.100s' cannot name a key: letters, digits, '_', '-', '.'", name);
	if ((r = key_public_from_pem(pem, &k, e)) < 0 || (r = key_public_to_pem(k, &out, e)) < 0)
		return r;
	(void)snprintf(path, sizeof(path), DIR_SIGSTORE_KEYS "/%s.pub", name);
	r = write_new(state, path, (struct str){ out.p, out.n }, false, e);
	return r < 0 ? WRAP(e, r, "trust key '%s'", name) : 0;
}

int sigstore_add_root(const struct state *state, struct str json, struct err *e)
{
	int r = trusted_roots_check(json, e);

	return r < 0 ? r : write_new(state, FILE_TRUSTED_ROOT, json, true, e);
}

bool sigstore_is_root(struct str json)
{
	static const char type[] = "application/vnd.dev.sigstore.trustedroot";

	return json.n > 0 && str_trim(json).p[0] == '{' &&
	       memmem(json.p, json.n, type, strlen(type));
}

int sigstore_remove(const struct state *state, const char *name, struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);
	const bool root = strcmp(name, "trusted_root.json") == 0;
	char path[sizeof(DIR_SIGSTORE_KEYS) + LIMIT_STORE_NAME + 8];

	if (lock < 0)
		return lock;
	if (root)
		(void)snprintf(path, sizeof(path), "%s", FILE_TRUSTED_ROOT);
	else if (trust_name_ok(name))
		(void)snprintf(path, sizeof(path), DIR_SIGSTORE_KEYS "/%s.pub", name);
	if ((!root && !trust_name_ok(name)) || !fs_exists(dir, path))
		return FAIL(e, E_NOTFOUND, "there is no trusted key '%.100s'", name);
	return fs_remove_tree(dir, path, e);
}

static int list_root(const struct sigstore_trust *t, json_t *all, struct err *e)
{
	struct str rest = { t->root.p, t->root.n };
	size_t cas = 0, tlogs = 0, ctlogs = 0, tsas = 0;
	json_t *j;
	int r = 1;

	if (t->root.n == 0)
		return json_put(all, "trustedRoot", json_null(), e);
	while (r > 0) {
		auto_trusted_root root = { 0 };

		if ((r = trusted_root_next(&rest, &root, e)) < 0)
			return r;
		cas += root.cas.n;
		tlogs += root.tlogs.n;
		ctlogs += root.ctlogs.n;
		tsas += root.tsas.n;
	}
	j = json_pack("{s:I, s:I, s:I, s:I}", "certificateAuthorities", (json_int_t)cas,
		      "transparencyLogs", (json_int_t)tlogs, "certificateLogs", (json_int_t)ctlogs,
		      "timestampAuthorities", (json_int_t)tsas);
	return json_put(all, "trustedRoot", j, e);
}

int sigstore_list(const struct state *state, json_t *all, struct err *e)
{
	auto_sigstore_trust t = { 0 };
	json_t *list = json_array();
	int r;

	if ((r = json_put(all, "signers", list, e)) < 0 ||
	    (r = sigstore_trust_load(state, NULL, &t, e)) < 0)
		return r;
	for (size_t i = 0; i < t.n; i++) {
		json_t *o = json_object();

		if ((r = json_push(list, o, e)) < 0 ||
		    (r = json_put_string(o, "name", t.v[i].name, e)) < 0 ||
		    (r = json_put_string(o, "key", t.v[i].id, e)) < 0 ||
		    (r = json_put_string(o, "algorithm", key_type_name(t.v[i].key), e)) < 0)
			return r;
	}
	return list_root(&t, all, e);
}

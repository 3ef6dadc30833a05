/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pipeline/notary1/internal.h"

/* Whether an image is what its tag means now, by a Notary v1 server. */

/* A role that is delegated to but that the snapshot does not list: nobody has published it yet, or
 * it was taken away. */
static int not_listed(struct notary1 *n, const char *role, const char *delegator, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	struct str bytes;
	int r = tuf_files_load(n->u.dir, role, &kept, e);

	if (r < 0)
		return r == E_NOTFOUND ? 0 : WRAP(e, r, "the %.80s that is kept", role);
	bytes = (struct str){ buf_str(&kept), kept.n };
	r = tuf_targets_before(n->u.set, role, delegator, bytes, e);
	if (r == 0)
		return FAIL(e, E_VERIFY, "the snapshot lists %.80s no more", role);
	return tuf_is_no_loss(r) ? 0 : r;
}

static bool is_delegated(const struct notary1 *n, const char *role, const char *delegator,
			 const char *path, int *ret, struct err *e)
{
	const json_t *d = json_object_get(tuf_signed_of(n->u.set, delegator), "delegations");
	auto_strv names = { 0 };
	bool last;
	size_t i;
	const json_t *v;

	*ret = 0;
	if (path) {
		*ret = tuf_delegates(n->u.set, delegator, path, &names, &last, e);
		return *ret == 0 && strv_has(&names, role);
	}
	json_array_foreach(json_object_get(d, "roles"), i, v)
	{
		if (strcmp(json_string_or_null(v, "name"), role) == 0)
			return true;
	}
	return false;
}

int notary1_role(struct notary1 *n, const char *role, const char *path, struct err *e)
{
	char above[LIMIT_TUF_NAME + 1];
	const char *slash = strrchr(role, '/');
	uint64_t version, max;
	int r;

	if (strcmp(role, "targets") == 0)
		return 1;
	if (!slash || strlen(role) > LIMIT_TUF_NAME)
		return FAIL(e, E_FORMAT, "'%.80s' is no role 'targets/…'", role);
	(void)snprintf(above, sizeof(above), "%.*s", (int)(slash - role), role);
	r = notary1_role(n, above, path, e);
	if (r <= 0)
		return r;
	if (!is_delegated(n, role, above, path, &r, e))
		return r;
	if (tuf_signed_of(n->u.set, role)) /* since this look began */
		return 1;
	if (tuf_listed(n->u.set, role, &version, &max, NULL) < 0)
		return not_listed(n, role, above, e);
	r = tuf_update_targets(&n->u, role, above, e);
	return r < 0 ? r : 1;
}

int notary1_ask(struct notary1 *n, const char *role, const char *tag, struct tuf_target *ret,
		struct err *e)
{
	int r = notary1_role(n, role, tag, e);

	return r <= 0 ? r : tuf_find(n->u.set, role, tag, ret);
}

int notary1_find(struct notary1 *n, const char *tag, struct tuf_target *ret, const char **ret_role,
		 struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->roles.n; i++) {
		*ret_role = n->roles.v[i];
		r = notary1_ask(n, *ret_role, tag, ret, e);
	}
	return r;
}

uint64_t notary1_version(const struct notary1 *n, const char *role)
{
	return (uint64_t)json_integer_value(
		json_object_get(tuf_signed_of(n->u.set, role), "version"));
}

json_t *notary1_detail(const struct notary1 *n, const char *target, const char *role)
{
	static const char *const tops[] = { "root", "timestamp", "snapshot", "targets" };
	json_t *j = json_pack("{ss sO* ss}", "scope", n->scope->scope, "notary",
			      json_object_get(n->scope->notary, "server"), "gun", n->gun);
	bool have = n->u.set && tuf_signed_of(n->u.set, "root");

	for (int i = 0; have && i < 4; i++)
		(void)json_put_u64(j, tops[i], notary1_version(n, tops[i]), NULL);
	(void)json_put_string(j, "target", target, NULL);
	(void)json_put_string(j, "role", role, NULL);
	(void)json_put_string(j, "trustedBy", n->first, NULL);
	if (have)
		(void)json_put(j, "offline", json_boolean(n->offline), NULL);
	return j;
}

static int check_tag(struct notary1 *n, const struct road *road, const struct ref *ref,
		     const char *path, const struct desc *d, const char **ret_role, struct err *e)
{
	struct tuf_target t;
	int r = notary1_find(n, ref->tag, &t, ret_role, e);

	if (r == 0) {
		*ret_role = NULL;
		return tuf_fail_unlisted(path, notary1_version(n, "targets"), e);
	}
	if (r < 0 || tuf_is_listed_as(&t, d))
		return r < 0 ? r : 0;
	return tuf_fail_older(path, d, &t, *ret_role, notary1_version(n, "targets"), road->name, e);
}

/* Some tag that the role lists means the digest, by whoever is asked first for that tag. */
static int search_role(struct notary1 *n, const char *role, const struct desc *d,
		       const char **ret_tag, const char **ret_role, struct err *e)
{
	json_t *targets, *v;
	const char *tag;
	int r = notary1_role(n, role, NULL, e);

	if (r <= 0)
		return r;
	targets = json_object_get(tuf_signed_of(n->u.set, role), "targets");
	json_object_foreach(targets, tag, v)
	{
		const char *hex = json_string_or_null(json_object_get(v, "hashes"), "sha256");
		struct tuf_target t;

		if (!hex || strcmp(hex, digest_hex(&d->digest)) != 0)
			continue;
		r = notary1_find(n, tag, &t, ret_role, e);
		if (r < 0)
			return r;
		if (r == 1 && tuf_is_listed_as(&t, d)) {
			*ret_tag = tag;
			return 1;
		}
	}
	return 0;
}

static int check_digest(struct notary1 *n, const struct desc *d, const char **ret_tag,
			const char **ret_role, struct err *e)
{
	int r = 0;

	if (n->scope->any_digest)
		return 0;
	for (size_t i = 0; r == 0 && i < n->roles.n; i++)
		r = search_role(n, n->roles.v[i], d, ret_tag, ret_role, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = FAIL(e, E_VERIFY, "no tag of '%s' means %s now (targets version %llu)", n->gun,
		 d->digest.s, (unsigned long long)notary1_version(n, "targets"));
	return err_hint(e, r, "plimsoll trust notary inspect %s", n->gun);
}

int notary1_admit(const struct road *road, const struct tuf_scope *scope, const struct ref *ref,
		  const struct desc *d, json_t **ret, struct err *e)
{
	auto_buf gun = BUF_INIT(2 * LIMIT_REF), path = BUF_INIT(LIMIT_REF);
	auto_notary1 n = NOTARY1_INIT;
	const char *role = NULL, *tag = NULL;
	char root_of[LIMIT_REF + 32];
	int r;

	ref_repository(ref, &gun);
	r = notary1_look(&n, road->state, scope, buf_str(&gun), false, e);
	if (r == 0 && ref->tag[0]) {
		tuf_path_of(ref, &path);
		tag = ref->tag;
		r = check_tag(&n, road, ref, buf_str(&path), d, &role, e);
	} else if (r == 0) {
		r = check_digest(&n, d, &tag, &role, e);
	}
	if (ret)
		*ret = notary1_detail(&n, tag, role);
	(void)snprintf(root_of, sizeof(root_of), "Notary root of '%s'", buf_str(&gun));
	return tuf_admitted(r, root_of, n.offline ? n.why : NULL, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of notation's configuration (signing.md 1.7), taken over as it is: policy and stores. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "trust/internal.h"

/* Whatever they are called: what could name no store is refused. */
static int store_names(int from, enum store_type type, struct strv *ret, struct err *e)
{
	char path[STORE_PATH_LEN];

	trust_store_path(path, type, NULL, NULL);
	return trust_names(from, path, ret, e);
}

/* What is parsed here is what is written. */
static int read_policy(int from, struct buf *text, struct policy *ret, struct err *e)
{
	const bool oci = fs_exists(from, FILE_POLICY_OCI);
	int r;

	if (oci && fs_exists(from, FILE_POLICY))
		return FAIL(e, E_FORMAT,
			    "trust policy: both " FILE_POLICY " and " FILE_POLICY_OCI " are there");
	r = trust_read(from, oci ? FILE_POLICY_OCI : FILE_POLICY, LIMIT_POLICY, text, e);
	return r < 0 ? r : policy_parse(buf_str(text), text->n, ret, e);
}

/* All of it is good, or none of it is taken. */
static int check(int from, const struct policy *policy, struct trust_imported *ret, struct err *e)
{
	int r = 0;

	ret->statements = policy->n;
	for (int t = 0; r == 0 && t < STORE_TYPES; t++) {
		auto_strv stores = { 0 };

		r = store_names(from, (enum store_type)t, &stores, e);
		for (size_t i = 0; r == 0 && i < stores.n; i++) {
			auto_trusted certs = { 0 };

			r = trusted_load_of(from, (enum store_type)t, stores.v[i], &certs, e);
			ret->certificates += certs.n;
		}
	}
	return r;
}

/* A store that the policy names, and that has certificates here which notation's has not: they
 * would be trusted by a policy that never meant them. */
static int check_store(int from, int to, enum store_type type, const char *store, struct err *e)
{
	auto_trusted have = { 0 }, new = { 0 };
	int r;

	if ((r = trusted_load_of(to, type, store, &have, e)) < 0 ||
	    (r = trusted_load_of(from, type, store, &new, e)) < 0)
		return r;
	for (size_t i = 0; i < have.n; i++) {
		bool there = false;

		for (size_t k = 0; k < new.n; k++)
			there |= cert_equal(have.v[i], new.v[k]);
		if (!there)
			return err_hint(e,
					FAIL(e, E_USAGE,
					     "the trust store %s:%s has other certificates here",
					     store_type_name(type), store),
					"plimsoll trust list --type %s --store %s; trust remove "
					"those that shall not count",
					store_type_name(type), store);
	}
	return 0;
}

static int check_stores(int from, int to, const struct policy *policy, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < policy->n; i++)
		for (size_t k = 0; r == 0 && k < policy->v[i].stores_n; k++)
			r = check_store(from, to, policy->v[i].stores[k].type,
					policy->v[i].stores[k].name, e);
	return r;
}

static int copy_file(int from, int to, const char *path, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_PEM_CERTS);
	int r = trust_read(from, path, LIMIT_PEM_CERTS, &bytes, e);

	return r < 0 ? r : fs_write_file(to, path, buf_str(&bytes), bytes.n, 0600, e);
}

static int copy_store(int from, int to, enum store_type type, const char *store, struct err *e)
{
	char path[STORE_PATH_LEN];
	auto_strv files = { 0 };
	int r = trust_store_files(from, type, store, &files, e);

	trust_store_path(path, type, store, NULL);
	if (r == 0)
		r = fs_mkdir_p(to, path, 0700, e);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		trust_store_path(path, type, store, files.v[i]);
		r = copy_file(from, to, path, e);
	}
	return r;
}

/* The policy last: before it is there, nothing of the rest counts. */
static int copy_all(int from, int to, const struct buf *policy, struct err *e)
{
	int r = 0;

	for (int t = 0; r == 0 && t < STORE_TYPES; t++) {
		auto_strv stores = { 0 };

		r = store_names(from, (enum store_type)t, &stores, e);
		for (size_t i = 0; r == 0 && i < stores.n; i++)
			r = copy_store(from, to, (enum store_type)t, stores.v[i], e);
	}
	return r < 0 ? r : fs_write_file(to, FILE_POLICY, policy->p, policy->n, 0600, e);
}

int trust_import_notation(const struct state *state, const char *folder, struct trust_imported *ret,
			  struct err *e)
{
	struct trust_imported got = { 0 };
	auto_buf text = BUF_INIT(LIMIT_POLICY + 1);
	auto_policy policy = { 0 };
	auto_close int from = fs_open_user(folder, O_RDONLY | O_DIRECTORY, 0, e);
	int r = from < 0 ? from : read_policy(from, &text, &policy, e);

	r = r < 0 ? r : check(from, &policy, &got, e);

	if (r < 0)
		return WRAP(e, r, "import '%.200s'", folder);

	auto_close int to = trust_dir(state, true, e);
	auto_close int lock = to < 0 ? to : trust_lock(to, e);

	if (lock < 0)
		return lock;
	if (fs_exists(to, FILE_POLICY) || fs_exists(to, FILE_POLICY_OCI)) {
		r = FAIL(e, E_USAGE, "there is a trust policy already");
		return err_hint(e, r,
				"move %s/" DIR_TRUST "/" FILE_POLICY " away, or add its "
				"statements there by hand",
				state->path);
	}
	r = check_stores(from, to, &policy, e);
	r = r < 0 ? r : copy_all(from, to, &text, e);
	if (r == 0)
		*ret = got;
	return r < 0 ? WRAP(e, r, "import '%.200s'", folder) : 0;
}

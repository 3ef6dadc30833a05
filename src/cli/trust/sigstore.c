/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/sigstore.h"

#include <string.h>

#include "base/clock.h"
#include "cli/image/images.h"
#include "cli/trust/signing.h"
#include "crypto/x509.h"
#include "trust/sigstore/root.h"

bool cli_sigstore_given(const struct sigstore_options *o)
{
	return o->keys.n || o->identity || o->identity_regexp || o->issuer || o->issuer_regexp;
}

static int read_keys(const struct strv *keys, struct sigstore_trust *t, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < keys->n; i++) {
		auto_buf pem = BUF_INIT(LIMIT_KEY_PEM);

		r = fs_read_user(keys->v[i], LIMIT_KEY_PEM, &pem, e);
		if (r == 0)
			r = sigstore_trust_key(t, keys->v[i], (struct str){ buf_str(&pem), pem.n },
					       e);
		if (r < 0)
			return WRAP(e, r, "--key '%s'", keys->v[i]);
	}
	return r;
}

static int read_root(struct cli *c, const char *path, struct sigstore_trust *t, struct err *e)
{
	auto_buf json = BUF_INIT(LIMIT_TRUSTED_ROOT);
	const struct state *state;
	int r;

	if (path) {
		if ((r = fs_read_user(path, LIMIT_TRUSTED_ROOT, &json, e)) == 0)
			r = sigstore_trust_root(t, (struct str){ buf_str(&json), json.n }, e);
		return r < 0 ? WRAP(e, r, "--trusted-root '%s'", path) : 0;
	}
	r = cli_state(c, &state, e);
	return r < 0 ? r : sigstore_trust_load_root(state, t, e);
}

int cli_sigstore_trust(struct cli *c, const struct sigstore_options *o,
		       struct sigstore_identity *ret_identity, struct sigstore_trust *ret,
		       struct err *e)
{
	auto_sigstore_trust t = { 0 };
	const bool keyless = o->identity || o->identity_regexp || o->issuer || o->issuer_regexp;
	const struct state *state;
	int r;

	*ret_identity = (struct sigstore_identity){ .label = "--certificate-identity",
						    .name = o->identity,
						    .name_pattern = o->identity_regexp,
						    .issuer = o->issuer,
						    .issuer_pattern = o->issuer_regexp };
	if (keyless && o->ignore_tlog)
		return FAIL(e, E_USAGE,
			    "--insecure-ignore-tlog: without a log nothing proves when a keyless "
			    "signature was made, and its certificate has ended");
	if (keyless && o->keys.n)
		return FAIL(e, E_USAGE, "--key and --certificate-identity exclude each other");
	if (!keyless && !o->keys.n)
		return FAIL(e, E_USAGE,
			    "want --key, or --certificate-identity and --certificate-oidc-issuer");
	if (keyless && (r = sigstore_identity_check(ret_identity, e)) < 0)
		return r;
	if ((r = read_keys(&o->keys, &t, e)) < 0 || (r = cli_state(c, &state, e)) < 0 ||
	    (r = sigstore_trust_drop_withdrawn(state, &t, e)) < 0 ||
	    (r = read_root(c, o->trusted_root, &t, e)) < 0)
		return r;
	if (keyless && t.root.n == 0)
		return err_hint(
			e,
			FAIL(e, E_USAGE,
			     "there is no trusted root, so nothing keyless can "
			     "be verified"),
			"plimsoll trust add trusted_root.json, or give --trusted-root FILE");
	if (keyless) {
		t.identities = ret_identity;
		t.identities_n = 1;
	}
	*ret = t;
	t = (struct sigstore_trust){ 0 };
	return 0;
}

static const char *format_name(enum sigstore_format f)
{
	switch (f) {
	case SIGSTORE_BUNDLE: return "bundle";
	case SIGSTORE_SIMPLE: return "simplesigning";
	case SIGSTORE_ENVELOPE: break;
	}
	return "dsse";
}

int cli_sigstore_json(const struct sigstore_found *f, json_t **ret, struct err *e)
{
	auto_json *j = json_object();
	char at[RFC3339_MAX];
	int r;

	clock_rfc3339(f->time, at);
	if ((r = json_put_string(j, "format", format_name(f->format), e)) < 0 ||
	    (r = json_put_string(j, "signer", f->signer, e)) < 0 ||
	    (r = json_put_string(j, "key", f->key_id, e)) < 0 ||
	    (r = json_put_string(j, "identity", f->keyless ? f->identity : NULL, e)) < 0 ||
	    (r = json_put_string(j, "issuer", f->keyless ? f->issuer : NULL, e)) < 0 ||
	    (r = json_put_string(j, "time", f->time ? at : NULL, e)) < 0 ||
	    (r = json_put_string(j, "predicateType",
				 f->predicate_type[0] ? f->predicate_type : NULL, e)) < 0 ||
	    (r = json_put_string(j, "repository", f->repository[0] ? f->repository : NULL, e)) <
		    0 ||
	    (r = json_put_string(j, "carrier", f->carrier.s[0] ? f->carrier.s : NULL, e)) < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}

/* trust add */

/* "cosign" of "dir/cosign.pub" */
static int stem(const char *path, char ret[static 129], struct err *e)
{
	const char *base = strrchr(path, '/');
	size_t n;

	base = base ? base + 1 : path;
	n = strcspn(base, ".");
	if (n == 0 || n > 128)
		return FAIL(e, E_USAGE, "'%s' gives no name: give --name", path);
	(void)snprintf(ret, 129, "%.*s", (int)n, base);
	return 0;
}

int cli_trust_add_sigstore(struct cli *c, const char *path, const char *name, bool certificate,
			   struct str file, bool *ret_taken, struct err *e)
{
	const bool key = str_starts(str_trim(file), "-----BEGIN PUBLIC KEY-----");
	const bool root = !key && sigstore_is_root(file);
	const struct state *state;
	char own[129];
	int r;

	*ret_taken = key || root;
	if (!*ret_taken)
		return 0;
	/* Before anything is trusted: these would narrow it, and nothing here can. */
	if (certificate)
		return FAIL(e, E_USAGE,
			    "--type, --store, --identity and --scope are of certificates");
	if ((r = cli_state(c, &state, e)) < 0)
		return r;
	if (root)
		return sigstore_add_root(state, file, e);
	if (!name && (r = stem(path, own, e)) < 0)
		return r;
	return sigstore_add_key(state, name ? name : own, file, e);
}

/* trust list: kind, name, state, until, key, thumbprint, subject */

enum { LIST_COLUMNS = 7 };

int cli_sigstore_rows(const json_t *all, struct table *t, struct err *e)
{
	const json_t *root = json_object_get(all, "trustedRoot"), *o;
	const char *const root_cells[LIST_COLUMNS] = {
		"sigstore", "trusted_root.json", "ok", "-", "-", "-", "trusted root",
	};
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(all, "signers"), i, o)
	{
		const char *key = json_string_or_null(o, "key");
		char shown[16];
		const char *const cells[LIST_COLUMNS] = {
			"cosign", json_string_or_null(o, "name"),      "ok",
			"-",	  json_string_or_null(o, "algorithm"), shown,
			"-"
		};

		(void)snprintf(shown, sizeof(shown), "%.12s", key ? key : "");
		if (r == 0)
			r = table_row(t, cells, e);
	}
	return r == 0 && json_is_object(root) ? table_row(t, root_cells, e) : r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/trust/signing.h"
#include "cli/trust/trust_tuf.h"

/* trust tuf: keys and roots. */

/* key */

struct key_opts {
	const char *algorithm, *passphrase_file;
};

static const struct opt key_options[] = {
	OPT_AT(struct key_opts, algorithm, "algorithm", 0, OPT_STRING, "ALG",
	       "Ed25519 or P-256 (Ed25519)"),
	TUF_PASSPHRASE(struct key_opts),
	OPT_END,
};

static int run_key(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct key_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_json *key = NULL;
	const struct state *state;
	const char *passphrase;
	enum key_kind kind;
	char keyid[TUF_KEYID_MAX];
	int r;

	(void)argc;
	if ((r = tuf_cli_kind(o->algorithm, &kind, e)) < 0 ||
	    (r = cli_passphrase(o->passphrase_file, &secret, &passphrase, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	r = tuf_key_here(state, argv[0], &key, NULL);
	if (r == E_NOTFOUND) {
		r = tuf_key_make(state, argv[0], kind, passphrase, keyid, e);
		r = tuf_cli_note(c, "tuf-key", argv[0], r, NULL, r == 0 ? keyid : NULL, e);
		r = r < 0 ? r : tuf_key_here(state, keyid, &key, e);
	} else if (r < 0) {
		r = tuf_key_here(state, argv[0], &key, e);
	}
	return r < 0 ? r : cli_print_json(c, key, e);
}

const struct command tuf_key_command = {
	.name = "key",
	.args = "NAME",
	.brief = "Make a key, or find it, and print its public half",
	.details = "For keys of the root that are kept on a machine of their own, and for teams to "
		   "whom tags are delegated. NAME may also be the beginning of a keyid. Private "
		   "keys stay in the state folder (trust/tuf/keys), for their owner only.",
	.example = "plimsoll trust tuf key --passphrase-file fd:3 alice > alice.json",
	.opts = key_options,
	.opts_size = sizeof(struct key_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_key,
};

/* root */

struct root_opts {
	struct strv add, remove, threshold;
	const char *passphrase_file;
	bool discard;
};

static const struct opt root_options[] = {
	OPT_AT(struct root_opts, add, "add", 0, OPT_LIST, "ROLE=FILE",
	       "a role gets the public key in FILE"),
	OPT_AT(struct root_opts, remove, "remove", 0, OPT_LIST, "ROLE=KEYID",
	       "a role loses a key (its keyid, or 6 digits or more of its beginning)"),
	OPT_AT(struct root_opts, threshold, "threshold", 0, OPT_LIST, "ROLE=N",
	       "keys that have to sign a role"),
	OPT_AT(struct root_opts, discard, "discard", 0, OPT_FLAG, NULL,
	       "forget the root that waits for signatures"),
	TUF_PASSPHRASE(struct root_opts),
	OPT_END,
};

/* "ROLE=REST". */
static int split(const char *text, char *role, size_t cap, const char **ret, struct err *e)
{
	const char *eq = strchr(text, '=');

	if (!eq || (size_t)(eq - text) >= cap || !eq[1])
		return FAIL(e, E_USAGE, "'%.100s' is not ROLE=…", text);
	(void)snprintf(role, cap, "%.*s", (int)(eq - text), text);
	*ret = eq + 1;
	return 0;
}

static int add_keys(json_t *root, const struct strv *list, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		auto_json *keys = json_array();
		char role[LIMIT_TUF_NAME + 1];
		const char *file;

		r = split(list->v[i], role, sizeof(role), &file, e);
		r = r < 0 ? r : tuf_cli_key_file(file, keys, e);
		r = r < 0 ? r
			  : tuf_role_add_key(root, role,
					     json_object_get(json_array_get(keys, 0), "key"), e);
	}
	return r;
}

static int remove_key(json_t *root, const char *role, const char *begin, struct err *e)
{
	json_t *ids = json_object_get(tuf_role_of(root, role), "keyids"), *v;
	char keyid[LIMIT_TUF_KEYID + 1] = "";
	size_t i;

	json_array_foreach(ids, i, v)
	{
		if (strlen(begin) < 6 || !starts_with(json_string_value(v), begin))
			continue;
		if (*keyid)
			return FAIL(e, E_USAGE, "several keys begin with '%.64s'", begin);
		(void)snprintf(keyid, sizeof(keyid), "%s", json_string_value(v));
	}
	return tuf_role_remove_key(root, role, *keyid ? keyid : begin, e);
}

static int change(json_t *root, void *arg, struct err *e)
{
	const struct root_opts *o = arg;
	char role[LIMIT_TUF_NAME + 1];
	const char *rest;
	uint64_t n;
	int r = add_keys(root, &o->add, e);

	for (size_t i = 0; r == 0 && i < o->remove.n; i++) {
		r = split(o->remove.v[i], role, sizeof(role), &rest, e);
		r = r < 0 ? r : remove_key(root, role, rest, e);
	}
	for (size_t i = 0; r == 0 && i < o->threshold.n; i++) {
		r = split(o->threshold.v[i], role, sizeof(role), &rest, e);
		r = r < 0 ? r : str_u64(str_of(rest), LIMIT_TUF_KEYS, &n, e);
		r = r < 0 ? r : tuf_role_threshold(root, role, n, e);
	}
	/* Whatever was asked for, every role can still be signed. */
	for (int k = 0; r == 0 && k < TUF_TOPS; k++) {
		const json_t *o1 = tuf_role_of(root, tuf_top_names[k]);

		n = (uint64_t)json_integer_value(json_object_get(o1, "threshold"));
		r = tuf_role_threshold(root, tuf_top_names[k], n, e);
	}
	return r;
}

static int run_root(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct root_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	const struct state *state;
	const char *passphrase;
	struct tuf_pending p;
	int r;

	(void)argc;
	if ((r = cli_passphrase(o->passphrase_file, &secret, &passphrase, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	if (o->discard)
		return tuf_cli_note(c, "tuf-root", argv[0], tuf_root_discard(state, argv[0], e),
				    NULL, "discarded", e);
	r = tuf_root_change(state, argv[0], passphrase, change, o, &p, e);
	r = tuf_cli_note(c, "tuf-root", argv[0], r, &p, "changed", e);
	return r < 0 ? r : tuf_cli_pending(c, argv[0], &p, e);
}

const struct command tuf_root_command = {
	.name = "root",
	.args = "SCOPE",
	.brief = "Make the next root: keys and thresholds of roles",
	.details =
		"Without a change it is the same with a later expiry. It waits until enough keys "
		"of the root before, and of its own, have signed it: with those on this host at "
		"once, with others by export, sign and import. Then publish.",
	.example = "plimsoll trust tuf root --add root=carol.json --threshold root=2 "
		   "registry.example/team/",
	.opts = root_options,
	.opts_size = sizeof(struct root_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_root,
};

/* rotate */

struct rotate_opts {
	const char *algorithm, *passphrase_file;
};

static int run_rotate(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct rotate_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct tuf_rotation t = { .role = argv[1] };
	auto_road road = { 0 };
	struct tuf_versions v;
	struct tuf_pending p;
	int r;

	(void)argc;
	if ((r = tuf_cli_kind(o->algorithm, &t.kind, e)) < 0 ||
	    (r = cli_passphrase(o->passphrase_file, &secret, &t.passphrase, e)) < 0 ||
	    (r = cli_road(c, argv[0], &road, e)) < 0)
		return r;
	t.state = road.state;
	r = tuf_root_change(road.state, argv[0], t.passphrase, tuf_root_rotate, &t, &p, e);
	r = tuf_cli_note(c, "tuf-rotate", argv[0], r, &p, argv[1], e);
	if (r < 0 || !p.complete)
		return r < 0 ? r : tuf_cli_pending(c, argv[0], &p, e);
	r = tuf_publish(&road, argv[0], t.passphrase, false, &v, e);
	return r < 0 ? r : tuf_cli_versions(c, argv[0], &v, e);
}

const struct command tuf_rotate_command = {
	.name = "rotate",
	.args = "SCOPE ROLE",
	.brief = "A new key in the place of this host's keys of a role",
	.details = "ROLE is root, targets, snapshot or timestamp. Published at once when the keys "
		   "of the root that are here are enough. Rotating timestamp or snapshot also "
		   "mends what a thief of the old key did: everybody forgets the versions he made.",
	.example = "plimsoll trust tuf rotate registry.example/team/ timestamp",
	.opts = key_options,
	.opts_size = sizeof(struct rotate_opts),
	.min_args = 2,
	.max_args = 2,
	.run = run_rotate,
};

/* export, sign, import */

struct export_opts {
	bool next;
};

static const struct opt export_options[] = {
	OPT_AT(struct export_opts, next, "next", 0, OPT_FLAG, NULL,
	       "the root that waits for signatures"),
	OPT_END,
};

static int run_export(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct export_opts *o = opts;
	auto_buf root = BUF_INIT(LIMIT_TUF_ROOT + 2);
	const struct state *state;
	int r;

	(void)argc;
	if ((r = cli_state(c, &state, e)) < 0 ||
	    (r = tuf_root_export(state, argv[0], o->next, &root, e)) < 0)
		return r;
	return cli_print(c, e, "%s", buf_str(&root));
}

const struct command tuf_export_command = {
	.name = "export",
	.args = "SCOPE",
	.brief = "Print the root: for hosts that are to trust it, or for signatures",
	.example = "plimsoll trust tuf export registry.example/team/ > root.json\n"
		   "plimsoll trust tuf export --next registry.example/team/ > next.json",
	.opts = export_options,
	.opts_size = sizeof(struct export_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_export,
};

struct sign_opts {
	struct strv key;
	const char *passphrase_file;
	bool scope;
};

static const struct opt sign_options[] = {
	OPT_AT(struct sign_opts, key, "key", 'k', OPT_LIST, "NAME",
	       "also sign with this key, if the root before had it and this one has not"),
	OPT_AT(struct sign_opts, scope, "scope", 0, OPT_FLAG, NULL,
	       "the argument is a SCOPE, and the root that waits there is signed"),
	TUF_PASSPHRASE(struct sign_opts),
	OPT_END,
};

/* Who signs sees what: the version, until when, and which keys each role has from then on. */
static int tell_root(const struct cli *c, const struct buf *file, struct err *e)
{
	auto_json *envelope = NULL;
	json_t *body, *role;
	const char *name;
	int r = c->quiet ? 0 : tuf_root_parse((struct str){ buf_str(file), file->n }, &envelope, e);

	if (r < 0 || !envelope)
		return r;
	body = json_object_get(envelope, "signed");
	(void)fprintf(stderr, "plimsoll: signed root %lld, which expires %s\n",
		      json_integer_value(json_object_get(body, "version")),
		      json_string_value(json_object_get(body, "expires")));
	json_object_foreach(json_object_get(body, "roles"), name, role)
	{
		json_t *ids = json_object_get(role, "keyids"), *id;
		char text[17];
		size_t i;

		(void)snprintf(text, sizeof(text), "%s", name);
		text_sanitize(text);
		(void)fprintf(stderr, "plimsoll: %-10s %lld of %zu keys:", text,
			      json_integer_value(json_object_get(role, "threshold")),
			      json_array_size(ids));
		json_array_foreach(ids, i, id)
		{
			(void)snprintf(text, sizeof(text), "%s", json_string_value(id));
			text_sanitize(text);
			(void)fprintf(stderr, " %s", text);
		}
		(void)fputc('\n', stderr);
	}
	return 0;
}

static int run_sign(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct sign_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_buf in = BUF_INIT(LIMIT_TUF_ROOT + 1), out = BUF_INIT(LIMIT_TUF_ROOT + 2);
	struct tuf_signer s;
	struct tuf_pending p;
	struct digest d;
	uint64_t n;
	int r;

	(void)argc;
	if ((r = cli_passphrase(o->passphrase_file, &secret, &s.passphrase, e)) < 0 ||
	    (r = cli_state(c, &s.state, e)) < 0)
		return r;
	if (o->scope) {
		r = tuf_root_sign(s.state, argv[0], s.passphrase, &p, e);
		r = tuf_cli_note(c, "tuf-sign", argv[0], r, &p, NULL, e);
		return r < 0 ? r : tuf_cli_pending(c, argv[0], &p, e);
	}
	if ((r = fs_read_user(argv[0], LIMIT_TUF_ROOT, &in, e)) < 0 ||
	    (r = tuf_root_sign_file(&s, (struct str){ buf_str(&in), in.n }, &o->key, &out, &n, e)) <
		    0)
		r = WRAP(e, r, "sign '%s'", argv[0]);
	digest_of(buf_str(&in), in.n, &d);
	r = tuf_cli_note(c, "tuf-sign", argv[0], r, NULL, r == 0 ? d.s : NULL, e);
	if (r < 0 || (r = tell_root(c, &out, e)) < 0)
		return r;
	return cli_print(c, e, "%s", buf_str(&out));
}

const struct command tuf_sign_command = {
	.name = "sign",
	.args = "FILE",
	.brief = "Sign a root in a file, with the keys of its root role that are here",
	.details = "For the machine that holds a key of the root, and nothing else. Printed is the "
		   "same root with the signature added, for import; and on standard error which "
		   "keys it gives to each role.",
	.example = "plimsoll trust tuf sign next.json > signed-by-alice.json",
	.opts = sign_options,
	.opts_size = sizeof(struct sign_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_sign,
};

static int run_import(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_buf file = BUF_INIT(LIMIT_TUF_ROOT + 1);
	const struct state *state;
	struct tuf_pending p;
	int r = cli_state(c, &state, e);

	(void)opts;
	for (int i = 1; r == 0 && i < argc; i++) {
		buf_reset(&file);
		r = fs_read_user(argv[i], LIMIT_TUF_ROOT, &file, e);
		r = r < 0 ? r
			  : tuf_root_import(state, argv[0], (struct str){ buf_str(&file), file.n },
					    &p, e);
		r = r < 0 ? WRAP(e, r, "'%s'", argv[i]) : 0;
		r = tuf_cli_note(c, "tuf-import", argv[0], r, &p, argv[i], e);
	}
	return r < 0 ? r : tuf_cli_pending(c, argv[0], &p, e);
}

const struct command tuf_import_command = {
	.name = "import",
	.args = "SCOPE FILE...",
	.brief = "Take signatures of the root that waits",
	.example = "plimsoll trust tuf import registry.example/team/ signed-by-alice.json",
	.min_args = 2,
	.max_args = -1,
	.run = run_import,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cli/trust/signing.h"
#include "cli/trust/trust_keys.h"
#include "cli/trust/trust_tuf.h"

/* trust tuf: the repository as a whole. */

int tuf_cli_versions(struct cli *c, const char *scope, const struct tuf_versions *v, struct err *e)
{
	auto_json *j = NULL;

	if (c->quiet && !c->json)
		return 0;
	if (!c->json)
		return cli_print(c, e,
				 "%s: root %" PRIu64 ", timestamp %" PRIu64 ", snapshot %" PRIu64
				 ", targets %" PRIu64 "\n",
				 scope, v->root, v->timestamp, v->snapshot, v->targets);
	j = json_pack("{ss ss sI sI sI sI}", "schema", "plimsoll.tuf-publish/v1", "scope", scope,
		      "root", (json_int_t)v->root, "timestamp", (json_int_t)v->timestamp,
		      "snapshot", (json_int_t)v->snapshot, "targets", (json_int_t)v->targets);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

int tuf_cli_note(struct cli *c, const char *kind, const char *scope, int outcome,
		 const struct tuf_pending *p, const char *what, struct err *e)
{
	json_t *detail = json_object();

	if (outcome == 0 && p)
		(void)json_object_set_new(detail, "version", json_integer((json_int_t)p->version));
	if (outcome == 0 && p)
		(void)json_object_set_new(detail, "complete", json_boolean(p->complete));
	if (what)
		(void)json_object_set_new(detail, "what", json_string(what));
	return cli_trust_note(c, kind, scope, outcome, detail, e);
}

int tuf_cli_scope(struct cli *c, const char *schema, const char *scope, struct err *e)
{
	auto_json *j = c->json ? json_pack("{s:s, s:s}", "schema", schema, "scope", scope) : NULL;

	if (!c->json)
		return 0;
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

int tuf_cli_pending(struct cli *c, const char *scope, const struct tuf_pending *p, struct err *e)
{
	auto_json *j = NULL;
	int r;

	if (c->json) {
		j = json_pack("{ss ss sI sb sI sI sI sI}", "schema", "plimsoll.tuf-root/v1",
			      "scope", scope, "version", (json_int_t)p->version, "complete",
			      p->complete, "before", (json_int_t)p->before.have, "beforeNeeded",
			      (json_int_t)p->before.need, "own", (json_int_t)p->own.have,
			      "ownNeeded", (json_int_t)p->own.need);
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	if (c->quiet)
		return 0;
	r = cli_print(c, e, "root %" PRIu64 " of %s: %" PRIu64 " of %" PRIu64 " signatures",
		      p->version, scope, p->own.have, p->own.need);
	if (r == 0 && p->before.need)
		r = cli_print(c, e, ", %" PRIu64 " of %" PRIu64 " of the root before",
			      p->before.have, p->before.need);
	if (r < 0)
		return r;
	return cli_print(c, e,
			 p->complete ? "\nready: plimsoll trust tuf publish %s\n"
				     : "\nnext: plimsoll trust tuf export --next %s > root.json, "
				       "and sign it where the other keys are\n",
			 scope);
}

int tuf_cli_key_file(const char *path, json_t *list, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_KEY_FILE);
	json_t *key = NULL;
	int r = fs_read_user(path, LIMIT_TUF_KEY_FILE, &text, e);

	r = r < 0 ? r : tuf_key_parse((struct str){ buf_str(&text), text.n }, &key, e);
	return r < 0 ? WRAP(e, r, "key '%s'", path) : json_push(list, key, e);
}

int tuf_cli_kind(const char *s, enum key_kind *ret, struct err *e)
{
	if (!s || strcmp(s, "Ed25519") == 0)
		*ret = KEY_ED25519;
	else if (strcmp(s, "P-256") == 0)
		*ret = KEY_EC_P256;
	else
		return FAIL(e, E_USAGE, "--algorithm '%.40s': want Ed25519 or P-256", s);
	return 0;
}

/* "targets=30", days of a role. */
int tuf_cli_days(const struct strv *list, uint64_t ret[static TUF_TOPS], struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *eq = strchr(list->v[i], '=');
		bool known = false;

		for (int k = 0; eq && k < TUF_TOPS; k++)
			if (strlen(tuf_top_names[k]) == (size_t)(eq - list->v[i]) &&
			    starts_with(list->v[i], tuf_top_names[k]))
				known = str_u64(str_of(eq + 1), 36500, &ret[k], NULL) == 0 &&
					ret[k] > 0;
		if (!known)
			return FAIL(e, E_USAGE,
				    "--days '%.60s': want root, targets, snapshot or timestamp, "
				    "'=', and 1 to 36500",
				    list->v[i]);
	}
	return 0;
}

/* init */

struct init_opts {
	const char *at, *algorithm, *passphrase_file;
	struct strv root_key, days;
	uint64_t root_keys, threshold;
	bool no_root_key;
};

static const struct opt init_options[] = {
	OPT_AT(struct init_opts, at, "at", 0, OPT_STRING, "REF",
	       "where the metadata lies (HOST/NAME:tuf; HOST/PREFIX/tuf:tuf)"),
	OPT_AT(struct init_opts, root_keys, "root-keys", 0, OPT_U64, "N",
	       "keys of the root role to make here (1; none: --no-root-key)"),
	OPT_AT(struct init_opts, no_root_key, "no-root-key", 0, OPT_FLAG, NULL,
	       "make no key of the root role here: all are elsewhere"),
	OPT_AT(struct init_opts, root_key, "root-key", 0, OPT_LIST, "FILE",
	       "public key of the root role that is elsewhere (trust tuf key, or PEM)"),
	OPT_AT(struct init_opts, threshold, "threshold", 0, OPT_U64, "M",
	       "keys that have to sign a root (all of them)"),
	OPT_AT(struct init_opts, algorithm, "algorithm", 0, OPT_STRING, "ALG",
	       "Ed25519 or P-256, of keys made here (Ed25519)"),
	OPT_AT(struct init_opts, days, "days", 0, OPT_LIST, "ROLE=N",
	       "days a role is signed for (root 365, targets 90, snapshot 7, timestamp 1)"),
	TUF_PASSPHRASE(struct init_opts),
	OPT_END,
};

static int run_init(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct init_opts *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_json *keys = json_array();
	struct tuf_init_opts io = { .scope = argv[0], .at = o->at, .root_keys = keys };
	const struct state *state;
	struct tuf_pending p;
	int r = tuf_cli_days(&o->days, io.days, e);

	(void)argc;
	if (r == 0 && o->root_keys > 64)
		r = FAIL(e, E_USAGE, "--root-keys: at most 64");
	for (size_t i = 0; r == 0 && i < o->root_key.n; i++)
		r = tuf_cli_key_file(o->root_key.v[i], keys, e);
	io.root_here = o->no_root_key ? 0 : o->root_keys ? o->root_keys : 1;
	io.threshold = o->threshold ? o->threshold : io.root_here + json_array_size(keys);
	if (r < 0 || (r = tuf_cli_kind(o->algorithm, &io.kind, e)) < 0 ||
	    (r = cli_passphrase(o->passphrase_file, &secret, &io.passphrase, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	r = tuf_repo_init(state, &io, &p, e);
	r = tuf_cli_note(c, "tuf-init", argv[0], r, &p, NULL, e);
	return r < 0 ? r : tuf_cli_pending(c, argv[0], &p, e);
}

const struct command tuf_init_command = {
	.name = "init",
	.args = "SCOPE",
	.brief = "Begin a TUF repository: keys, and the first root",
	.details = "SCOPE is a repository HOST/NAME, or all below HOST/PREFIX/ (with the slash at "
		   "its end). Keys of targets, snapshot and timestamp are made on this host; those "
		   "of the root may be elsewhere, better so. Nothing is sent: see publish.",
	.example = "plimsoll trust tuf init registry.example/team/\n"
		   "plimsoll trust tuf init --no-root-key --root-key a.json --root-key b.json "
		   "--root-key c.json --threshold 2 registry.example/team/web",
	.opts = init_options,
	.opts_size = sizeof(struct init_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_init,
};

/* publish, timestamp */

struct publish_opts {
	const char *passphrase_file;
	bool again;
};

static const struct opt publish_options[] = {
	OPT_AT(struct publish_opts, again, "again", 0, OPT_FLAG, NULL,
	       "what is kept here goes in the place of whatever the registry has"),
	TUF_PASSPHRASE(struct publish_opts),
	OPT_END,
};

static const struct opt timestamp_options[] = {
	TUF_PASSPHRASE(struct publish_opts),
	OPT_END,
};

static int publish(struct cli *c, const struct publish_opts *o, const char *scope, bool renew,
		   struct err *e)
{
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_road road = { 0 };
	struct tuf_versions v;
	const char *passphrase;
	int r;

	if ((r = cli_passphrase(o->passphrase_file, &secret, &passphrase, e)) < 0 ||
	    (r = cli_road(c, scope, &road, e)) < 0)
		return r;
	r = renew ? tuf_renew(&road, scope, passphrase, &v, e)
		  : tuf_publish(&road, scope, passphrase, o->again, &v, e);
	return r < 0 ? r : tuf_cli_versions(c, scope, &v, e);
}

static int run_publish(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)argc;
	return publish(c, opts, argv[0], false, e);
}

static int run_timestamp(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)argc;
	return publish(c, opts, argv[0], true, e);
}

const struct command tuf_publish_command = {
	.name = "publish",
	.args = "SCOPE",
	.brief = "Send what waits: the first metadata, or the next root",
	.details = "A root goes out when enough keys have signed it; roles whose keys it changes "
		   "are signed anew. The tag moves last, and only if nobody else moved it "
		   "meanwhile.",
	.example = "plimsoll trust tuf publish registry.example/team/",
	.opts = publish_options,
	.opts_size = sizeof(struct publish_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_publish,
};

const struct command tuf_timestamp_command = {
	.name = "timestamp",
	.args = "SCOPE",
	.brief = "Sign the timestamp anew, for cron",
	.details = "What else has less than half of its time left is signed anew with it, if its "
		   "keys are here. Run it more often than a timestamp lasts: hosts that insist on "
		   "what is newest refuse an expired one.",
	.example = "plimsoll trust tuf timestamp registry.example/team/",
	.opts = timestamp_options,
	.opts_size = sizeof(struct publish_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_timestamp,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/trust_keys.h"
#include "cli/trust/trust_tuf.h"
#include "pipeline/notary1/notary1.h"

/* trust notary: scopes whose tags a Notary v1 server lists. */

/* trust */

static const struct opt trust_options[] = {
	OPT_AT(struct notary1_opts, server, "server", 0, OPT_STRING, "URL",
	       "the Notary server: https://HOST[:PORT]"),
	OPT_AT(struct notary1_opts, ca, "ca", 0, OPT_STRING, "FILE",
	       "CAs of the server's TLS certificate (else certs.d/HOST:PORT, then the system's)"),
	OPT_AT(struct notary1_opts, roots, "root", 0, OPT_LIST, "ROOT",
	       "root key that is trusted: its id, its certificate or that one's SHA-256; or a "
	       "root.json"),
	OPT_AT(struct notary1_opts, root_ca, "root-ca", 0, OPT_STRING, "FILE",
	       "CAs that certificates of root keys have to be issued by"),
	OPT_AT(struct notary1_opts, tofu, "tofu", 0, OPT_FLAG, NULL,
	       "trust the root that is seen first, whoever serves it"),
	OPT_AT(struct notary1_opts, roles, "role", 0, OPT_LIST, "ROLE",
	       "who may list tags, asked in this order (targets/releases, then targets)"),
	OPT_AT(struct notary1_opts, any_digest, "any-digest", 0, OPT_FLAG, NULL,
	       "images by digest need not be what a tag means today"),
	OPT_END,
};

/* Of a prefix nothing is seen yet: "seen" is null. */
static int print_trusted(struct cli *c, const struct notary1_opts *o, json_t *seen, struct err *e)
{
	auto_json *j = json_pack("{ss ss ss sb sb sO?}", "schema", "plimsoll.notary-trust/v1",
				 "scope", o->scope, "server", o->server, "tofu", o->tofu,
				 "anyDigest", o->any_digest, "seen", seen);

	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int print_looked(struct cli *c, const struct notary1_opts *o, json_t *seen, struct err *e)
{
	const char *how = json_string_or_null(seen, "trustedBy"), *scope = o->scope;

	if (c->json)
		return print_trusted(c, o, seen, e);
	if (c->quiet)
		return 0;
	if (!seen)
		return cli_print(c, e, "%s: each repository's root is pinned when it is used\n",
				 scope);
	return cli_print(c, e, "%s: root %lld%s%s, timestamp %lld, snapshot %lld, targets %lld\n",
			 scope, json_integer_value(json_object_get(seen, "root")),
			 how ? ", trusted by " : "", how ? how : "",
			 json_integer_value(json_object_get(seen, "timestamp")),
			 json_integer_value(json_object_get(seen, "snapshot")),
			 json_integer_value(json_object_get(seen, "targets")));
}

static int run_trust(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct notary1_opts *o = opts;
	auto_road road = { 0 };
	auto_json *seen = NULL;
	json_t *detail;
	int r;

	(void)argc;
	o->scope = argv[0];
	if (!o->server)
		return err_hint(e, FAIL(e, E_USAGE, "which server lists its tags?"),
				"plimsoll trust notary trust --server https://HOST:4443 %.200s",
				argv[0]);
	if ((r = cli_road(c, argv[0], &road, e)) < 0)
		return r;
	r = notary1_trust(&road, o, &seen, e);
	detail = json_pack("{ss sb sO*}", "server", o->server, "tofu", o->tofu, "seen", seen);
	r = cli_trust_note(c, "trust-notary", argv[0], r, detail, e);
	return r < 0 ? r : print_looked(c, o, seen, e);
}

static const struct command notary_trust_command = {
	.name = "trust",
	.args = "SCOPE",
	.brief = "Insist on what a Notary server lists, for a repository or a prefix",
	.details = "From then on run, pull, verify and FROM take of those images only what the "
		   "server's metadata lists now (Docker Content Trust). SCOPE is HOST/NAME, or "
		   "HOST/PREFIX/ with --root-ca or --tofu; each repository has a root of its own. "
		   "Later roots are followed by themselves, if the keys before have signed them.",
	.example = "plimsoll trust notary trust --server https://notary.example:4443 "
		   "--root root-ca.crt registry.example/team/app",
	.opts = trust_options,
	.opts_size = sizeof(struct notary1_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_trust,
};

/* forget */

static int run_forget(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc;
	r = r < 0 ? r : tuf_scope_forget(state, argv[0], e);
	r = cli_trust_note(c, "trust-notary-forget", argv[0], r, NULL, e);
	return r < 0 ? r : tuf_cli_scope(c, "plimsoll.notary-forget/v1", argv[0], e);
}

static const struct command notary_forget_command = {
	.name = "forget",
	.args = "SCOPE",
	.brief = "Insist no more: forget the roots and all that was seen by them",
	.details = "What a rollback is compared with is gone as well.",
	.example = "plimsoll trust notary forget registry.example/team/app",
	.min_args = 1,
	.max_args = 1,
	.run = run_forget,
};

/* inspect */

static int put_row(struct table *t, const json_t *tag, struct err *e)
{
	auto_buf signers = BUF_INIT(4096);
	const char *cells[] = { json_string_or_null(tag, "SignedTag"),
				json_string_or_null(tag, "Digest"), NULL };
	size_t i;
	const json_t *v;
	int r;

	json_array_foreach(json_object_get(tag, "Signers"), i, v)
	{
		buf_printf(&signers, "%s%s", i ? ", " : "", json_string_value(v));
	}
	r = buf_check(&signers, "signers", e);
	cells[2] = buf_str(&signers);
	return r < 0 ? r : table_row(t, cells, e);
}

static int run_inspect(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "SIGNED TAG", "DIGEST", "SIGNERS" };
	auto_release(table_free) struct table *t = NULL;
	auto_road road = { 0 };
	auto_json *j = NULL;
	struct ref ref;
	size_t i;
	const json_t *v;
	int r;

	(void)opts, (void)argc;
	if ((r = cli_parse_repository(argv[0], &ref, e)) < 0 ||
	    (r = cli_road(c, argv[0], &road, e)) < 0 ||
	    (r = notary1_inspect(&road, &ref, &j, e)) < 0)
		return r;
	if (c->json)
		return (r = json_put_string(j, "schema", "plimsoll.notary-inspect/v1", e)) < 0
			       ? r
			       : cli_print_json(c, j, e);
	r = table_new(&t, headings, 3, e);
	json_array_foreach(json_object_get(j, "SignedTags"), i, v)
	{
		r = r < 0 ? r : put_row(t, v, e);
	}
	return r < 0 ? r : cli_print_table(c, t, e);
}

static const struct command notary_inspect_command = {
	.name = "inspect",
	.args = "REPOSITORY",
	.brief = "Show what the server lists: tags, digests, signers",
	.details = "The words are those of docker trust inspect. The metadata that is trusted is "
		   "taken to the server's newest first.",
	.example = "plimsoll trust notary inspect registry.example/team/app",
	.min_args = 1,
	.max_args = 1,
	.run = run_inspect,
};

static const struct command *const subs[] = {
	&notary_trust_command,
	&notary_forget_command,
	&notary_inspect_command,
	NULL,
};

const struct command trust_notary_command = {
	.name = "notary",
	.args = "",
	.brief = "What is the newest, by a Notary v1 server (Docker Content Trust)",
	.details = "Reads what docker trust sign and notary publish; it signs nothing. Scopes are "
		   "those of trust tuf, and the narrowest counts, whichever kind it is of.",
	.example = "plimsoll trust notary trust --server https://notary.example:4443 --tofu "
		   "registry.example/team/app\n"
		   "plimsoll trust notary inspect registry.example/team/app",
	.subs = subs,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/trust_tuf.h"
#include "pipeline/tuf/admit.h"
#include "pipeline/tuf/status.h"

/* trust tuf: what a host insists on, and what it has seen. */

/* trust, forget */

struct trust_opts {
	const char *scope, *at;
	bool any_digest;
};

static const struct opt trust_options[] = {
	OPT_AT(struct trust_opts, scope, "scope", 0, OPT_STRING, "SCOPE",
	       "HOST/NAME, or all below HOST/PREFIX/"),
	OPT_AT(struct trust_opts, at, "at", 0, OPT_STRING, "REF",
	       "where the metadata lies (HOST/NAME:tuf; HOST/PREFIX/tuf:tuf)"),
	OPT_AT(struct trust_opts, any_digest, "any-digest", 0, OPT_FLAG, NULL,
	       "images by digest need not be what a tag means today"),
	OPT_END,
};

static int run_trust(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct trust_opts *o = opts;
	const struct tuf_trust_opts to = { o->scope, o->at, o->any_digest };
	auto_buf root = BUF_INIT(LIMIT_TUF_ROOT + 1);
	const struct state *state;
	struct digest d;
	int r;

	(void)argc;
	if (!o->scope)
		return err_hint(e, FAIL(e, E_USAGE, "for which images is it trusted?"),
				"plimsoll trust tuf trust --scope HOST/NAME %.200s", argv[0]);
	if ((r = fs_read_user(argv[0], LIMIT_TUF_ROOT, &root, e)) < 0 ||
	    (r = cli_state(c, &state, e)) < 0)
		return r;
	r = tuf_trust_root(state, &to, (struct str){ buf_str(&root), root.n }, e);
	if (r < 0)
		r = WRAP(e, r, "trust '%s'", argv[0]);
	digest_of(buf_str(&root), root.n, &d);
	r = tuf_cli_note(c, "tuf-trust", o->scope, r, NULL, d.s, e);
	return r < 0 ? r : tuf_cli_scope(c, "plimsoll.tuf-trust/v1", o->scope, e);
}

const struct command tuf_trust_command = {
	.name = "trust",
	.args = "ROOT",
	.brief = "Insist on the newest: trust a root for a repository or a prefix",
	.details = "From then on run, pull, verify and FROM take of those images only what the TUF "
		   "metadata lists now, and refuse an older one, signed or not. ROOT is a "
		   "file that came by a way you trust ('-': standard input); later roots are "
		   "followed by themselves.",
	.example = "plimsoll trust tuf trust --scope registry.example/team/ root.json",
	.opts = trust_options,
	.opts_size = sizeof(struct trust_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_trust,
};

static int run_forget(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc;
	if (r < 0)
		return r;
	r = tuf_scope_forget(state, argv[0], e);
	r = tuf_cli_note(c, "tuf-forget", argv[0], r, NULL, NULL, e);
	return r < 0 ? r : tuf_cli_scope(c, "plimsoll.tuf-forget/v1", argv[0], e);
}

const struct command tuf_forget_command = {
	.name = "forget",
	.args = "SCOPE",
	.brief = "Insist no more: forget a root and all that was seen by it",
	.details = "Keys stay. What a rollback is compared with is gone as well.",
	.example = "plimsoll trust tuf forget registry.example/team/",
	.min_args = 1,
	.max_args = 1,
	.run = run_forget,
};

/* refresh */

static int run_refresh(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_road road = { 0 };
	auto_json *seen = NULL;
	struct tuf_versions v;
	int r = cli_road(c, argv[0], &road, e);

	(void)opts, (void)argc;
	r = r < 0 ? r : tuf_scope_refresh(&road, argv[0], &seen, e);
	if (r < 0)
		return r;
	v = (struct tuf_versions){
		(uint64_t)json_integer_value(json_object_get(seen, "root")),
		(uint64_t)json_integer_value(json_object_get(seen, "timestamp")),
		(uint64_t)json_integer_value(json_object_get(seen, "snapshot")),
		(uint64_t)json_integer_value(json_object_get(seen, "targets")),
	};
	return tuf_cli_versions(c, argv[0], &v, e);
}

const struct command tuf_refresh_command = {
	.name = "refresh",
	.args = "SCOPE",
	.brief = "Take the metadata that is trusted to what the registry has now",
	.details =
		"Every check does this by itself; when the registry cannot be reached then, what "
		"this brought counts until its timestamp expires.",
	.example = "plimsoll trust tuf refresh registry.example/team/",
	.min_args = 1,
	.max_args = 1,
	.run = run_refresh,
};

/* status */

static int print_roles(struct cli *c, const json_t *status, struct err *e)
{
	static const char *const headings[] = { "ROLE",	     "VERSION", "EXPIRES",
						"THRESHOLD", "KEYS",	"HERE" };
	auto_release(table_free) struct table *t = NULL;
	size_t i;
	json_t *v;
	int r = table_new(&t, headings, 6, e);

	json_array_foreach(json_object_get(status, "roles"), i, v)
	{
		static const char *const numbers[] = { "version", "threshold", "keys", "here" };
		char text[4][24];
		const char *expires = json_string_or_null(v, "expires");

		for (int k = 0; k < 4; k++)
			(void)snprintf(text[k], sizeof(text[k]), "%lld",
				       json_integer_value(json_object_get(v, numbers[k])));

		const char *cells[] = { json_string_or_null(v, "name"),
					text[0],
					expires ? expires : "not seen",
					text[1],
					text[2],
					text[3] };

		r = r < 0 ? r : table_row(t, cells, e);
	}
	return r < 0 ? r : cli_print_table(c, t, e);
}

/* Whoever may list targets chooses paths and names of roles. */
static int print_target(struct cli *c, const char *path, const json_t *v, struct err *e)
{
	auto_buf line = BUF_INIT(8192);

	buf_printf(&line, "%.2000s sha256:%.64s (%.400s)", path, json_string_or_null(v, "sha256"),
		   json_string_or_null(v, "role"));
	if (buf_check(&line, "target", e) < 0)
		return e->code;
	text_sanitize(line.p);
	return cli_print(c, e, "%s\n", buf_str(&line));
}

static int print_status(struct cli *c, const json_t *status, struct err *e)
{
	const char *seen = json_string_or_null(status, "seen"), *path;
	json_t *targets = json_object_get(status, "targets"), *v;
	const json_t *waiting = json_object_get(status, "waiting");
	int r = cli_print(
		c, e, "%s\n%s, metadata at %s, asked %s\n", json_string_or_null(status, "scope"),
		json_is_true(json_object_get(status, "keeper")) ? "kept by this host" : "trusted",
		json_string_or_null(status, "at"), seen ? seen : "never");

	r = r < 0 ? r : print_roles(c, status, e);
	json_object_foreach(targets, path, v)
	{
		r = r < 0 ? r : print_target(c, path, v, e);
	}
	if (r == 0 && waiting)
		r = cli_print(c, e, "root %lld waits: %lld of %lld signatures\n",
			      json_integer_value(json_object_get(waiting, "version")),
			      json_integer_value(json_object_get(waiting, "own")),
			      json_integer_value(json_object_get(waiting, "ownNeeded")));
	return r;
}

static int run_status(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_json *all = json_array(), *j = NULL;
	auto_strv scopes = { 0 };
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	if (r == 0)
		r = argc ? strv_add(&scopes, argv[0], e) : tuf_scope_list(state, &scopes, e);
	for (size_t i = 0; r == 0 && i < scopes.n; i++) {
		json_t *status = NULL;

		r = tuf_status(state, scopes.v[i], &status, e);
		r = r < 0 ? r : json_push(all, status, e);
		if (r == 0 && !c->json)
			r = print_status(c, status, e);
	}
	if (r < 0 || !c->json)
		return r;
	j = json_pack("{ss sO}", "schema", "plimsoll.tuf-status/v1", "scopes", all);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

const struct command tuf_status_command = {
	.name = "status",
	.args = "[SCOPE]",
	.brief = "Show roles, versions, expiry, keys and what tags mean, as seen last",
	.details = "Nobody is asked: see refresh.",
	.example = "plimsoll trust tuf status",
	.max_args = 1,
	.run = run_status,
};

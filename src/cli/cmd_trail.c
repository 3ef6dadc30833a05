/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/encode.h"
#include "cli/cli.h"
#include "cli/shorten.h"
#include "run/container.h"
#include "trail/trail.h"

static int open_trail(struct cli *c, struct trail **ret, struct err *e)
{
	const struct state *s;
	int r = cli_state(c, &s, e);

	if (r < 0)
		return r;
	/* The ends that whoever asks has seen. */
	container_settle(s);
	r = trail_open(s, ret, e);
	return r == E_NOTFOUND ? err_hint(e, r, "plimsoll build .") : r;
}

struct show_opts {
	uint64_t last;
	const char *kind, *digest, *result;
	bool full;
};

static const struct opt show_options[] = {
	OPT_AT(struct show_opts, last, "last", 'n', OPT_U64, "N",
	       "only the newest N of those that match"),
	OPT_AT(struct show_opts, kind, "kind", 0, OPT_STRING, "KIND",
	       "only entries of this kind, as build, scan, push or admit"),
	OPT_AT(struct show_opts, digest, "digest", 0, OPT_STRING, "DIGEST",
	       "only entries about this digest, or one that begins so"),
	OPT_AT(struct show_opts, result, "result", 0, OPT_STRING, "RESULT",
	       "only entries with this result: ok, refused or failed"),
	OPT_AT(struct show_opts, full, "no-trunc", 0, OPT_FLAG, NULL,
	       "show digests and reasons in full"),
	OPT_END,
};

static bool is(const json_t *o, const char *key, const char *want)
{
	const char *s = json_string_or_null(o, key);

	return !want || (s && strcmp(s, want) == 0);
}

static bool matches(const json_t *entry, const struct show_opts *o)
{
	const char *digest = json_string_or_null(json_object_get(entry, "subject"), "digest");

	return is(entry, "kind", o->kind) && is(entry, "result", o->result) &&
	       (!o->digest || (digest && starts_with(digest, o->digest)));
}

/* Where to begin so that at most o->last matching entries follow. */
static int find_first(struct trail *t, const struct show_opts *o, uint64_t *ret, struct err *e)
{
	uint64_t found = 0, i = trail_size(t);

	if (o->last == 0)
		i = 0;
	while (i > 0 && found < o->last) {
		auto_json *entry = NULL;
		int r = trail_read(t, --i, &entry, e);

		if (r < 0)
			return r;
		found += matches(entry, o);
	}
	*ret = i;
	return 0;
}

enum { REASON_SHOWN = 100 };

/* "web:1 sha256:9f2c1b7a0d4e"; a name that holds the digest is not followed by it again. */
static void subject(const json_t *entry, bool full, struct buf *ret)
{
	const json_t *s = json_object_get(entry, "subject");
	const char *name = json_string_or_null(s, "name");
	const char *digest = json_string_or_null(s, "digest");
	auto_buf both = BUF_INIT(LIMIT_TRAIL_ENTRY);

	if (name)
		buf_puts(&both, name);
	if (digest && !(name && strstr(name, digest)))
		buf_printf(&both, "%s%s", name ? " " : "", digest);
	if (full)
		buf_put(ret, buf_str(&both), both.n);
	else
		cell_short(buf_str(&both), 0, ret);
}

/* A reason that begins with the subject's name, which stands beside it, without that. */
static const char *past_name(const json_t *entry, const char *reason)
{
	const char *name = json_string_or_null(json_object_get(entry, "subject"), "name");
	size_t n = name ? strlen(name) : 0;

	return n && starts_with(reason, name) && starts_with(reason + n, ": ") ? reason + n + 2
									       : reason;
}

static int add_row(struct table *table, const json_t *entry, bool full, struct err *e)
{
	auto_buf about = BUF_INIT(LIMIT_TRAIL_ENTRY), short_reason = BUF_INIT(4096);
	const char *reason = json_string_or_null(entry, "reason");
	char index[24];
	const char *cells[6];

	(void)snprintf(index, sizeof(index), "%" JSON_INTEGER_FORMAT,
		       json_integer_value(json_object_get(entry, "index")));
	subject(entry, full, &about);
	if (reason && !full) {
		cell_short(past_name(entry, reason), REASON_SHOWN, &short_reason);
		reason = buf_str(&short_reason);
	}
	cells[0] = index;
	cells[1] = json_string_or_null(entry, "time");
	cells[2] = json_string_or_null(entry, "kind");
	cells[3] = json_string_or_null(entry, "result");
	cells[4] = about.n ? buf_str(&about) : NULL;
	cells[5] = reason;
	return table_row(table, cells, e);
}

static int run_show(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "INDEX",  "TIME",    "KIND",
						"RESULT", "SUBJECT", "REASON" };
	const struct show_opts *o = opts;
	auto_release(trail_close) struct trail *t = NULL;
	auto_release(table_free) struct table *table = NULL;
	uint64_t first;
	int r = open_trail(c, &t, e);

	(void)argc, (void)argv;
	if (r < 0 || (r = find_first(t, o, &first, e)) < 0 ||
	    (r = table_new(&table, headings, 6, e)) < 0)
		return r;
	for (uint64_t i = first; i < trail_size(t); i++) {
		auto_json *entry = NULL;

		r = trail_read(t, i, &entry, e);
		if (r == 0 && matches(entry, o))
			r = c->json    ? cli_print_json_line(c, entry, e)
			    : c->quiet ? cli_print(c, e, "%llu\n", (unsigned long long)i)
				       : add_row(table, entry, o->full, e);
		if (r < 0)
			return r;
	}
	return c->json || c->quiet ? 0 : cli_print_table(c, table, e);
}

static const struct command trail_show = {
	.name = "show",
	.args = "",
	.brief = "List the entries of the trail, oldest first",
	.details =
		"With --format json every entry is printed as it is stored, one canonical JSON\n"
		"object a line. The signature of the checkpoint and the hash of every entry shown\n"
		"are checked; 'plimsoll trail verify' checks all of the log.",
	.example = "plimsoll trail show --last 20\n"
		   "plimsoll trail show --result refused --format json",
	.opts = show_options,
	.opts_size = sizeof(struct show_opts),
	.run = run_show,
};

struct verify_opts {
	const char *key;
};

static const struct opt verify_options[] = {
	OPT_AT(struct verify_opts, key, "key", 0, OPT_STRING, "VKEY",
	       "accept only a checkpoint signed by this verifier key"),
	OPT_END,
};

static int print_summary(struct cli *c, const struct trail *t, struct err *e)
{
	auto_json *j = json_object();
	auto_buf root = BUF_INIT(128);
	unsigned char raw[32];
	int r;

	trail_root(t, raw);
	b64_put(&root, B64_STD, raw, sizeof(raw));
	if (!c->json)
		return cli_print(c, e,
				 "verified %llu entries\norigin   %s\nroot     %s\nkey      %s\n",
				 (unsigned long long)trail_size(t), trail_origin(t), buf_str(&root),
				 trail_vkey(t));
	if (!j)
		return FAIL_NOMEM(e);
	if ((r = json_put_string(j, "schema", "plimsoll.trail-verify/v1", e)) < 0 ||
	    (r = json_put_u64(j, "size", trail_size(t), e)) < 0 ||
	    (r = json_put_string(j, "origin", trail_origin(t), e)) < 0 ||
	    (r = json_put_string(j, "root", buf_str(&root), e)) < 0 ||
	    (r = json_put_string(j, "key", trail_vkey(t), e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

static int run_verify(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct verify_opts *o = opts;
	auto_release(trail_close) struct trail *t = NULL;
	int r = open_trail(c, &t, e);

	(void)argc, (void)argv;
	if (r < 0 || (r = trail_verify(t, o->key, e)) < 0)
		return r;
	return c->quiet ? 0 : print_summary(c, t, e);
}

static const struct command trail_verify_command = {
	.name = "verify",
	.args = "",
	.brief = "Recompute the whole log and check its signature",
	.details =
		"Reads every entry, recomputes every hash up to the root, and checks the\n"
		"signature of the checkpoint. The first thing that is wrong is named: an entry by\n"
		"its index, a tile by its path beneath the trail folder. Exits 4 then.\n"
		"\n"
		"Without --key the trail's own key is believed, which finds damage, but not\n"
		"somebody who could replace the key too. Keep the output of 'plimsoll trail key'\n"
		"elsewhere and give it here.",
	.example = "plimsoll trail verify\n"
		   "plimsoll trail verify --key \"$(cat /mnt/safe/trail.vkey)\"",
	.opts = verify_options,
	.opts_size = sizeof(struct verify_opts),
	.run = run_verify,
};

static int run_key(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(trail_close) struct trail *t = NULL;
	int r = open_trail(c, &t, e);

	(void)opts, (void)argc, (void)argv;
	return r < 0 ? r : cli_print(c, e, "%s\n", trail_vkey(t));
}

static const struct command trail_key = {
	.name = "key",
	.args = "",
	.brief = "Print the key that verifies the trail's checkpoints",
	.details = "The text is a C2SP verifier key: the log's name, a key id, and the Ed25519 "
		   "public\n"
		   "key. Keep it where whoever can write the trail cannot.",
	.example = "plimsoll trail key > /mnt/safe/trail.vkey",
	.run = run_key,
};

static int run_prove(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(trail_close) struct trail *t = NULL;
	auto_buf proof = BUF_INIT(1024 * 1024);
	uint64_t index;
	int r;

	(void)opts, (void)argc;
	if (str_u64(str_of(argv[0]), UINT64_MAX, &index, e) < 0)
		return FAIL(e, E_USAGE, "'%s' is not the index of an entry", argv[0]);
	if ((r = open_trail(c, &t, e)) < 0 || (r = trail_prove(t, index, &proof, e)) < 0)
		return r;
	return cli_print(c, e, "%s", buf_str(&proof));
}

static const struct command trail_prove_command = {
	.name = "prove",
	.args = "INDEX",
	.brief = "Print a proof that an entry is in the trail, to be checked elsewhere",
	.details =
		"The proof is a C2SP tlog-proof: the hashes from the entry up to the root and the\n"
		"signed checkpoint. With the entry (plimsoll trail show) and the key (plimsoll\n"
		"trail key) anyone can check it without this machine.",
	.example = "plimsoll trail prove 7 > 7.tlog-proof",
	.min_args = 1,
	.max_args = 1,
	.run = run_prove,
};

static const struct command *const trail_subs[] = {
	&trail_show, &trail_verify_command, &trail_key, &trail_prove_command, NULL,
};

const struct command cmd_trail = {
	.name = "trail",
	.group = "Trail",
	.args = "",
	.brief = "Show and verify the audit trail",
	.details = "Every step that plimsoll takes appends one entry to an append-only log, also "
		   "when\n"
		   "it refuses. The log is a Merkle tree with a signed checkpoint, in the form of\n"
		   "C2SP tlog-tiles, under the trail folder of the state folder.",
	.example = "plimsoll trail show --last 5",
	.subs = trail_subs,
};

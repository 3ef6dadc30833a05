/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/build/road.h"
#include "cli/scan/advisories.h"
#include "cli/scan/watch.h"
#include "cli/trust/signing.h"
#include "pipeline/advisories/publish.h"

/* w: what is new for watched images; NULL: nothing could be. */
static int report(struct cli *c, const struct ref *ref, const struct published *p, bool changed,
		  const char *schema, const struct watching *w, struct err *e)
{
	auto_buf full = BUF_INIT(1024);
	char date[RFC3339_MAX];
	int r;

	ref_full(ref, &full);
	clock_rfc3339(p->date, date);
	if (c->json) {
		auto_json *j = json_pack("{ss ss ss ss sI sb}", "schema", schema, "reference",
					 buf_str(&full), "digest", p->manifest.digest.s, "date",
					 date, "size", (json_int_t)p->size, "changed", changed);

		if (!j)
			return FAIL_NOMEM(e);
		return w ? cli_watch_print(c, w, j, e) : cli_print_json(c, j, e);
	}
	if (c->quiet)
		return cli_print(c, e, "%s\n", p->manifest.digest.s);
	r = cli_print(c, e, "%s %s\nadvisories of %s%s\n", buf_str(&full), p->manifest.digest.s,
		      date, changed ? "" : ": nothing new");
	return r < 0 || !w ? r : cli_print_news(c, w, e);
}

struct publish_opts {
	const char *key, *passphrase_file, *expiry;
};

static const struct opt publish_opts[] = {
	SIGNING_OPTIONS(struct publish_opts),
	OPT_AT(struct publish_opts, expiry, "expiry", 'e', OPT_STRING, "DURATION",
	       "the signature ends after this: 15m, 720h, 90d (never)"),
	OPT_END,
};

static int run_publish(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct publish_opts *o = opts;
	struct trust_sign_opts sign = { .key = o->key };
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_road road = { 0 };
	struct published done;
	struct ref ref;
	int r = ref_parse(argv[0], &ref, e);

	(void)argc;
	r = r < 0 ? r : o->expiry ? cli_duration(o->expiry, &sign.expiry, e) : 0;
	r = r < 0 ? r : cli_passphrase(o->passphrase_file, &secret, &sign.passphrase, e);
	r = r < 0 ? r : cli_road(c, argv[0], &road, e);
	r = r < 0 ? r : advisories_publish(&road, &ref, &sign, &done, e);
	return r < 0 ? r : report(c, &ref, &done, true, "plimsoll.publish/v1", NULL, e);
}

const struct command cmd_advisories_publish = {
	.name = "publish",
	.args = "REF",
	.brief = "Sign the compiled advisories and send them to a registry",
	.details = "One host asks the sources; all others fetch what it published, and need no "
		   "network but the registry. The artifact says of when its advisories are, and is "
		   "signed as images are.",
	.example = "plimsoll advisories publish registry.example/security/advisories:latest",
	.opts = publish_opts,
	.opts_size = sizeof(struct publish_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_publish,
};

struct fetch_opts {
	bool force;
};

static const struct opt fetch_opts[] = {
	OPT_AT(struct fetch_opts, force, "force", 'f', OPT_FLAG, NULL,
	       "take them although they are older than those that are here"),
	OPT_END,
};

static int run_fetch(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct fetch_opts *o = opts;
	auto_watching w = { 0 };
	auto_road road = { 0 };
	struct published got;
	bool changed = false;
	struct ref ref;
	int r = ref_parse(argv[0], &ref, e);

	(void)argc;
	r = r < 0 ? r : cli_road(c, argv[0], &road, e);
	r = r < 0 ? r : advisories_fetch(&road, &ref, o->force, &got, &changed, e);
	r = r < 0 ? r : cli_watch(c, &w, e);
	return r < 0 ? r : report(c, &ref, &got, changed, "plimsoll.fetch/v1", &w, e);
}

const struct command cmd_advisories_fetch = {
	.name = "fetch",
	.args = "REF",
	.brief = "Take the advisories that another host published",
	.details = "They replace those that are here, as a whole, when somebody whom the trust "
		   "policy accepts for this repository has signed them. Those that are unsigned, "
		   "signed by others, or older than what is here are refused, and nothing changes. "
		   "Their age is that of their sources where they were published, which --max-age "
		   "looks at.",
	.example = "plimsoll advisories fetch registry.example/security/advisories:latest",
	.opts = fetch_opts,
	.opts_size = sizeof(struct fetch_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_fetch,
};

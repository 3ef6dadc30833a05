/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "cli/trust/trust_tuf.h"
#include "pipeline/tuf/client.h"

/* tuf-client: the command line of the TUF project's client conformance suite. */

struct client_opts {
	const char *metadata_dir, *metadata_url, *target_base_url, *target_dir;
	struct strv target_names;
};

static const struct opt client_options[] = {
	OPT_AT(struct client_opts, metadata_dir, "metadata-dir", 0, OPT_STRING, "DIR",
	       "folder of the metadata that is trusted"),
	OPT_AT(struct client_opts, metadata_url, "metadata-url", 0, OPT_STRING, "URL",
	       "where the repository has its metadata"),
	OPT_AT(struct client_opts, target_names, "target-name", 0, OPT_LIST, "NAME",
	       "download: the target; may be given many times"),
	OPT_AT(struct client_opts, target_base_url, "target-base-url", 0, OPT_STRING, "URL",
	       "download: where the repository has its targets"),
	OPT_AT(struct client_opts, target_dir, "target-dir", 0, OPT_STRING, "DIR",
	       "download: folder that takes the target"),
	OPT_END,
};

static int need(const char *value, const char *option, const char *action, struct err *e)
{
	return value && *value ? 0 : FAIL(e, E_USAGE, "%s needs --%s", action, option);
}

static int need_all(const struct strv *values, const char *option, const char *action,
		    struct err *e)
{
	int r = values->n ? 0 : need(NULL, option, action, e);

	for (size_t i = 0; r == 0 && i < values->n; i++)
		r = need(values->v[i], option, action, e);
	return r;
}

static int run_action(const struct client_opts *o, int argc, char **argv, struct err *e)
{
	const struct tuf_client c = { o->metadata_dir, o->metadata_url };
	const struct tuf_download d = { &o->target_names, o->target_base_url, o->target_dir };
	const char *action = argv[0];
	int r = need(o->metadata_dir, "metadata-dir", action, e);

	if (r < 0)
		return r;
	if (strcmp(action, "init") == 0)
		return argc == 2 ? tuf_client_init(o->metadata_dir, argv[1], e)
				 : FAIL(e, E_USAGE, "init needs the file of a root");
	if (argc != 1 || !has_word("refresh download", action))
		return FAIL(e, E_USAGE, "'%.40s': want init ROOT, refresh or download", action);
	if ((r = need(o->metadata_url, "metadata-url", action, e)) < 0)
		return r;
	if (strcmp(action, "refresh") == 0)
		return tuf_client_refresh(&c, e);
	if ((r = need_all(&o->target_names, "target-name", action, e)) < 0 ||
	    (r = need(o->target_base_url, "target-base-url", action, e)) < 0 ||
	    (r = need(o->target_dir, "target-dir", action, e)) < 0)
		return r;
	return tuf_client_download(&c, &d, e);
}

static int run_client(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	int r = run_action(opts, argc, argv, e);

	if (r < 0 && r != E_USAGE && r != E_SIGNAL)
		c->exit_status = 1; /* what that protocol asks for */
	return r;
}

const struct command trust_tuf_client_command = {
	.name = "tuf-client",
	.args = "init ROOT | refresh | download",
	.brief = "Follow a TUF repository: its metadata, and targets by it",
	.details = "init begins with a root that you trust; refresh takes the metadata in the "
		   "folder to the repository's newest, download does that and then fetches "
		   "targets. Rollback, freeze and mix-and-match are refused, and nothing is "
		   "written that was not verified. The command line is that of the TUF project's "
		   "client conformance suite: a failure exits with 1.",
	.example = "plimsoll trust tuf-client --metadata-dir tuf init root.json\n"
		   "plimsoll trust tuf-client --metadata-dir tuf "
		   "--metadata-url https://tuf.example/metadata refresh",
	.opts = client_options,
	.opts_size = sizeof(struct client_opts),
	.min_args = 1,
	.max_args = 2,
	.run = run_client,
};

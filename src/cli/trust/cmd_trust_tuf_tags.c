/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/trust/signing.h"
#include "cli/trust/trust_tuf.h"
#include "registry/registry.h"

/* trust tuf: what tags mean, and who may say so. */

struct tag_opts {
	const char *role, *passphrase_file;
};

static const struct opt tag_options[] = {
	OPT_AT(struct tag_opts, role, "role", 0, OPT_STRING, "ROLE",
	       "who lists it (the delegated role whose key is here, else targets)"),
	TUF_PASSPHRASE(struct tag_opts),
	OPT_END,
};

/* By digest the registry's bytes, which it names; else what the store has: what a registry calls a
 * tag is not a thing to sign. */
static int find_image(const struct road *road, const struct ref *ref, struct desc *ret,
		      struct err *e)
{
	auto_release(registry_close) struct registry *reg = NULL;
	int r = store_resolve(road->store, ref, ret, e);

	if (r != E_NOTFOUND)
		return r;
	if (!ref->digest.s[0])
		return err_hint(e, r, "plimsoll trust tuf add %s@sha256:…", road->name);
	*e = ERR_INIT;
	r = registry_open(ref, REGISTRY_PULL, road->progress, &reg, e);
	return r < 0 ? r : registry_resolve(reg, ref, ret, e);
}

static int change_tag(struct cli *c, const struct tag_opts *o, const char *name, bool add,
		      struct err *e)
{
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct tuf_tag t = { .role = o->role };
	auto_road road = { 0 };
	struct tuf_versions v;
	struct desc d;
	struct ref ref;
	int r;

	if ((r = cli_passphrase(o->passphrase_file, &secret, &t.passphrase, e)) < 0 ||
	    (r = cli_road(c, name, &road, e)) < 0 || (r = ref_parse(name, &ref, e)) < 0)
		return r;
	if (!ref.host[0])
		return FAIL(e, E_USAGE, "'%s' names no registry", name);
	r = add ? find_image(&road, &ref, &d, e) : 0;
	t.ref = &ref;
	t.d = add ? &d : NULL;
	r = r < 0 ? r : tuf_publish_tag(&road, &t, &v, e);
	return r < 0 ? r : tuf_cli_versions(c, name, &v, e);
}

static int run_add(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)argc;
	return change_tag(c, opts, argv[0], true, e);
}

static int run_remove(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)argc;
	return change_tag(c, opts, argv[0], false, e);
}

const struct command tuf_add_command = {
	.name = "add",
	.args = "REF",
	.brief = "Say what a tag means: list an image as what is newest",
	.details = "ship and push do this by themselves where this host keeps the repository. "
		   "The image is the one in the store, or HOST/NAME:TAG@DIGEST of the registry. An "
		   "older image is a rollback that everybody follows: it is listed by a newer "
		   "version.",
	.example = "plimsoll trust tuf add registry.example/team/web:prod",
	.opts = tag_options,
	.opts_size = sizeof(struct tag_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_add,
};

const struct command tuf_remove_command = {
	.name = "remove",
	.args = "REF",
	.brief = "List a tag no more: nobody who insists on the newest runs it",
	.example = "plimsoll trust tuf remove registry.example/team/web:beta",
	.opts = tag_options,
	.opts_size = sizeof(struct tag_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_remove,
};

/* delegate, undelegate */

struct delegate_opts {
	struct strv key, path;
	uint64_t threshold;
	const char *passphrase_file;
	bool terminating;
};

static const struct opt delegate_options[] = {
	OPT_AT(struct delegate_opts, key, "key", 'k', OPT_LIST, "FILE",
	       "a public key of the role (trust tuf key, or PEM)"),
	OPT_AT(struct delegate_opts, path, "path", 0, OPT_LIST, "GLOB",
	       "of NAME:TAG, which it may list; '*' does not match a '/'"),
	OPT_AT(struct delegate_opts, threshold, "threshold", 0, OPT_U64, "N",
	       "keys that have to sign it (1)"),
	OPT_AT(struct delegate_opts, terminating, "terminating", 0, OPT_FLAG, NULL,
	       "for those paths, no role after it is asked"),
	TUF_PASSPHRASE(struct delegate_opts),
	OPT_END,
};

static int delegation(struct cli *c, struct tuf_delegation *d, const char *passphrase_file,
		      struct err *e)
{
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_road road = { 0 };
	struct tuf_versions v;
	int r;

	if ((r = cli_passphrase(passphrase_file, &secret, &d->passphrase, e)) < 0 ||
	    (r = cli_road(c, d->scope, &road, e)) < 0 ||
	    (r = tuf_publish_delegation(&road, d, &v, e)) < 0)
		return r;
	return tuf_cli_versions(c, d->scope, &v, e);
}

static int run_delegate(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct delegate_opts *o = opts;
	auto_json *keys = json_array();
	struct tuf_delegation d = { .scope = argv[0],
				    .role = argv[1],
				    .keys = keys,
				    .patterns = &o->path,
				    .threshold = o->threshold ? o->threshold : 1,
				    .terminating = o->terminating };
	int r = 0;

	(void)argc;
	if (!o->key.n || !o->path.n)
		return FAIL(e, E_USAGE, "delegate needs --key and --path");
	for (size_t i = 0; r == 0 && i < o->key.n; i++)
		r = tuf_cli_key_file(o->key.v[i], keys, e);
	return r < 0 ? r : delegation(c, &d, o->passphrase_file, e);
}

const struct command tuf_delegate_command = {
	.name = "delegate",
	.args = "SCOPE ROLE",
	.brief = "Let the holders of other keys say what some tags mean",
	.details = "The role's file is made at once when its key is on this host. Until it is "
		   "there, what is delegated to it is refused.",
	.example = "plimsoll trust tuf delegate --key web-team.json --path 'team/web:*' "
		   "registry.example/team/ web-team",
	.opts = delegate_options,
	.opts_size = sizeof(struct delegate_opts),
	.min_args = 2,
	.max_args = 2,
	.run = run_delegate,
};

static int run_undelegate(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct tag_opts *o = opts;
	struct tuf_delegation d = { .scope = argv[0], .role = argv[1] };

	(void)argc;
	return delegation(c, &d, o->passphrase_file, e);
}

static const struct opt undelegate_options[] = {
	TUF_PASSPHRASE(struct tag_opts),
	OPT_END,
};

const struct command tuf_undelegate_command = {
	.name = "undelegate",
	.args = "SCOPE ROLE",
	.brief = "Let a role list nothing more",
	.example = "plimsoll trust tuf undelegate registry.example/team/ web-team",
	.opts = undelegate_options,
	.opts_size = sizeof(struct tag_opts),
	.min_args = 2,
	.max_args = 2,
	.run = run_undelegate,
};

static const struct command *const subs[] = {
	&tuf_init_command,     &tuf_status_command,	&tuf_add_command,
	&tuf_remove_command,   &tuf_publish_command,	&tuf_timestamp_command,
	&tuf_refresh_command,  &tuf_trust_command,	&tuf_forget_command,
	&tuf_delegate_command, &tuf_undelegate_command, &tuf_key_command,
	&tuf_root_command,     &tuf_rotate_command,	&tuf_export_command,
	&tuf_sign_command,     &tuf_import_command,	NULL,
};

const struct command trust_tuf_command = {
	.name = "tuf",
	.args = "",
	.brief = "What is the newest: a TUF repository for tags, beside the images",
	.details =
		"A signature says who made an image, not that it is the newest. A TUF repository "
		"says what each tag means now; a host that trusts its root refuses all else: "
		"an old image under the tag, metadata that stands still, a tag that was "
		"removed. Its metadata lies in the registry, as one artifact.",
	.example = "plimsoll trust tuf init registry.example/team/\n"
		   "plimsoll trust tuf publish registry.example/team/\n"
		   "plimsoll trust tuf export registry.example/team/ > root.json",
	.subs = subs,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/images.h"

struct push_opts {
	bool no_referrers;
};

/* Where to: the second argument, else the image's own name. */
static int destination(int argc, char **argv, const struct ref *source, struct ref *ret,
		       struct err *e)
{
	int r = 0;

	if (argc > 1)
		r = ref_parse(argv[1], ret, e);
	else
		*ret = *source;
	if (r < 0)
		return r;
	if (!ret->host[0])
		return err_hint(e,
				FAIL(e, E_USAGE, "'%s' names no registry", argv[argc > 1 ? 1 : 0]),
				"plimsoll push %s HOST[:PORT]/%s", argv[0],
				ret->name[0] ? ret->name : "NAME:TAG");
	return 0;
}

/* What refers to the image; of an index, also what refers to its image for this machine. */
static int push_referrers(struct cli *c, struct registry *reg, struct store *s,
			  const struct desc *d, const char *name, size_t *ret_n, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc at;
	size_t more = 0;
	int r = registry_push_referrers(reg, s, &d->digest, name, c->progress, ret_n, e);

	if (r < 0 || !desc_is_index(d))
		return r;
	if (store_manifest(s, d, &m, &at, NULL) < 0)
		return 0; /* an index without an image for this machine */
	r = registry_push_referrers(reg, s, &at.digest, name, c->progress, &more, e);
	*ret_n += more;
	return r;
}

static int report(struct cli *c, const struct ref *to, const struct desc *d, size_t referrers,
		  struct err *e)
{
	auto_buf full = BUF_INIT(LIMIT_REF + 128);
	auto_json *j = NULL;
	int r;

	ref_full(to, &full);
	if (!c->json)
		return cli_print(c, e, "%s\n", d->digest.s);
	j = desc_json(d);
	if (!j)
		return FAIL_NOMEM(e);
	r = json_put_string(j, "schema", "plimsoll.push/v1", e);
	if (r == 0)
		r = json_put_string(j, "reference", buf_str(&full), e);
	if (r == 0)
		r = json_put_u64(j, "referrers", referrers, e);
	return r < 0 ? r : cli_print_json(c, j, e);
}

static int run_push(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct push_opts *o = opts;
	auto_release(store_close) struct store *s = NULL;
	auto_release(registry_close) struct registry *reg = NULL;
	struct ref from, to;
	struct desc d;
	size_t referrers = 0;
	int r = cli_store(c, &s, e);

	if (r == 0)
		r = store_lookup(s, argv[0], &from, &d, e);
	if (r == 0)
		r = destination(argc, argv, &from, &to, e);
	if (r == 0 && to.digest.s[0] && !digest_eq(&to.digest, &d.digest))
		r = FAIL(e, E_USAGE, "'%s' is %s, not what the destination names", argv[0],
			 d.digest.s);
	if (r == 0)
		r = registry_open(to.host, &reg, e);
	if (r == 0 && strcmp(from.host, to.host) == 0 && from.name[0])
		r = registry_mount_from(reg, from.name, e);
	if (r == 0)
		r = registry_push(reg, s, &d, to.name, to.tag[0] ? to.tag : NULL, c->progress, e);
	if (r == 0 && !o->no_referrers)
		r = push_referrers(c, reg, s, &d, to.name, &referrers, e);
	return r < 0 ? r : report(c, &to, &d, referrers, e);
}

static const struct opt push_opts[] = {
	OPT_AT(struct push_opts, no_referrers, "no-referrers", 0, OPT_FLAG, NULL,
	       "leave signatures and other referrers here"),
	OPT_END,
};

const struct command cmd_push = {
	.name = "push",
	.group = "Registry",
	.args = "REF [DEST-REF]",
	.brief = "Send an image, its signatures and what else refers to it to a registry",
	.details =
		"Blobs that the registry has are not sent again. The digest is printed. Plain HTTP "
		"is spoken only to this machine; everywhere else TLS is verified, with the "
		"system's certificates and /etc/docker/certs.d/HOST[:PORT]/*.crt.",
	.example = "plimsoll push 127.0.0.1:5000/web:1\n"
		   "plimsoll push web:1 registry.example/team/web:1",
	.opts = push_opts,
	.opts_size = sizeof(struct push_opts),
	.min_args = 1,
	.max_args = 2,
	.run = run_push,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/build/road.h"
#include "cli/registry/login.h"
#include "cli/trust/signing.h"
#include "pipeline/outfile.h"
#include "pipeline/steps.h"
#include "pipeline/tuf/publish.h"

struct push_options {
	bool no_referrers;
	const char *passphrase_file, *authfile, *digestfile;
};

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

/* Where this host keeps a TUF repository for it. */
static int publish_newest(struct road *road, const char *name, const struct ref *to,
			  const char *passphrase, struct err *e)
{
	struct road at = *road;

	at.name = name;
	return tuf_publish_pushed(&at, to, passphrase, e);
}

static int run_push(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct push_options *o = opts;
	struct push_opts po = { .no_referrers = o->no_referrers };
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	const char *passphrase;
	auto_road road = { 0 };
	struct ref from, to;
	size_t referrers = 0;
	int r = cli_passphrase(o->passphrase_file, &secret, &passphrase, e);

	r = r < 0 ? r : outfile_check(o->digestfile, e);
	r = r < 0 ? r : cli_use_authfile(o->authfile, e);
	r = r < 0 ? r : cli_road(c, argv[0], &road, e);
	if (r == 0)
		r = store_lookup(road.store, argv[0], &from, &road.image, e);
	if (r == 0 && argc > 1)
		r = ref_parse(without_transport(argv[1]), &to, e);
	else if (r == 0)
		to = from;
	if (r == 0 && from.name[0] && strcmp(from.host, to.host) == 0)
		po.mount_from = from.name;
	if (r == 0)
		r = step_push(&road, &to, &po, &referrers, e);
	if (r == 0)
		r = publish_newest(&road, argc > 1 ? without_transport(argv[1]) : argv[0], &to,
				   passphrase, e);
	if (r == 0 && o->digestfile)
		r = outfile_write(o->digestfile, road.image.digest.s, strlen(road.image.digest.s),
				  e);
	return r < 0 ? r : report(c, &to, &road.image, referrers, e);
}

static const struct opt push_options[] = {
	OPT_AT(struct push_options, no_referrers, "no-referrers", 0, OPT_FLAG, NULL,
	       "leave signatures and other referrers here"),
	OPT_AT(struct push_options, passphrase_file, "passphrase-file", 0, OPT_STRING, "FILE",
	       "passphrase of the TUF keys, from FILE or from descriptor N for fd:N"),
	OPT_AT(struct push_options, digestfile, "digestfile", 0, OPT_STRING, "FILE",
	       "write the digest to FILE, too"),
	OPT_AT(struct push_options, authfile, "authfile", 0, OPT_STRING, "FILE", AUTHFILE_HELP),
	OPT_END,
};

const struct command cmd_push = {
	.name = "push",
	.group = "Registry",
	.args = "REF [DEST-REF]",
	.brief = "Send an image, its signatures and what else refers to it to a registry",
	.details =
		"Blobs that the registry has are not sent again. The digest is printed. Plain HTTP "
		"is spoken only to this machine, and to what registries.conf calls insecure; "
		"everywhere else TLS is verified, with the system's certificates and "
		"certs.d/HOST[:PORT]/*.crt in /etc/containers and /etc/docker. Where this host "
		"keeps a TUF repository (trust tuf), its metadata lists the image last.",
	.example = "plimsoll push 127.0.0.1:5000/web:1\n"
		   "plimsoll push web:1 registry.example/team/web:1",
	.opts = push_options,
	.opts_size = sizeof(struct push_options),
	.min_args = 1,
	.max_args = 2,
	.run = run_push,
};

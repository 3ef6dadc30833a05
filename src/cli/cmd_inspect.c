/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/images.h"
#include "cli/login.h"
#include "cli/road.h"

#define NOTATION_TYPE "application/vnd.cncf.notary.signature"

/* Layers with the digest of their tar and the instruction that made each. */
static int layers_json(const struct manifest *m, const struct config *config, json_t **ret,
		       struct err *e)
{
	auto_json *list = json_array();

	if (!list)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < m->layers_n; i++) {
		json_t *j = desc_json(&m->layers[i]);
		int r = j ? json_array_append_new(list, j) : -1;

		if (r < 0)
			return FAIL_NOMEM(e);
		if (i < config->diff_ids_n)
			r = json_put_string(j, "diffID", config->diff_ids[i].s, e);
		if (r == 0)
			r = json_put_string(j, "createdBy", config_layer_instruction(config, i), e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(list);
	return 0;
}

static int count_signatures(const json_t *referrers)
{
	json_t *entry;
	size_t i;
	int n = 0;

	json_array_foreach(referrers, i, entry)
	{
		const char *type = json_string_or_null(entry, "artifactType");

		n += type && strcmp(type, NOTATION_TYPE) == 0;
	}
	return n;
}

/* What refers to the image and, when it was picked from an index, to that index. */
static int referrers_json(const struct store *s, const struct desc *asked, const struct desc *at,
			  json_t **ret, struct err *e)
{
	auto_json *list = NULL;
	auto_json *more = NULL;
	int r = store_referrers(s, &asked->digest, NULL, &list, e);

	if (r == 0 && !digest_eq(&asked->digest, &at->digest))
		r = store_referrers(s, &at->digest, NULL, &more, e);
	if (r == 0 && more && json_array_extend(list, more) < 0)
		r = FAIL_NOMEM(e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

/* bare: of a registry's image no configuration is fetched. */
static int add_image(const struct store *s, const struct desc *d, bool bare, json_t *j,
		     struct err *e)
{
	auto_manifest m = { 0 };
	auto_config config = { 0 };
	struct desc at;
	json_t *layers = NULL, *referrers = NULL;
	int r = store_manifest(s, d, &m, &at, e), n = 0;

	if (r == 0 && !bare &&
	    !m.artifact_type[0]) /* a signature's configuration is an empty object */
		r = store_config(s, &m, &config, e);
	if (r == 0)
		r = layers_json(&m, &config, &layers, e);
	if (r == 0)
		r = json_put(j, "layers", layers, e);
	if (r == 0)
		r = referrers_json(s, d, &at, &referrers, e);
	if (r < 0)
		return r;
	n = count_signatures(referrers);
	if ((r = json_put(j, "referrers", referrers, e)) < 0 ||
	    (r = json_put_u64(j, "signatures", (uint64_t)n, e)) < 0 ||
	    (r = json_put(j, "manifest", json_incref(m.json), e)) < 0 ||
	    (config.json && (r = json_put(j, "config", json_incref(config.json), e)) < 0))
		return r;
	if (desc_is_index(d))
		r = json_put_string(j, "platformDigest", at.digest.s, e);
	return r;
}

static int run_inspect(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const bool remote = without_transport(argv[0]) != argv[0];
	auto_buf name = BUF_INIT(LIMIT_REF + 128);
	auto_road road = { 0 };
	auto_json *j = NULL;
	struct ref ref;
	struct desc d;
	int r = cli_road(c, argv[0], &road, e);

	(void)opts, (void)argc;
	if (r == 0)
		r = remote ? cli_look(&road, &ref, e)
			   : store_lookup(road.store, argv[0], &ref, &road.image, e);
	if (r < 0)
		return r;
	d = road.image;
	if (c->quiet && !c->json)
		return cli_print(c, e, "%s\n", d.digest.s);
	if (ref.name[0])
		ref_stored(&ref, &name);
	j = json_object();
	if ((r = json_put_string(j, "schema", "plimsoll.inspect/v1", e)) < 0 ||
	    (r = json_put_string(j, "reference", ref.name[0] ? buf_str(&name) : NULL, e)) < 0 ||
	    (r = json_put_string(j, "digest", d.digest.s, e)) < 0 ||
	    (r = json_put_string(j, "mediaType", d.media_type, e)) < 0 ||
	    (r = json_put_u64(j, "size", d.size, e)) < 0)
		return r;
	r = add_image(road.store, &d, remote, j, e);
	return r < 0 ? WRAP(e, r, "inspect %s", argv[0]) : cli_print_json(c, j, e);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.group = "Images",
	.args = "REF",
	.brief = "Show an image: manifest, configuration, layers, signatures",
	.details = "Always JSON. REF is a name, a digest, or the beginning of a digest. Every byte "
		   "shown was checked against its digest. With --quiet only the digest is printed. "
		   "docker://REF is what a registry has now: all but the configuration, and the "
		   "store gets no name of it.",
	.example = "plimsoll inspect web:1\n"
		   "plimsoll inspect -q docker://registry.example/team/web:1",
	.min_args = 1,
	.max_args = 1,
	.run = run_inspect,
};

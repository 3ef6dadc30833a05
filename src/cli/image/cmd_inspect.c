/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/build/road.h"
#include "cli/container/container_inspect.h"
#include "cli/container/containers.h"
#include "cli/container/volumes.h"
#include "cli/image/images.h"
#include "cli/registry/login.h"
#include "cli/template.h"

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

struct inspect_opts {
	bool latest;
	const char *type, *format;
	bool size;
};

static int inspect_image(struct cli *c, const char *name, bool bare_quiet, json_t **ret,
			 struct err *e)
{
	const bool remote = without_transport(name) != name;
	auto_buf stored = BUF_INIT(LIMIT_REF + 128);
	auto_road road = { 0 };
	auto_json *j = NULL;
	struct ref ref;
	struct desc d;
	int r = cli_road(c, name, &road, e);

	if (r == 0)
		r = remote ? cli_look(&road, &ref, e)
			   : store_lookup(road.store, name, &ref, &road.image, e);
	if (r < 0)
		return r;
	d = road.image;
	j = json_object();
	if (ref.name[0])
		ref_stored(&ref, &stored);
	if ((r = json_put_string(j, "schema", "plimsoll.inspect/v1", e)) < 0 ||
	    (r = json_put_string(j, "reference", ref.name[0] ? buf_str(&stored) : NULL, e)) < 0 ||
	    (r = json_put_string(j, "digest", d.digest.s, e)) < 0 ||
	    (r = json_put_string(j, "mediaType", d.media_type, e)) < 0 ||
	    (r = json_put_u64(j, "size", d.size, e)) < 0)
		return r;
	if (!bare_quiet)
		r = add_image(road.store, &d, remote, j, e);
	if (r == 0)
		*ret = TAKE(j);
	return r < 0 ? WRAP(e, r, "inspect %s", name) : 0;
}

/* E_NOTFOUND: no container is called so. */
static int inspect_container(struct cli *c, const char *name, bool size, json_t **ret,
			     struct err *e)
{
	auto_container found = CONTAINER_INIT;
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = container_find(state, name, &found, e);
	return r == 0 ? container_inspect(&found, size, ret, e) : r;
}

/* A container before an image, as for docker. */
static int inspect_one(struct cli *c, const char *name, const struct inspect_opts *o,
		       bool *ret_image, json_t **ret, struct err *e)
{
	const bool any = !o->type || strcmp(o->type, "all") == 0;
	struct err why = ERR_INIT;
	int r = E_NOTFOUND;

	*ret_image = false;
	if (any || strcmp(o->type, "container") == 0)
		r = inspect_container(c, name, o->size, ret, &why);
	if (any && (r == E_NOTFOUND || r == E_USAGE)) {
		*ret_image = true;
		r = inspect_image(c, name, c->quiet && !c->json, ret, e);
		if (r == E_NOTFOUND)
			return err_hint(
				e, FAIL(e, r, "no container and no image is called '%s'", name),
				"plimsoll ps --all, or plimsoll images");
		return r;
	}
	if (r == E_NOTFOUND && o->type && strcmp(o->type, "image") == 0) {
		*ret_image = true;
		return inspect_image(c, name, c->quiet && !c->json, ret, e);
	}
	if (r < 0)
		*e = why;
	return r;
}

static int inspect_volume(struct cli *c, char *name, json_t **ret, struct err *e)
{
	auto_json *list = NULL;
	int r = volume_describe_all(c, &name, 1, &list, e);

	if (r == 0)
		*ret = json_incref(json_array_get(list, 0));
	return r;
}

static int print_one(struct cli *c, struct rows *rows, const json_t *j, bool image, struct err *e)
{
	auto_json *words = NULL;
	int r;

	if (rows->template) {
		r = image ? image_words(j, &words, e) : 0;
		return r == 0 ? format_rows_add(rows, words ?: j, e) : r;
	}
	return cli_print(c, e, "%s\n", json_string_or_null(j, image ? "digest" : "Id") ?: "");
}

static int run_inspect(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct inspect_opts *o = opts;
	auto_json *all = json_array();
	char newest[CONTAINER_ID + 1], *id = newest;
	auto_rows rows = { 0 };
	bool image = false;
	int r = format_rows_begin(c, o->format, &rows, e);

	if (r == 0 && o->latest == (argc > 0))
		r = FAIL(e, E_USAGE,
			 o->latest ? "--latest and names do not go together" : "want a name");
	if (r == 0 && o->latest) {
		r = cli_latest(c, newest, e);
		argv = &id;
		argc = 1;
	}
	if (r == 0 && o->type && !has_word("container image volume all", o->type))
		r = FAIL(e, E_USAGE, "--type is container, image or volume, not '%s'", o->type);
	for (int i = 0; r == 0 && i < argc; i++) {
		auto_json *j = NULL;

		r = o->type && strcmp(o->type, "volume") == 0
			    ? inspect_volume(c, argv[i], &j, e)
			    : inspect_one(c, argv[i], o, &image, &j, e);
		if (r == 0 && (rows.template || (c->quiet && !c->json)))
			r = print_one(c, &rows, j, image, e);
		else if (r == 0)
			r = json_push(all, TAKE(j), e);
	}
	if (r < 0 || rows.template || (c->quiet && !c->json))
		return r < 0 ? r : format_rows_end(&rows, e);
	/* One image is an object of our own; containers are docker's list. */
	return cli_print_json(c, argc == 1 && image ? json_array_get(all, 0) : all, e);
}

static const struct opt inspect_table[] = {
	OPT_AT(struct inspect_opts, format, "format", 'f', OPT_STRING, "FORMAT",
	       "json (default), or a template: '{{.State.Status}}'"),
	OPT_AT(struct inspect_opts, latest, "latest", 'l', OPT_FLAG, NULL, "the newest container"),
	OPT_AT(struct inspect_opts, size, "size", 's', OPT_FLAG, NULL,
	       "with what a container has written to a root of its own"),
	OPT_AT(struct inspect_opts, type, "type", 0, OPT_STRING, "TYPE",
	       "container, image or volume (default: what is called so, a container before an "
	       "image)"),
	OPT_END,
};

const struct command cmd_inspect = {
	.name = "inspect",
	.group = "Images",
	.args = "NAME...",
	.brief = "Show containers, or an image: manifest, configuration, layers, signatures",
	.details =
		"Always JSON. NAME is that of a container or image, an id or digest, or the "
		"beginning of one. Of an image every byte shown was checked against its digest; "
		"docker://REF is what a registry has now: all but the configuration, and the "
		"store gets no name of it. Templates of images have docker's words, too: Id (the "
		"digest), RepoTags, RepoDigests, Created, Architecture, Os, Size, Config, "
		"RootFS. Of containers it is a list with docker's words, and "
		"what only plimsoll knows (digest, admission, what was refused) in the member "
		"Plimsoll. With --quiet only digests or ids are printed.",
	.example = "plimsoll inspect web:1\n"
		   "plimsoll inspect -f '{{.State.ExitCode}}' web\n"
		   "plimsoll inspect -q docker://registry.example/team/web:1",
	.opts = inspect_table,
	.opts_size = sizeof(struct inspect_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_inspect,
};

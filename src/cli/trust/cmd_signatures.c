/* SPDX-License-Identifier: Apache-2.0 */
/* What there is of signatures and attestations, by its digest; who made it is for verify to say. */
#include "cli/build/road.h"
#include "cli/registry/login.h"
#include "trust/sigstore/tag.h"

struct signatures_opts {
	const char *authfile;
};

static const struct opt signatures_options[] = {
	OPT_AT(struct signatures_opts, authfile, "authfile", 0, OPT_STRING, "FILE", AUTHFILE_HELP),
	OPT_END,
};

static int add(json_t *list, const char *digest, const struct digest *of, const char *type,
	       const char *about, size_t n, struct err *e)
{
	return json_push(list,
			 json_pack("{s:s?, s:s, s:s?, s:s*, s:I}", "digest", digest, "subject",
				   of->s, "type", type, "predicateType", about, "count",
				   (json_int_t)n),
			 e);
}

static int add_referrers(const struct store *s, const struct digest *of, json_t *list,
			 struct err *e)
{
	auto_json *found = NULL;
	const json_t *o;
	size_t i;
	int r = store_referrers(s, of, NULL, &found, e);

	json_array_foreach(found, i, o)
	{
		const json_t *notes = json_object_get(o, "annotations");

		r = r < 0 ? r
			  : add(list, json_string_or_null(o, "digest"), of,
				json_string_or_null(o, "artifactType"),
				json_string_or_null(notes, "dev.sigstore.bundle.predicateType"), 1,
				e);
	}
	return r;
}

/* Of one tag of cosign's, all in one manifest. */
static int add_tag(const struct store *s, const struct ref *ref, const struct digest *of,
		   enum cosign_kind kind, json_t *list, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc d;
	size_t left = 0;
	int r;

	if (!ref->name[0]) /* it was named by its digest alone */
		return 0;
	r = cosign_load(s, ref, of, kind, &m, &left, &d, e);
	if (r < 0)
		return r == E_NOTFOUND ? 0 : r;
	return add(list, d.digest.s, of, cosign_artifact_type(kind), NULL, m.layers_n + left, e);
}

static int add_all(const struct store *s, const struct ref *ref, const struct digest *of,
		   json_t *list, struct err *e)
{
	int r = add_referrers(s, of, list, e);

	for (int k = 0; r == 0 && k < COSIGN_KINDS; k++)
		r = add_tag(s, ref, of, (enum cosign_kind)k, list, e);
	return r;
}

/* Of the image, and of an index that of this machine's, too. */
static int collect(const struct road *road, const struct ref *ref, json_t *list, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc at;
	int r = add_all(road->store, ref, &road->image.digest, list, e);

	if (r < 0 || !desc_is_index(&road->image) ||
	    store_manifest(road->store, &road->image, &m, &at, NULL) < 0)
		return r;
	return add_all(road->store, ref, &at.digest, list, e);
}

static int print_table(struct cli *c, const json_t *list, struct err *e)
{
	static const char *const headings[] = { "DIGEST", "OF", "TYPE", "SAYS" };
	auto_release(table_free) struct table *t = NULL;
	const json_t *o;
	size_t i;
	int r = table_new(&t, headings, 4, e);

	json_array_foreach(list, i, o)
	{
		const char *cells[] = { json_string_or_null(o, "digest"), NULL,
					json_string_or_null(o, "type"),
					json_string_or_null(o, "predicateType") };
		char of[20];

		(void)snprintf(of, sizeof(of), "%.19s", json_string_or_null(o, "subject"));
		cells[1] = of;
		r = r < 0 ? r : table_row(t, cells, e);
	}
	return r < 0 ? r : cli_print_table(c, t, e);
}

static int print(struct cli *c, const struct road *road, json_t *list, struct err *e)
{
	auto_json *j = NULL;
	const json_t *o;
	size_t i;
	int r = 0;

	if (c->json) {
		j = json_pack("{s:s, s:s, s:s, s:O}", "schema", "plimsoll.signatures/v1",
			      "reference", road->name, "digest", road->image.digest.s, "signatures",
			      list);
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	if (!c->quiet)
		return print_table(c, list, e);
	json_array_foreach(list, i, o)
	{
		r = r < 0 ? r : cli_print(c, e, "%s\n", json_string_or_null(o, "digest"));
	}
	return r;
}

static int run_signatures(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct signatures_opts *o = opts;
	auto_json *list = json_array();
	auto_road road = { 0 };
	struct ref ref;
	int r = list ? cli_use_authfile(o->authfile, e) : FAIL_NOMEM(e);

	(void)argc;
	if (r == 0)
		r = cli_road(c, argv[0], &road, e);
	if (r == 0)
		r = cli_look(&road, &ref, e);
	if (r == 0)
		r = collect(&road, &ref, list, e);
	return r < 0 ? r : print(c, &road, list, e);
}

const struct command cmd_signatures = {
	.name = "signatures",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "List an image's signatures, attestations and other referrers",
	.details = "Of an image that is here, else of its registry's; docker://REF asks the "
		   "registry in any case. Of an index, those of this machine's image are listed, "
		   "too. Nothing is checked and nothing recorded: 'plimsoll policy check' says of "
		   "each whether it counts, and why.",
	.example = "plimsoll signatures registry.example/team/web:1\n"
		   "plimsoll signatures -q docker://registry.example/team/web:1",
	.opts = signatures_options,
	.opts_size = sizeof(struct signatures_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_signatures,
};

/* As notation calls it. */
const struct command cmd_list = {
	.name = "list",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "List an image's signatures: 'plimsoll signatures'",
	.hidden = true,
	.opts = signatures_options,
	.opts_size = sizeof(struct signatures_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_signatures,
};

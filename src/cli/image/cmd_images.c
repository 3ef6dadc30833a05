/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/table.h"
#include "cli/image/images.h"
#include "cli/image/images_filter.h"
#include "cli/template.h"
#include "trust/sigstore/tag.h"

struct images_opts {
	bool full, all, digests;
	struct strv filter;
	const char *format;
};

static const struct opt images_options[] = {
	OPT_AT(struct images_opts, filter, "filter", 'f', OPT_LIST, "NAME=VALUE",
	       "only of this reference=PATTERN, label=KEY[=VALUE], id, until=TIME, or made before "
	       "or "
	       "since that image; dangling=true: none, for each has a name"),
	OPT_AT(struct images_opts, full, "no-trunc", 0, OPT_FLAG, NULL, "show digests in full"),
	OPT_ALWAYS(struct images_opts, digests, "digests", 0, "show digests, which is so anyway"),
	OPT_ALWAYS(struct images_opts, all, "all", 'a', "no image is hidden, so it is always"),
	OPT_AT(struct images_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "table (default), json, or a template: '{{.Repository}}:{{.Tag}}'"),
	OPT_END,
};

enum { SHORT_ID = 12, DIGEST_TEXT = 200 };

/* What is listed, and how. */
struct listing {
	struct cli *c;
	const struct store *s;
	const struct images_opts *o;
	struct images_filters filters;
	struct rows rows;
	struct table *t;
	json_t *list;
};

/* "HOST/NAME:TAG" or "HOST/NAME@DIGEST" in its two halves. */
static void split_name(const char *name, struct image_row *row)
{
	const char *at = strchr(name, '@'), *slash = strrchr(name, '/');
	const char *colon = at ? NULL : strrchr(slash ? slash : name, ':');
	const char *end = at ? at : colon;

	(void)snprintf(row->repository, sizeof(row->repository), "%.*s",
		       end ? (int)(end - name) : (int)strlen(name), name);
	(void)snprintf(row->tag, sizeof(row->tag), "%s", colon ? colon + 1 : "<none>");
}

static void read_image(const struct store *s, struct image_row *row)
{
	auto_manifest m = { 0 };
	auto_config config = { 0 };
	const char *created;

	row->damaged = store_manifest(s, &row->d, &m, NULL, NULL) < 0 ||
		       store_config(s, &m, &config, NULL) < 0;
	if (row->damaged)
		return;
	row->size = m.config.size;
	for (size_t i = 0; i < m.layers_n; i++)
		row->size += m.layers[i].size;
	row->labels =
		json_incref(json_object_get(json_object_get(config.json, "config"), "Labels"));
	created = json_string_or_null(config.json, "created");
	if (!created || clock_parse_rfc3339(str_of(created), &row->created, NULL) < 0)
		row->created = 0;
}

static int add_table(struct table *t, const struct image_row *row, bool full, struct err *e)
{
	char digest[sizeof(row->d.digest.s)], created[32] = "-", size[16] = "-";
	const char *const cells[] = { row->repository, row->tag, digest, created, size };

	(void)snprintf(digest, sizeof(digest), "%.*s", full ? -1 : 19, row->d.digest.s);
	if (row->created)
		age_human(clock_now() - row->created, created);
	if (row->damaged)
		(void)snprintf(size, sizeof(size), "damaged");
	else
		size_human(row->size, size);
	return table_row(t, cells, e);
}

static int add_json(json_t *list, const struct image_row *row, struct err *e)
{
	auto_json *j = json_object();
	char created[RFC3339_MAX];
	int r;

	clock_rfc3339(row->created, created);
	if ((r = json_put_string(j, "repository", row->repository, e)) < 0 ||
	    (r = json_put_string(j, "tag", row->tag[0] == '<' ? NULL : row->tag, e)) < 0 ||
	    (r = json_put_string(j, "digest", row->d.digest.s, e)) < 0 ||
	    (r = json_put_string(j, "mediaType", row->d.media_type, e)) < 0 ||
	    (r = json_put_string(j, "created", row->created ? created : NULL, e)) < 0)
		return r;
	r = row->damaged ? json_put(j, "damaged", json_true(), e)
			 : json_put_u64(j, "size", row->size, e);
	return r < 0 ? r : json_push(list, TAKE(j), e);
}

/* In docker's words. */
static int add_template(struct listing *l, const struct image_row *row, struct err *e)
{
	const char *id = row->d.digest.s + (l->o->full ? 0 : strlen("sha256:"));
	char since[32] = "N/A", at[RFC3339_MAX] = "", size[16];
	auto_json *j = NULL;

	if (row->created) {
		age_human(clock_now() - row->created, since);
		clock_rfc3339(row->created, at);
	}
	size_human(row->size, size);
	j = json_pack("{s:s, s:s, s:s, s:s%, s:s, s:s, s:s, s:s, s:s, s:O*}", "Repository",
		      row->repository, "Tag", row->tag, "Digest", row->d.digest.s, "ID", id,
		      strnlen(id, l->o->full ? DIGEST_TEXT : SHORT_ID), "CreatedSince", since,
		      "CreatedAt", at, "Created", at, "Size", size, "VirtualSize", size, "Labels",
		      row->labels);
	return j ? format_rows_add(&l->rows, j, e)
		 : FAIL(e, E_FORMAT, "'%s' is not UTF-8", row->repository);
}

static int add_row(struct listing *l, const json_t *entry, struct err *e)
{
	const char *name =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
	struct cli *c = l->c;
	auto_image_row row = { 0 };
	int r;

	if (!name)
		return 0; /* a signature or another referrer: inspect shows it */
	split_name(name, &row);
	if (cosign_is_tag(row.tag))
		return 0; /* cosign's signatures and attestations of an image */
	r = desc_parse(entry, "index.json", &row.d, e);
	if (r < 0)
		return r;
	read_image(l->s, &row);
	if (!images_match(&l->filters, &row))
		return 0;
	if (c->quiet && !c->json)
		return cli_print(c, e, "%s\n", row.d.digest.s);
	if (l->rows.template)
		return add_template(l, &row, e);
	return c->json ? add_json(l->list, &row, e) : add_table(l->t, &row, l->o->full, e);
}

static int print_images(struct listing *l, struct err *e)
{
	struct cli *c = l->c;
	auto_json *j = NULL;

	if (l->rows.template)
		return c->quiet ? 0 : format_rows_end(&l->rows, e);
	if (!c->json)
		return c->quiet ? 0 : cli_print_table(c, l->t, e);
	j = json_pack("{s:s, s:O}", "schema", "plimsoll.images/v1", "images", l->list);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int list_images(struct listing *l, struct err *e)
{
	auto_json *entries = NULL;
	json_t *entry;
	size_t i;
	int r = images_filters_find(l->s, &l->filters, e);

	if (r == 0)
		r = store_list(l->s, &entries, e);
	json_array_foreach(entries, i, entry)
	{
		if (r == 0)
			r = add_row(l, entry, e);
	}
	return r < 0 ? r : print_images(l, e);
}

static int run_images(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "REPOSITORY", "TAG", "DIGEST", "CREATED", "SIZE" };
	auto_release(store_close) struct store *s = NULL;
	auto_release(table_free) struct table *t = NULL;
	auto_json *list = json_array();
	struct listing l = { .c = c, .o = opts, .list = list };
	int r = list ? images_filters_parse(&l.o->filter, argc ? argv[0] : NULL, &l.filters, e)
		     : FAIL_NOMEM(e);

	if (r == 0)
		r = format_rows_begin(c, l.o->format, &l.rows, e);
	if (r == 0)
		r = cli_store(c, &s, e);
	if (r == 0)
		r = table_new(&t, headings, sizeof(headings) / sizeof(*headings), e);
	l.s = s;
	l.t = t;
	if (r == 0)
		r = list_images(&l, e);
	format_rows_free(&l.rows);
	return r;
}

/* Under three names: images, image ls, image list. */
#define IMAGES_COMMAND                                                                             \
	.args = "[REPOSITORY[:TAG]]", .brief = "List the images in the state folder",              \
	.details =                                                                                 \
		"SIZE is that of the compressed layers and the configuration. With --quiet only "  \
		"digests are printed. A reference is a pattern of the shell's: 'web:*'. "          \
		"Templates know Repository, Tag, ID, Digest, CreatedSince, CreatedAt, Size and "   \
		"Labels.",                                                                         \
	.example = "plimsoll images\nplimsoll images web\nplimsoll images --no-trunc\n"            \
		   "plimsoll images --filter 'reference=web:*' --format '{{.ID}}'",                \
	.opts = images_options, .max_args = 1, .opts_size = sizeof(struct images_opts),            \
	.run = run_images

const struct command cmd_images = { .name = "images", .group = "Images", IMAGES_COMMAND };
const struct command cmd_image_ls = { .name = "ls", IMAGES_COMMAND };
const struct command cmd_image_list = { .name = "list", IMAGES_COMMAND };

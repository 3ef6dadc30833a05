/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/table.h"
#include "cli/image/images.h"
#include "trust/sigstore/tag.h"

struct images_opts {
	bool full;
};

static const struct opt images_options[] = {
	OPT_AT(struct images_opts, full, "no-trunc", 0, OPT_FLAG, NULL, "show digests in full"),
	OPT_END,
};

/* One named image. */
struct row {
	char repository[LIMIT_REF + 1], tag[132];
	struct desc d;
	int64_t created; /* 0: unknown */
	uint64_t size;	 /* of configuration and layers as stored */
	bool damaged;	 /* its manifest or configuration cannot be read */
};

/* "HOST/NAME:TAG" or "HOST/NAME@DIGEST" in its two halves. */
static void split_name(const char *name, struct row *row)
{
	const char *at = strchr(name, '@'), *slash = strrchr(name, '/');
	const char *colon = at ? NULL : strrchr(slash ? slash : name, ':');
	const char *end = at ? at : colon;

	(void)snprintf(row->repository, sizeof(row->repository), "%.*s",
		       end ? (int)(end - name) : (int)strlen(name), name);
	(void)snprintf(row->tag, sizeof(row->tag), "%s", colon ? colon + 1 : "<none>");
}

static void read_image(const struct store *s, struct row *row)
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
	created = json_string_or_null(config.json, "created");
	if (!created || clock_parse_rfc3339(str_of(created), &row->created, NULL) < 0)
		row->created = 0;
}

static int add_table(struct table *t, const struct row *row, bool full, struct err *e)
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

static int add_json(json_t *list, const struct row *row, struct err *e)
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

static int add_row(struct cli *c, const struct store *s, const json_t *entry, bool full,
		   struct table *t, json_t *list, struct err *e)
{
	const char *name =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
	struct row row = { 0 };
	int r;

	if (!name)
		return 0; /* a signature or another referrer: inspect shows it */
	split_name(name, &row);
	if (cosign_is_tag(row.tag))
		return 0; /* cosign's signatures and attestations of an image */
	r = desc_parse(entry, "index.json", &row.d, e);
	if (r < 0)
		return r;
	if (c->quiet && !c->json)
		return cli_print(c, e, "%s\n", row.d.digest.s);
	read_image(s, &row);
	return c->json ? add_json(list, &row, e) : add_table(t, &row, full, e);
}

static int print_images(struct cli *c, struct table *t, json_t *list, struct err *e)
{
	auto_json *j = NULL;

	if (!c->json)
		return c->quiet ? 0 : cli_print_table(c, t, e);
	j = json_pack("{s:s, s:O}", "schema", "plimsoll.images/v1", "images", list);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int run_images(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "REPOSITORY", "TAG", "DIGEST", "CREATED", "SIZE" };
	const struct images_opts *o = opts;
	auto_release(store_close) struct store *s = NULL;
	auto_release(table_free) struct table *t = NULL;
	auto_json *entries = NULL;
	auto_json *list = json_array();
	json_t *entry;
	size_t i;
	int r = list ? cli_store(c, &s, e) : FAIL_NOMEM(e);

	(void)argc, (void)argv;
	if (r == 0)
		r = store_list(s, &entries, e);
	if (r == 0)
		r = table_new(&t, headings, sizeof(headings) / sizeof(*headings), e);
	json_array_foreach(entries, i, entry)
	{
		if (r == 0)
			r = add_row(c, s, entry, o->full, t, list, e);
	}
	return r < 0 ? r : print_images(c, t, list, e);
}

/* Under two names: images, image ls. */
#define IMAGES_COMMAND                                                                             \
	.args = "", .brief = "List the images in the state folder",                                \
	.details =                                                                                 \
		"SIZE is that of the compressed layers and the configuration. With --quiet only "  \
		"digests are printed.",                                                            \
	.example = "plimsoll images\nplimsoll images --no-trunc", .opts = images_options,          \
	.opts_size = sizeof(struct images_opts), .run = run_images

const struct command cmd_images = { .name = "images", .group = "Images", IMAGES_COMMAND };
const struct command cmd_image_ls = { .name = "ls", IMAGES_COMMAND };
const struct command cmd_image_list = { .name = "list", IMAGES_COMMAND };

/* SPDX-License-Identifier: Apache-2.0 */
/* What docker calls the system: what takes room, and what is in it. */
#include "cli/system/system_df.h"
#include "cli/template.h"

struct df_opts {
	bool verbose;
	const char *format;
};

/* A table of some fields of rows. */
static int print_rows(struct cli *c, const json_t *rows, const char *const *headings,
		      const char *const *fields, size_t n, struct err *e)
{
	auto_release(table_free) struct table *t = NULL;
	const json_t *row;
	size_t i;
	int r = table_new(&t, headings, n, e);

	json_array_foreach(rows, i, row)
	{
		const char *cells[8];

		for (size_t k = 0; k < n; k++)
			cells[k] = json_string_or_null(row, fields[k]);
		if (r == 0)
			r = table_row(t, cells, e);
	}
	return r == 0 ? cli_print_table(c, t, e) : r;
}

static const struct part {
	const char *title, *key;
	size_t n;
	const char *headings[8], *fields[8];
} parts[] = {
	{ "Images space usage:",
	  "Images",
	  8,
	  { "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE",
	    "CONTAINERS" },
	  { "Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize",
	    "Containers" } },
	{ "Containers space usage:",
	  "Containers",
	  8,
	  { "CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS",
	    "NAMES" },
	  { "ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names" } },
	{ "Local Volumes space usage:",
	  "Volumes",
	  3,
	  { "VOLUME NAME", "LINKS", "SIZE" },
	  { "Name", "Links", "Size" } },
	{ NULL,
	  "BuildCache",
	  6,
	  { "CACHE ID", "CACHE TYPE", "SIZE", "LAST USED", "IN USE", "SHARED" },
	  { "ID", "CacheType", "Size", "LastUsedSince", "InUse", "Shared" } },
};

static int print_verbose(struct cli *c, const json_t *all, struct err *e)
{
	const json_t *cache = json_array_get(json_object_get(all, "Summary"), 3);
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(*parts); i++) {
		const struct part *p = &parts[i];

		r = p->title ? cli_print(c, e, "%s\n\n", p->title)
			     : cli_print(c, e, "Build cache usage: %s\n\n",
					 json_string_or_null(cache, "Size"));
		if (r == 0)
			r = print_rows(c, json_object_get(all, p->key), p->headings, p->fields,
				       p->n, e);
		if (r == 0 && p->title)
			r = cli_print(c, e, "\n");
	}
	return r;
}

static int print_summary(struct cli *c, struct rows *rows, const json_t *all, struct err *e)
{
	static const char *const headings[] = { "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE" };
	static const char *const fields[] = { "Type", "TotalCount", "Active", "Size",
					      "Reclaimable" };
	const json_t *list = json_object_get(all, "Summary"), *row;
	size_t i;
	int r = 0;

	if (!c->json && !rows->template)
		return print_rows(c, list, headings, fields, 5, e);
	json_array_foreach(list, i, row)
	{
		if (r == 0)
			r = c->json ? cli_print_json_line(c, row, e)
				    : format_rows_add(rows, row, e);
	}
	return r == 0 ? format_rows_end(rows, e) : r;
}

static int run_df(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct df_opts *o = opts;
	auto_json *all = NULL;
	auto_rows rows = { 0 };
	int r = format_rows_begin(c, o->format, &rows, e);

	(void)argc, (void)argv;
	if (r == 0)
		r = df_survey(c, &all, e);
	if (r < 0)
		return r;
	if (!o->verbose)
		return print_summary(c, &rows, all, e);
	if (rows.template)
		return format_rows_add(&rows, all, e);
	if (!c->json)
		return print_verbose(c, all, e);
	(void)json_object_del(all, "Summary");
	return cli_print_json_line(c, all, e);
}

static const struct opt df_table[] = {
	OPT_AT(struct df_opts, verbose, "verbose", 'v', OPT_FLAG, NULL, "each of them"),
	OPT_AT(struct df_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "table (default), json, or a template: '{{.Type}}: {{.Size}}'"),
	OPT_END,
};

const struct command system_df_command = {
	.name = "df",
	.args = "",
	.brief = "Show what images, containers, volumes and the build cache take",
	.details = "Images are their blobs, what two share counted once; containers what they "
		   "wrote to a root of their own; the build cache all that can be made again "
		   "(plimsoll cache du), unpacked layers too. RECLAIMABLE is what plimsoll system "
		   "prune --all --volumes would free. Templates know Type, TotalCount, Active, "
		   "Size and Reclaimable; with --verbose one object of Images, Containers, Volumes "
		   "and BuildCache.",
	.example = "plimsoll system df\nplimsoll system df -v\n"
		   "plimsoll system df --format '{{.Type}}: {{.Reclaimable}}'",
	.opts = df_table,
	.opts_size = sizeof(struct df_opts),
	.max_args = 0,
	.run = run_df,
};

static const struct command *const system_subs[] = {
	&system_df_command, &system_prune_command, &cmd_info, &cmd_events, NULL,
};

const struct command cmd_system = {
	.name = "system",
	.group = "Other",
	.args = "",
	.brief = "What all of it takes, and removing what nothing needs",
	.example = "plimsoll system df\nplimsoll system prune",
	.subs = system_subs,
};

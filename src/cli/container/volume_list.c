/* SPDX-License-Identifier: Apache-2.0 */
/* volume ls and volume inspect. */
#include <string.h>

#include "cli/container/volumes.h"
#include "cli/filters.h"
#include "cli/template.h"
#include "run/container.h"
#include "run/root/volume.h"

/* Docker's words beside ours. */
static int add_words(json_t *j, struct err *e)
{
	static const char *const words[][2] = { { "Name", "name" },
						{ "CreatedAt", "created" },
						{ "Mountpoint", "mountpoint" },
						{ "Labels", "labels" },
						{ "Label", "labels" } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(words) / sizeof(*words); i++) {
		json_t *v = json_object_get(j, words[i][1]);

		if (v)
			r = json_put(j, words[i][0], json_incref(v), e);
	}
	if (r == 0)
		r = json_put_string(j, "Driver", "local", e);
	return r == 0 ? json_put_string(j, "Scope", "local", e) : r;
}

/* volume_describe() of each, with docker's words besides. */
int volume_describe_all(struct cli *c, char **names, size_t n, json_t **ret, struct err *e)
{
	const struct state *state;
	auto_json *list = json_array();
	int r = list ? cli_state(c, &state, e) : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		json_t *one = NULL;

		r = volume_describe(state, names[i], &one, e);
		if (r == 0)
			r = add_words(one, e);
		if (r == 0)
			r = json_push(list, one, e);
	}
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static bool volume_matches(const struct filters *f, const json_t *v)
{
	const json_t *labels = json_object_get(v, "labels");
	const bool dangling = json_array_size(json_object_get(v, "containers")) == 0;

	FILTER_ANY(f, "name", value, filter_name(json_string_or_null(v, "name") ?: "", value));
	FILTER_ANY(f, "driver", value, strcmp(value, "local") == 0);
	FILTER_ANY(f, "dangling", value,
		   (strcmp(value, "true") == 0 || strcmp(value, "1") == 0) == dangling);
	FILTER_ALL(f, "label", value, filter_label(labels, value));
	FILTER_ALL(f, "label!", value, !filter_label(labels, value));
	return true;
}

struct inspect_opts {
	const char *format;
};

static int run_volume_inspect(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct inspect_opts *o = opts;
	auto_json *list = NULL;
	auto_rows rows = { 0 };
	const json_t *v;
	size_t i;
	int r = format_rows_begin(c, o->format, &rows, e);

	if (r == 0)
		r = volume_describe_all(c, argv, (size_t)argc, &list, e);
	if (r < 0 || !rows.template)
		return r == 0 ? cli_print_json(c, list, e) : r;
	json_array_foreach(list, i, v)
	{
		if (r == 0)
			r = format_rows_add(&rows, v, e);
	}
	return r == 0 ? format_rows_end(&rows, e) : r;
}

static int print_table(struct cli *c, const json_t *list, struct err *e)
{
	static const char *const headings[] = { "NAME", "CREATED", "CONTAINERS" };
	auto_release(table_free) struct table *t = NULL;
	const json_t *v;
	size_t i;
	int r = table_new(&t, headings, 3, e);

	json_array_foreach(list, i, v)
	{
		auto_buf users = BUF_INIT(LIMIT_STATE_JSON);
		const json_t *user;
		size_t n;

		json_array_foreach(json_object_get(v, "containers"), n, user)
		{
			buf_printf(&users, "%s%s", n ? ", " : "", json_string_value(user));
		}
		if (r == 0)
			r = table_row(t,
				      (const char *const[]){ json_string_or_null(v, "name"),
							     json_string_or_null(v, "created"),
							     users.n ? buf_str(&users) : NULL },
				      e);
	}
	return r == 0 ? cli_print_table(c, t, e) : r;
}

struct ls_opts {
	struct strv filter;
	const char *format;
};

static int print_each(struct cli *c, struct rows *rows, const json_t *list, struct err *e)
{
	const json_t *v;
	size_t i;
	int r = 0;

	json_array_foreach(list, i, v)
	{
		if (r == 0)
			r = c->quiet ? cli_print(c, e, "%s\n", json_string_or_null(v, "name") ?: "")
				     : format_rows_add(rows, v, e);
	}
	return r == 0 ? format_rows_end(rows, e) : r;
}

int volumes_find(struct cli *c, const struct filters *filters, json_t **ret, struct err *e)
{
	const struct state *state;
	auto_strv names = { 0 };
	auto_json *list = NULL;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = volume_list(state, &names, e);
	if (r == 0)
		r = volume_describe_all(c, names.v, names.n, &list, e);
	if (r < 0)
		return r;
	for (size_t i = json_array_size(list); i > 0; i--)
		if (!volume_matches(filters, json_array_get(list, i - 1)))
			(void)json_array_remove(list, i - 1);
	*ret = TAKE(list);
	return 0;
}

static int run_volume_ls(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const known[] = {
		"name", "driver", "dangling", "label", "label!", NULL
	};
	const struct ls_opts *o = opts;
	struct filters filters;
	auto_rows rows = { 0 };
	auto_json *list = NULL;
	int r = filters_parse(&o->filter, known, &filters, e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = format_rows_begin(c, o->format, &rows, e);
	if (r == 0)
		r = volumes_find(c, &filters, &list, e);
	if (r < 0)
		return r;
	if (c->quiet || rows.template)
		return print_each(c, &rows, list, e);
	return c->json ? cli_print_json(c, list, e) : print_table(c, list, e);
}

static const struct opt ls_table[] = {
	OPT_AT(struct ls_opts, filter, "filter", 'f', OPT_LIST, "NAME=VALUE",
	       "only with this in its name, driver=local, dangling=true (no container has it) or "
	       "false, label=KEY[=VALUE], label!=KEY[=VALUE]"),
	OPT_AT(struct ls_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "table (default), json, or a template: '{{.Name}}: {{.Mountpoint}}'"),
	OPT_END,
};

/* Under two names: volume ls, and podman's volume list. */
#define LS_COMMAND                                                                                 \
	.args = "", .brief = "List the volumes, and the containers that have them",                \
	.example = "plimsoll volume ls\nplimsoll volume ls -q --filter dangling=true",             \
	.opts = ls_table, .opts_size = sizeof(struct ls_opts), .run = run_volume_ls

const struct command volume_ls_command = { .name = "ls", LS_COMMAND };
const struct command volume_list_command = { .name = "list", LS_COMMAND };

static const struct opt inspect_table[] = {
	OPT_AT(struct inspect_opts, format, "format", 'f', OPT_STRING, "FORMAT",
	       "json (default), or a template: '{{.Mountpoint}}'"),
	OPT_END,
};

const struct command volume_inspect_command = {
	.name = "inspect",
	.args = "NAME...",
	.brief = "Show volumes as JSON, with where they lie",
	.example =
		"plimsoll volume inspect data\nplimsoll volume inspect -f '{{.Mountpoint}}' data",
	.opts = inspect_table,
	.opts_size = sizeof(struct inspect_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_volume_inspect,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/container/ps.h"
#include "cli/image/images.h"
#include "cli/template.h"

struct ps_opts {
	bool all, full, latest, size, sync, namespaces, no_heading;
	const char *last, *format, *sort;
	struct strv filter;
};

struct listing {
	const struct ps_opts *o;
	bool all, more, size;
	struct ps_filters filters;
	json_t *rows, *own; /* docker's words, and ours */
};

static json_t *own_json(const struct view *v)
{
	const struct container *c = v->c;
	auto_json *allowed = view_allowed(c);
	char created[RFC3339_MAX];
	json_t *j;

	clock_rfc3339(c->created, created);
	j = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s, s:s, s:i, s:b, s:O*}", "id", c->id, "name",
		      c->name, "image", c->image, "digest", c->digest, "command", c->command,
		      "created", created, "status", v->state, "pid", (int)v->status.pid, "detached",
		      c->detached, "labels", c->labels);
	if (j && v->status.phase == PHASE_EXITED)
		(void)json_object_set_new(j, "exitCode", json_integer(v->status.exit));
	if (j && allowed)
		(void)json_object_set(j, "allowed", allowed);
	if (j && v->health[0])
		(void)json_object_set_new(j, "health", json_string(v->health));
	return j;
}

static int add_size(const struct view *v, json_t *row, json_t *own, struct err *e)
{
	const uint64_t size = view_size(v->c);
	char text[16];
	int r;

	size_human(size, text);
	r = json_put_string(row, "Size", text, e);
	return r == 0 ? json_put_u64(own, "size", size, e) : r;
}

static int list_one(void *arg, struct container *c, struct err *e)
{
	struct listing *l = arg;
	struct view v;
	json_t *row = NULL, *own;
	int r;

	if (c->kind == CONTAINER_STEP)
		return 0;
	r = view_of(c, &v, e);
	if (r < 0 || (v.status.phase != PHASE_RUNNING && !v.restarting && !l->all) ||
	    !ps_matches(&l->filters, &v))
		return r;
	r = view_row(&v, l->o->full, &row, e);
	if (r == 0)
		r = json_push(l->rows, row, e);
	if (r == 0 && l->more)
		r = view_row_more(&v, l->o->full, l->size, row, e);
	if (r == 0 && l->more)
		r = ps_namespaces_add(&v, row, e);
	own = r == 0 ? own_json(&v) : NULL;
	if (r == 0)
		r = json_push(l->own, own, e);
	return r == 0 && l->o->size ? add_size(&v, row, own, e) : r;
}

/* Those that are not asked for go: the oldest. */
static void keep_last(struct listing *l, uint64_t n)
{
	while (json_array_size(l->rows) > n) {
		(void)json_array_remove(l->rows, 0);
		(void)json_array_remove(l->own, 0);
	}
}

static int print_whole(struct cli *c, const struct listing *l, const struct table *t, struct err *e)
{
	auto_buf text = BUF_INIT(64 * 1024 * 1024);
	const char *rows;
	int r = 0;

	if (!l->o->no_heading)
		return cli_print_table(c, t, e);
	r = table_render(t, &text, e);
	rows = r == 0 ? strchr(buf_str(&text), '\n') : NULL;
	return rows ? cli_print(c, e, "%s", rows + 1) : r;
}

static int print_table(struct cli *c, const struct listing *l, struct err *e)
{
	static const char *const headings[] = { "CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
						"STATUS",	"PORTS", "NAMES",   "SIZE" };
	static const char *const fields[] = { "ID",	"Image", "Command", "RunningFor",
					      "Status", "Ports", "Names",   "Size" };
	const size_t columns = l->o->size ? 8 : 7;
	auto_release(table_free) struct table *t = NULL;
	int r;

	if (l->o->namespaces) {
		r = ps_namespaces_table(l->rows, &t, e);
		return r == 0 ? print_whole(c, l, t, e) : r;
	}
	r = table_new(&t, headings, columns, e);

	for (size_t i = json_array_size(l->rows); r == 0 && i > 0; i--) {
		const json_t *row = json_array_get(l->rows, i - 1);
		const char *allowed = json_string_or_null(row, "Allowed") ?: "";
		auto_free char *status = NULL;
		const char *cells[8];

		for (size_t k = 0; k < columns; k++)
			cells[k] = json_string_or_null(row, fields[k]);
		/* What is weaker than the others is seen at once. */
		if (*allowed && asprintf(&status, "%s, allowed: %.60s", cells[4], allowed) < 0)
			return FAIL_NOMEM(e);
		cells[4] = status ?: cells[4];
		r = table_row(t, cells, e);
	}
	return r == 0 ? print_whole(c, l, t, e) : r;
}

/* Newest first, as docker has them; the JSON of all is oldest first, as it always was. */
static int print(struct cli *c, const struct listing *l, struct rows *rows, struct err *e)
{
	auto_json *all = NULL;
	int r = 0;

	if (c->json) {
		all = json_pack("{s:s, s:O}", "schema", "plimsoll.ps/v1", "containers", l->own);
		return all ? cli_print_json(c, all, e) : FAIL_NOMEM(e);
	}
	if (!rows->template && !c->quiet)
		return print_table(c, l, e);
	for (size_t i = json_array_size(l->rows); r == 0 && i > 0; i--) {
		const json_t *row = json_array_get(l->rows, i - 1);

		r = rows->template && !c->quiet
			    ? format_rows_add(rows, row, e)
			    : cli_print(c, e, "%s\n", json_string_or_null(row, "ID") ?: "");
	}
	return r == 0 ? format_rows_end(rows, e) : r;
}

static int parse_last(const struct ps_opts *o, uint64_t *ret, struct err *e)
{
	*ret = o->latest ? 1 : UINT64_MAX;
	if (!o->last || strcmp(o->last, "-1") == 0)
		return 0;
	if (str_u64(str_of(o->last), INT32_MAX, ret, NULL) < 0)
		return FAIL(e, E_USAGE, "--last '%s': want a number", o->last);
	return 0;
}

/* Of these nothing is known but that they are there. */
static int tell_broken(void *arg, const char *id, struct err *e)
{
	(void)e;
	if (!((struct cli *)arg)->quiet)
		(void)fprintf(stderr,
			      "plimsoll: the record of container %.12s cannot be read\n"
			      "  mend: plimsoll rm --force %.12s, which ends what of it runs\n",
			      id, id);
	return 0;
}

static int run_ps(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct ps_opts *o = opts;
	auto_json *rows = json_array();
	auto_json *own = json_array();
	struct listing l = { .o = o, .rows = rows, .own = own };
	auto_rows out = { 0 };
	const struct state *state;
	uint64_t last;
	int r = parse_last(o, &last, e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = ps_filters_parse(&o->filter, &l.filters, e);
	if (r == 0 && o->namespaces && o->size)
		r = FAIL(e, E_USAGE, "--namespace and --size do not go together");
	if (r == 0)
		r = ps_sort_check(o->sort, e);
	if (r == 0)
		r = format_rows_begin(c, o->format, &out, e);
	l.all = o->all || last != UINT64_MAX || filters_has(&l.filters.f, "status") ||
		filters_has(&l.filters.f, "exited");
	l.more = out.template || o->sort || o->namespaces;
	l.size = (out.template && strstr(out.template, ".Size")) ||
		 (o->sort && strcmp(o->sort, "size") == 0);
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = ps_filters_find(state, &l.filters, e);
	if (r == 0)
		r = container_each(state, list_one, &l, e);
	if (r == 0)
		r = container_broken_each(state, tell_broken, c, e);
	if (r < 0)
		return r;
	keep_last(&l, last);
	if (o->sort)
		r = ps_sort(o->sort, rows, own, e);
	if (r < 0)
		return r;
	return print(c, &l, &out, e);
}

static const struct opt ps_table[] = {
	OPT_AT(struct ps_opts, all, "all", 'a', OPT_FLAG, NULL, "also those that do not run"),
	OPT_AT(struct ps_opts, filter, "filter", 'f', OPT_LIST, "NAME=VALUE",
	       "only of this name, id, status, exited, ancestor, health, label, admission, "
	       "volume, network, publish or expose, or made before or since that container or "
	       "until=TIME"),
	OPT_AT(struct ps_opts, last, "last", 'n', OPT_STRING, "N", "the N newest, running or not"),
	OPT_AT(struct ps_opts, latest, "latest", 'l', OPT_FLAG, NULL, "the newest, running or not"),
	OPT_AT(struct ps_opts, namespaces, "namespace", 0, OPT_FLAG, NULL,
	       "the numbers of their namespaces instead"),
	OPT_AT(struct ps_opts, no_heading, "noheading", 0, OPT_FLAG, NULL,
	       "the table without its first line"),
	OPT_AT(struct ps_opts, full, "no-trunc", 0, OPT_FLAG, NULL,
	       "show identifiers, digests and commands in full"),
	OPT_AT(struct ps_opts, size, "size", 's', OPT_FLAG, NULL,
	       "what each has written to a root of its own"),
	OPT_AT(struct ps_opts, sort, "sort", 0, OPT_STRING, "FIELD",
	       "by command, created, id, image, names, runningfor, size or status, not newest "
	       "first"),
	OPT_ALWAYS(struct ps_opts, sync, "sync", 0,
		   "look at what is, not what was; so it is always"),
	FORMAT_OPTION(struct ps_opts),
	OPT_ALIAS("ns", "namespace"),
	OPT_END,
};

/* Under several names: ps, container ls. */
#define PS_COMMAND                                                                                 \
	.args = "", .brief = "List containers",                                                    \
	.details = "A name given to --filter is a regular expression. Filters of one name are "    \
		   "or, labels and different names are and. Templates know ID, Image, Command, "   \
		   "CreatedAt, RunningFor, Ports, State, Status, Health, Admission, Names, "       \
		   "Labels, Label, Mounts, Networks, LocalVolumes, Size, ImageID, Pid, ExitCode, " \
		   "Exited, StartedAt, ExitedAt, Created, AutoRemove, Restarts and Allowed, what " \
		   "policy allowed it beyond the profile. Admission is "                           \
		   "what was last decided about the image of one that runs: "                      \
		   "admitted, refused, or unchecked (plimsoll watch run).",                        \
	.example = "plimsoll ps --all\nplimsoll ps -aq --filter status=exited\n"                   \
		   "plimsoll ps --format '{{.Names}}: {{.Status}}, {{.Admission}}'",               \
	.opts = ps_table, .opts_size = sizeof(struct ps_opts), .max_args = 0, .run = run_ps

const struct command cmd_ps = { .name = "ps", .group = "Containers", PS_COMMAND };
const struct command cmd_container_ls = { .name = "ls", PS_COMMAND };
const struct command cmd_container_list = { .name = "list", PS_COMMAND };

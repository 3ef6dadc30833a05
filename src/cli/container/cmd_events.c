/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/filters.h"
#include "cli/template.h"
#include "run/life/events.h"
#include "run/life/when.h"

struct events_cli_opts {
	const char *since, *until, *format;
	bool no_stream, cut;
	struct strv filter;
};

struct printing {
	struct cli *c;
	struct filters filters;
	struct rows rows;
	bool cut; /* identifiers are short */
};

static const char *attribute(const json_t *event, const char *name)
{
	return json_string_or_null(json_object_get(json_object_get(event, "Actor"), "Attributes"),
				   name)
		       ?: "";
}

static bool is_type(const json_t *event, const char *type)
{
	return strcmp(json_string_or_null(event, "Type") ?: "", type) == 0;
}

/* docker's words are in the file; podman's mean the same. */
static bool is_action(const json_t *event, const char *wanted)
{
	static const char *const same[][2] = {
		{ "died", "die" },	   { "remove", "destroy" },	{ "remove", "delete" },
		{ "exec", "exec_create" }, { "exec_died", "exec_die" },
	};
	const char *action = json_string_or_null(event, "Action") ?: "";
	bool found = strcmp(action, wanted) == 0;

	for (size_t i = 0; !found && i < sizeof(same) / sizeof(*same); i++)
		found = strcmp(same[i][0], wanted) == 0 && strcmp(same[i][1], action) == 0;
	return found;
}

static bool is_container(const json_t *event, const char *wanted)
{
	const char *id = json_string_or_null(event, "id") ?: "";

	return *wanted && is_type(event, "container") &&
	       (strcmp(attribute(event, "name"), wanted) == 0 || starts_with(id, wanted));
}

static bool is_volume(const json_t *event, const char *wanted)
{
	return is_type(event, "volume") &&
	       strcmp(json_string_or_null(event, "id") ?: "", wanted) == 0;
}

/* "web" is web:1, too. */
static bool is_image(const json_t *event, const char *wanted)
{
	const char *image = attribute(event, is_type(event, "image") ? "name" : "image");
	const size_t n = strlen(wanted);

	return starts_with(image, wanted) && n && (!image[n] || image[n] == ':' || image[n] == '@');
}

static bool matches(const struct filters *f, const json_t *event)
{
	FILTER_ANY(f, "container", value, is_container(event, value));
	FILTER_ANY(f, "event", value, is_action(event, value));
	FILTER_ANY(f, "status", value, is_action(event, value));
	FILTER_ANY(f, "image", value, is_image(event, value));
	FILTER_ANY(f, "volume", value, is_volume(event, value));
	FILTER_ANY(f, "type", value, is_type(event, value));
	/* Of what is not here nothing is told. */
	FILTER_ANY(f, "pod", value, !value);
	FILTER_ANY(f, "network", value, !value);
	FILTER_ANY(f, "daemon", value, !value);
	FILTER_ALL(f, "label", value,
		   filter_label(json_object_get(json_object_get(event, "Actor"), "Attributes"),
				value));
	return true;
}

/* As docker prints it: TIME TYPE ACTION ID (name=value, ...), the attributes by name. */
static int print_text(struct cli *c, const json_t *event, bool cut, struct err *e)
{
	const char *id = json_string_or_null(event, "id") ?: "?";
	const json_t *all = json_object_get(json_object_get(event, "Actor"), "Attributes");
	auto_buf line = BUF_INIT(LIMIT_EVENT * 2);
	const char *name;
	char when[WHEN_MAX];
	json_t *value;
	size_t n = 0;

	when_print(json_integer_value(json_object_get(event, "timeNano")), when);
	buf_printf(&line, "%s %s %s %.*s (", when, json_string_or_null(event, "Type") ?: "?",
		   json_string_or_null(event, "Action") ?: "?",
		   cut && !is_type(event, "volume") ? CONTAINER_SHORT : INT32_MAX,
		   cut && starts_with(id, "sha256:") ? id + strlen("sha256:") : id);
	/* They were written canonically: sorted. */
	json_object_foreach((json_t *)(uintptr_t)all, name, value)
		buf_printf(&line, "%s%s=%s", n++ ? ", " : "", name, json_string_value(value) ?: "");
	if (line.failed)
		return FAIL_NOMEM(e);
	text_sanitize(line.p);
	return cli_print(c, e, "%s)\n", buf_str(&line));
}

/* podman's words for what docker's have under others, and docker's older ones. */
static int print_template(struct rows *rows, const json_t *event, struct err *e)
{
	json_t *attributes = json_object_get(json_object_get(event, "Actor"), "Attributes");
	static const char *const words[][2] = { { "ID", "id" },
						{ "Status", "status" },
						{ "From", "from" },
						{ "Time", "time" },
						{ "TimeNano", "timeNano" } };
	auto_json *row = json_copy((json_t *)(uintptr_t)event);

	for (size_t i = 0; row && i < sizeof(words) / sizeof(*words); i++)
		if (json_object_get(event, words[i][1]))
			(void)json_object_set(row, words[i][0],
					      json_object_get(event, words[i][1]));
	if (!row || json_object_set(row, "Attributes", attributes) < 0 ||
	    json_put_string(row, "Name", attribute(event, "name"), e) < 0 ||
	    json_put_string(row, "Image", attribute(event, "image"), e) < 0 ||
	    json_put_string(row, "ContainerExitCode", attribute(event, "exitCode"), e) < 0 ||
	    json_put_string(row, "HealthStatus", attribute(event, "health_status"), e) < 0)
		return E_NOMEM;
	return format_rows_add(rows, row, e);
}

static int print_one(void *arg, const json_t *event, struct err *e)
{
	struct printing *p = arg;
	int r;

	if (!matches(&p->filters, event))
		return 0;
	r = p->rows.template ? print_template(&p->rows, event, e)
	    : p->c->json     ? cli_print_json_line(p->c, event, e)
			     : print_text(p->c, event, p->cut, e);
	return r == 0 ? cli_flush(p->c, e) : r;
}

static int run_events(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const names[] = { "container", "event",  "status", "image",
					     "volume",	  "label",  "type",   "pod",
					     "network",	  "daemon", NULL };
	const struct events_cli_opts *o = opts;
	struct printing p = { .c = c, .cut = o->cut };
	struct events_query q = { .emit = print_one, .arg = &p };
	const struct state *state;
	int r = filters_parse(&o->filter, names, &p.filters, e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = format_rows_begin(c, o->format, &p.rows, e);
	if (r == 0 && p.rows.table)
		r = FAIL(e, E_USAGE, "--format: events have no table, since they have no end");
	if (r == 0)
		r = cli_state(c, &state, e);
	/* Containers whose monitor was killed: their end is told now, before "now" is looked up. */
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0 && o->since)
		r = when_parse(o->since, when_now(), &q.since, e);
	if (r == 0 && o->until)
		r = when_parse(o->until, when_now(), &q.until, e);
	if ((o->since || o->no_stream) && q.since < 1)
		q.since = 1;
	if (o->no_stream && !q.until)
		q.until = when_now();
	if (r == 0)
		r = events_read(state, &q, e);
	format_rows_free(&p.rows);
	return r;
}

static const struct opt events_table[] = {
	OPT_AT(struct events_cli_opts, since, "since", 0, OPT_STRING, "TIME",
	       "those from then on, too: 10m, 2026-11-27T10:00:00Z, seconds since 1970"),
	OPT_AT(struct events_cli_opts, until, "until", 0, OPT_STRING, "TIME", "end then"),
	OPT_AT(struct events_cli_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "json, or a template: '{{.Status}} {{.Actor.Attributes.name}}'"),
	{ .name = "no-trunc",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct events_cli_opts, cut),
	  .help = "identifiers in full (default; --no-trunc=false: their first twelve digits)",
	  .inverted = true },
	{ .name = "stream",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct events_cli_opts, no_stream),
	  .help = "go on with what comes (default; --stream=false: only those that were)",
	  .inverted = true },
	OPT_AT(struct events_cli_opts, filter, "filter", 'f', OPT_LIST, "NAME=VALUE",
	       "only of this container, event (status), image, volume, label or type"),
	OPT_END,
};

const struct command cmd_events = {
	.name = "events",
	.group = "Containers",
	.args = "",
	.brief = "Show what happens to containers, images and volumes",
	.details = "create, start, die (exitCode), oom, stop, kill, exec_create, exec_die, "
		   "health_status, restart, pause, unpause, rename, destroy; of images build, "
		   "import, pull, push, tag, untag, delete; of volumes create and destroy. Without "
		   "--since only "
		   "what comes; without --until it goes on. With --format json one object a line, "
		   "in docker's words. The last 8 to 16 MB of events are kept.",
	.example = "plimsoll events --since 1h --until 0s\n"
		   "plimsoll events --filter event=die --format json",
	.opts = events_table,
	.opts_size = sizeof(struct events_cli_opts),
	.max_args = 0,
	.run = run_events,
};

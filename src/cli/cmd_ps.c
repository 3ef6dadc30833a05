/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/images.h"
#include "cli/shorten.h"
#include "run/run.h"

struct ps_opts {
	bool all, full;
};

enum { COMMAND_SHOWN = 20 };

struct listing {
	struct cli *c;
	bool all, full;
	struct table *table;
	json_t *array;
};

static const char *const phases[] = { "created", "running", "exited" };

static void status_text(const struct container_status *s, char *ret, size_t cap)
{
	char age[32];
	const int64_t now = clock_now();

	if (s->phase == PHASE_CREATED) {
		(void)snprintf(ret, cap, "created");
	} else if (s->phase == PHASE_RUNNING) {
		age_human(now - s->started, age);
		if (ends_with(age, " ago"))
			age[strlen(age) - strlen(" ago")] = '\0';
		(void)snprintf(ret, cap, "up %s", now > s->started ? age : "0 seconds");
	} else {
		age_human(now - s->finished, age);
		(void)snprintf(ret, cap, "exited (%d) %s", s->exit, age);
	}
}

static int add_row(struct listing *l, const struct container *c, const struct container_status *s,
		   struct err *e)
{
	auto_buf ports = BUF_INIT(65536), image = BUF_INIT(4096), command = BUF_INIT(4096);
	char age[32], status[96], id[sizeof(c->id)];

	(void)snprintf(id, sizeof(id), "%.*s", l->full ? (int)sizeof(id) - 1 : CONTAINER_SHORT,
		       c->id);
	if (c->image)
		cell_short(c->image, 0, &image);
	if (c->command)
		cell_short(c->command, COMMAND_SHOWN, &command);
	age_human(clock_now() - c->created, age);
	status_text(s, status, sizeof(status));
	for (size_t i = 0; c->ports && i < c->ports->n; i++) {
		buf_puts(&ports, i ? ", " : "");
		port_print(&c->ports->p[i], &ports);
	}

	const char *const cells[] = { id,
				      l->full ? c->image : buf_str(&image),
				      l->full ? c->command : buf_str(&command),
				      age,
				      status,
				      buf_str(&ports),
				      c->name };

	return table_row(l->table, cells, e);
}

static int add_json(struct listing *l, const struct container *c, const struct container_status *s,
		    struct err *e)
{
	char created[RFC3339_MAX];
	json_t *j;

	clock_rfc3339(c->created, created);
	j = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s, s:s, s:i, s:b, s:O*}", "id", c->id, "name",
		      c->name, "image", c->image, "digest", c->digest, "command", c->command,
		      "created", created, "status", phases[s->phase], "pid", (int)s->pid,
		      "detached", c->detached, "labels", c->labels);
	if (j && s->phase == PHASE_EXITED)
		(void)json_object_set_new(j, "exitCode", json_integer(s->exit));
	return json_push(l->array, j, e);
}

static int list_one(void *arg, struct container *c, struct err *e)
{
	struct listing *l = arg;
	struct container_status s;
	int r;

	if (c->kind == CONTAINER_STEP)
		return 0;
	r = container_status(c, &s, e);
	if (r < 0 || (s.phase == PHASE_EXITED && !l->all))
		return r;
	if (l->c->json)
		return add_json(l, c, &s, e);
	if (l->c->quiet)
		return cli_print(l->c, e, "%.*s\n", l->full ? -1 : CONTAINER_SHORT, c->id);
	return add_row(l, c, &s, e);
}

static int run_ps(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const headings[] = { "CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
						"STATUS",	"PORTS", "NAMES" };
	const struct ps_opts *o = opts;
	struct listing l = { .c = c, .all = o->all, .full = o->full, .array = json_array() };
	auto_json *out = json_pack("{s:s, s:o}", "schema", "plimsoll.ps/v1", "containers", l.array);
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)argc;
	(void)argv;
	if (!out)
		return FAIL_NOMEM(e);
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = table_new(&l.table, headings, 7, e);
	if (r == 0)
		r = container_each(state, list_one, &l, e);
	if (r == 0 && c->json)
		r = cli_print_json(c, out, e);
	else if (r == 0 && !c->quiet)
		r = cli_print_table(c, l.table, e);
	table_free(l.table);
	return r;
}

static const struct opt ps_table[] = {
	OPT_AT(struct ps_opts, all, "all", 'a', OPT_FLAG, NULL, "also those that ended"),
	OPT_AT(struct ps_opts, full, "no-trunc", 0, OPT_FLAG, NULL,
	       "show identifiers, digests and commands in full"),
	OPT_END,
};

const struct command cmd_ps = {
	.name = "ps",
	.group = "Containers",
	.args = "",
	.brief = "List containers",
	.example = "plimsoll ps --all\nplimsoll ps -q",
	.opts = ps_table,
	.opts_size = sizeof(struct ps_opts),
	.max_args = 0,
	.run = run_ps,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "cli/container/containers.h"
#include "cli/image/images.h"
#include "cli/template.h"
#include "run/life/usage.h"

struct stats_opts {
	bool latest, no_reset;
	bool once, full, all;
	const char *format;
};

enum { INTERVAL_MS = 1000, LIMIT_SHOWN = 1024 };

/* One container over two looks. */
struct sample {
	char id[CONTAINER_ID + 1], name[LIMIT_NAME + 1];
	struct usage now;
	uint64_t cpu_before, when_before, when;
	bool running, seen;
};

struct watching {
	struct cli *c;
	const struct state *state;
	const struct stats_opts *o;
	char *const *names; /* NULL: all that run */
	int names_n;
	struct sample *v;
	size_t n;
	bool started;
};

static struct sample *sample_of(struct watching *w, const struct container *c)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i].id, c->id) == 0)
			return &w->v[i];
	if (w->n == LIMIT_SHOWN)
		return NULL;
	w->v[w->n] = (struct sample){ 0 };
	(void)snprintf(w->v[w->n].id, sizeof(w->v[w->n].id), "%s", c->id);
	return &w->v[w->n++];
}

static int look(void *arg, struct container *c, struct err *e)
{
	struct watching *w = arg;
	struct container_status status;
	struct sample *s;
	int r = container_status(c, &status, e);

	if (r < 0 || c->kind == CONTAINER_STEP ||
	    (status.phase != PHASE_RUNNING && !w->o->all && !w->names_n))
		return r;
	s = sample_of(w, c);
	if (!s)
		return 0;
	(void)snprintf(s->name, sizeof(s->name), "%s", c->name);
	s->cpu_before = s->now.cpu_ns;
	s->when_before = s->when;
	s->seen = true;
	s->running = status.phase == PHASE_RUNNING && usage_read(status.pid, &s->now, NULL) == 0;
	if (!s->running)
		s->now = (struct usage){ 0 };
	s->when = clock_mono_ms();
	return 0;
}

/* Those that are named, or all. */
static int look_at_all(struct watching *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->n; i++)
		w->v[i].seen = false;
	if (!w->names_n)
		return container_each(w->state, look, w, e);
	for (int i = 0; r == 0 && i < w->names_n; i++) {
		auto_container c = CONTAINER_INIT;

		r = container_find(w->state, w->names[i], &c, e);
		if (r == E_NOTFOUND && w->started) /* removed meanwhile */
			r = 0;
		else if (r == 0)
			r = look(w, &c, e);
	}
	return r;
}

static double cpu_percent(const struct sample *s)
{
	const uint64_t ms = s->when - s->when_before;

	if (!s->when_before || ms == 0 || s->now.cpu_ns < s->cpu_before)
		return 0;
	return (double)(s->now.cpu_ns - s->cpu_before) / (double)ms / 10000.0;
}

static const char *amount(const struct usage *u, unsigned known, uint64_t n, char ret[static 16])
{
	(void)snprintf(ret, 16, "--");
	if (u->known & known)
		size_human(n, ret);
	return ret;
}

static int row_of(const struct sample *s, bool full, json_t **ret, struct err *e)
{
	const struct usage *u = &s->now;
	char id[CONTAINER_ID + 1], cpu[24] = "--", memory[40], share[24] = "--", net[40], block[40],
				   pids[24] = "--", a[16], b[16];
	json_t *j;

	(void)snprintf(id, sizeof(id), "%.*s", full ? CONTAINER_ID : CONTAINER_SHORT, s->id);
	if (u->known & USAGE_CPU)
		(void)snprintf(cpu, sizeof(cpu), "%.2f%%", cpu_percent(s));
	(void)snprintf(memory, sizeof(memory), "%s / %s", amount(u, USAGE_MEMORY, u->memory, a),
		       amount(u, u->memory_limit ? USAGE_MEMORY : 0, u->memory_limit, b));
	if (u->memory_limit)
		(void)snprintf(share, sizeof(share), "%.2f%%",
			       100.0 * (double)u->memory / (double)u->memory_limit);
	(void)snprintf(net, sizeof(net), "%s / %s", amount(u, USAGE_NET, u->net_received, a),
		       amount(u, USAGE_NET, u->net_sent, b));
	(void)snprintf(block, sizeof(block), "%s / %s", amount(u, USAGE_BLOCK, u->block_read, a),
		       amount(u, USAGE_BLOCK, u->block_written, b));
	if (u->known & USAGE_PIDS)
		(void)snprintf(pids, sizeof(pids), "%" PRIu64, u->pids);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "Container", id, "ID", id,
		      "Name", s->name, "CPUPerc", cpu, "MemUsage", memory, "MemPerc", share,
		      "NetIO", net, "BlockIO", block, "PIDs", pids);
	if (!j)
		return FAIL_NOMEM(e);
	*ret = j;
	return 0;
}

/* In numbers, for who calculates. */
static int add_numbers(const struct usage *u, json_t *j, struct err *e)
{
	return json_put(j, "usage",
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "cpuNanos",
				  (json_int_t)u->cpu_ns, "memory", (json_int_t)u->memory,
				  "memoryLimit", (json_int_t)u->memory_limit, "pids",
				  (json_int_t)u->pids, "pidsLimit", (json_int_t)u->pids_limit,
				  "netReceived", (json_int_t)u->net_received, "netSent",
				  (json_int_t)u->net_sent, "blockRead", (json_int_t)u->block_read,
				  "blockWritten", (json_int_t)u->block_written),
			e);
}

static int print_row(struct watching *w, struct rows *rows, struct table *t, const struct sample *s,
		     struct err *e)
{
	static const char *const fields[] = { "ID",	 "Name",  "CPUPerc", "MemUsage",
					      "MemPerc", "NetIO", "BlockIO", "PIDs" };
	const char *cells[8];
	auto_json *row = NULL;
	int r = row_of(s, w->o->full, &row, e);

	if (r < 0)
		return r;
	if (w->c->json) {
		r = add_numbers(&s->now, row, e);
		return r == 0 ? cli_print_json_line(w->c, row, e) : r;
	}
	if (rows->template)
		return format_rows_add(rows, row, e);
	for (size_t i = 0; i < 8; i++)
		cells[i] = json_string_or_null(row, fields[i]);
	return table_row(t, cells, e);
}

static int print_all(struct watching *w, struct err *e)
{
	static const char *const headings[] = { "CONTAINER ID",	     "NAME",  "CPU %",
						"MEM USAGE / LIMIT", "MEM %", "NET I/O",
						"BLOCK I/O",	     "PIDS" };
	auto_release(table_free) struct table *t = NULL;
	auto_rows rows = { 0 };
	const bool live =
		!w->o->once && !w->o->no_reset && !w->c->json && isatty(fileno(w->c->out));
	int r = format_rows_begin(w->c, w->o->format, &rows, e);

	if (r == 0)
		r = table_new(&t, headings, 8, e);
	if (r == 0 && live)
		r = cli_print(w->c, e, "\033[H\033[J");
	for (size_t i = 0; r == 0 && i < w->n; i++)
		if (w->v[i].seen)
			r = print_row(w, &rows, t, &w->v[i], e);
	if (r == 0)
		r = rows.template || w->c->json ? format_rows_end(&rows, e)
						: cli_print_table(w->c, t, e);
	return r == 0 ? cli_flush(w->c, e) : r;
}

static int pause_between(struct err *e)
{
	const uint64_t from = clock_mono_ms();
	const struct timespec nap = { .tv_nsec = 50 * 1000 * 1000 };
	int r = 0;

	while (r == 0 && clock_mono_ms() - from < INTERVAL_MS) {
		(void)nanosleep(&nap, NULL);
		r = proc_interrupted(e);
	}
	return r;
}

static bool any_runs(const struct watching *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].seen && w->v[i].running)
			return true;
	return false;
}

static int run_stats(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct watching w = { .c = c, .o = opts, .names = argv, .names_n = argc };
	auto_free struct sample *samples = calloc(LIMIT_SHOWN, sizeof(*samples));
	char newest[CONTAINER_ID + 1], *id = newest;
	int r = samples ? cli_state(c, &w.state, e) : FAIL_NOMEM(e);

	w.v = samples;
	if (r == 0 && w.o->latest && argc)
		r = FAIL(e, E_USAGE, "--latest and names do not go together");
	if (r == 0 && w.o->latest) {
		r = cli_latest(c, newest, e);
		w.names = &id;
		w.names_n = 1;
	}
	if (r == 0)
		r = container_reap(w.state, e);
	if (r == 0)
		r = look_at_all(&w, e); /* of processor time only the difference tells something */
	do {
		w.started = true;
		if (r == 0)
			r = pause_between(e);
		if (r == 0)
			r = look_at_all(&w, e);
		if (r == 0)
			r = print_all(&w, e);
	} while (r == 0 && !w.o->once && (any_runs(&w) || !w.names_n));
	return r;
}

static const struct opt stats_table[] = {
	OPT_AT(struct stats_opts, all, "all", 'a', OPT_FLAG, NULL, "also those that do not run"),
	OPT_AT(struct stats_opts, latest, "latest", 'l', OPT_FLAG, NULL, "of the newest container"),
	OPT_AT(struct stats_opts, no_reset, "no-reset", 0, OPT_FLAG, NULL,
	       "do not begin each table at the top of the terminal"),
	OPT_AT(struct stats_opts, once, "no-stream", 0, OPT_FLAG, NULL, "look once, for a second"),
	OPT_AT(struct stats_opts, full, "no-trunc", 0, OPT_FLAG, NULL, "show identifiers in full"),
	FORMAT_OPTION(struct stats_opts),
	OPT_END,
};

const struct command cmd_stats = {
	.name = "stats",
	.group = "Containers",
	.args = "[CONTAINER...]",
	.brief = "Show what containers use: processor, memory, network, disk, processes",
	.details =
		"Once a second, until interrupted or the named ones have ended. From the control "
		"groups (v1 or v2) and the container's network; what this machine does not "
		"count is --. 100% is one core. Memory is without the cache that can be "
		"dropped; what comes from the host's loopback is not network. With --format json "
		"one object a line, and numbers in 'usage'.",
	.example = "plimsoll stats\nplimsoll stats --no-stream --format '{{.Name}} {{.CPUPerc}}'",
	.opts = stats_table,
	.opts_size = sizeof(struct stats_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_stats,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/limits.h"

#include <stdio.h>

#include "base/str.h"
#include "run/file.h"
#include "run/life/events.h"
#include "run/life/usage.h"

enum {
	MEMORY_LEAST = 6 * 1024 * 1024,
	PERIOD_US = 100000,
	SHARES_LEAST = 2,
	SHARES_MOST = 1024, /* as of run: no more than any other's */
	LIMIT_FILE_JSON = 8 * 1024 * 1024
};

static int check(const struct new_limits *l, const json_t *options, struct err *e)
{
	if (l->memory && l->memory < MEMORY_LEAST)
		return FAIL(e, E_USAGE, "--memory: at least 6m is needed");
	if (l->memory_swap && l->memory_swap < l->memory)
		return FAIL(e, E_USAGE,
			    "--memory-swap is memory and swap together: at least as "
			    "much as --memory");
	if (l->pids > INT32_MAX)
		return FAIL(e, E_USAGE, "--pids-limit: at most %d", INT32_MAX);
	if (l->cpu_shares && (l->cpu_shares < SHARES_LEAST || l->cpu_shares > SHARES_MOST))
		return FAIL(e, E_USAGE, "--cpu-shares: want %d to %d", SHARES_LEAST, SHARES_MOST);
	if (l->cpuset && (!*l->cpuset || strspn(l->cpuset, "0123456789,-") != strlen(l->cpuset)))
		return FAIL(e, E_USAGE, "--cpuset-cpus '%s': want numbers, such as 0-1,3",
			    l->cpuset);
	if (l->restart && l->restart->when != RESTART_NO &&
	    json_is_true(json_object_get(options, "rm")))
		return FAIL(e, E_USAGE, "--restart of a container that is removed when it ends");
	return 0;
}

/* One of both kinds of groups has the file. */
static int write_either(pid_t pid, const char *controller, const char *v1, const char *text1,
			const char *v2, const char *text2, struct err *e)
{
	int r = usage_write(pid, controller, v1, text1, e);

	if (r == E_NOTFOUND)
		r = usage_write(pid, "", v2, text2, e);
	if (r == E_NOTFOUND)
		return err_hint(e, FAIL(e, E_SYSTEM, "its control groups have no '%s'", v2),
				"stop it: the next start has the new limit");
	return r;
}

static int write_number(pid_t pid, const char *controller, const char *v1, const char *v2,
			uint64_t n, struct err *e)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return write_either(pid, controller, v1, text, v2, text, e);
}

/* Version 1 wants memory with swap never below memory: whichever way both move. */
static int write_memory(pid_t pid, const struct new_limits *l, struct err *e)
{
	const uint64_t both = l->memory_swap ?: l->memory;
	char total[32], swap[32];
	int r;

	(void)snprintf(total, sizeof(total), "%llu", (unsigned long long)both);
	(void)snprintf(swap, sizeof(swap), "%llu", (unsigned long long)(both - l->memory));
	(void)usage_write(pid, "memory", "memory.memsw.limit_in_bytes", total, NULL);
	r = write_number(pid, "memory", "memory.limit_in_bytes", "memory.max", l->memory, e);
	if (r < 0)
		return r;
	r = usage_write(pid, "memory", "memory.memsw.limit_in_bytes", total, e);
	if (r == E_NOTFOUND)
		r = usage_write(pid, "", "memory.swap.max", swap, e);
	return r == E_NOTFOUND ? 0 : r; /* a kernel that counts no swap */
}

static int write_cpu(pid_t pid, const struct new_limits *l, struct err *e)
{
	const uint64_t quota = l->cpu_milli * PERIOD_US / 1000;
	char one[32], both[64], shares[32], weight[32];
	int r = 0;

	(void)snprintf(one, sizeof(one), "%llu", (unsigned long long)quota);
	(void)snprintf(both, sizeof(both), "%llu %d", (unsigned long long)quota, PERIOD_US);
	(void)snprintf(shares, sizeof(shares), "%llu", (unsigned long long)l->cpu_shares);
	if (l->cpu_milli)
		r = write_either(pid, "cpu", "cpu.cfs_quota_us", one, "cpu.max", both, e);
	if (r < 0 || !l->cpu_shares)
		return r;
	/* 2 to 262144 are 1 to 10000, as runtimes have it. */
	(void)snprintf(weight, sizeof(weight), "%llu",
		       (unsigned long long)(1 + (l->cpu_shares - 2) * 9999 / 262142));
	return write_either(pid, "cpu", "cpu.shares", shares, "cpu.weight", weight, e);
}

static int write_groups(pid_t pid, const struct new_limits *l, struct err *e)
{
	int r = l->memory ? write_memory(pid, l, e) : 0;

	if (r == 0 && l->memory_reservation)
		r = write_number(pid, "memory", "memory.soft_limit_in_bytes", "memory.low",
				 l->memory_reservation, e);
	if (r == 0)
		r = write_cpu(pid, l, e);
	if (r == 0 && l->cpuset)
		r = write_either(pid, "cpuset", "cpuset.cpus", l->cpuset, "cpuset.cpus", l->cpuset,
				 e);
	if (r == 0 && l->pids)
		r = write_number(pid, "pids", "pids.max", "pids.max", l->pids, e);
	return r;
}

static int load(const struct container *c, const char *name, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_FILE_JSON);
	int r = fs_read(c->fd, name, LIMIT_FILE_JSON, &text, e);

	return r < 0 ? r : json_parse(buf_str(&text), text.n, name, ret, e);
}

static int save(const struct container *c, const char *name, const json_t *j, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_FILE_JSON);
	int r = json_pretty(j, &text, e);

	return r < 0 ? r : file_put(c->fd, name, buf_str(&text), text.n, e);
}

static void set(json_t *resources, const char *kind, const char *name, uint64_t n)
{
	json_t *o = json_object_get(resources, kind);

	if (n && json_is_object(o))
		(void)json_object_set_new(o, name, json_integer((json_int_t)n));
}

/* What inspect shows. One that was only created has none. */
static int keep_config(const struct container *c, const struct new_limits *l, struct err *e)
{
	auto_json *config = NULL;
	json_t *resources;

	if (load(c, "config.json", &config, NULL) < 0)
		return 0;
	resources = json_object_get(json_object_get(config, "linux"), "resources");
	set(resources, "memory", "limit", l->memory);
	set(resources, "memory", "swap", l->memory ? l->memory_swap ?: l->memory : 0);
	set(resources, "memory", "reservation", l->memory_reservation);
	set(resources, "cpu", "quota", l->cpu_milli * PERIOD_US / 1000);
	set(resources, "cpu", "period", l->cpu_milli ? PERIOD_US : 0);
	set(resources, "cpu", "shares", l->cpu_shares);
	set(resources, "pids", "limit", l->pids);
	return save(c, "config.json", config, e);
}

/* Of one that ended it is the next start's. */
static int set_restart(const struct container *c, const struct restart_policy *p, bool runs,
		       struct err *e)
{
	if (!runs)
		return 0;
	if (!c->detached && p->when != RESTART_NO)
		return FAIL(e, E_USAGE, "--restart is for a container in the background");
	return restart_begin(c, p, e);
}

int run_update(const struct state *state, const char *container, const struct new_limits *l,
	       struct err *e)
{
	auto_container c = CONTAINER_INIT;
	auto_json *run = NULL;
	struct container_status s;
	json_t *options;
	int r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, container, &c, e);
	if (r == 0)
		r = container_status(&c, &s, e);
	if (r == 0)
		r = load(&c, "run.json", &run, e);
	if (r < 0)
		return r;
	options = json_object_get(run, "options");
	r = check(l, options, e);
	if (r == 0 && s.phase == PHASE_RUNNING)
		r = write_groups(s.pid, l, e);
	if (r == 0 && l->restart)
		r = set_restart(&c, l->restart, s.phase == PHASE_RUNNING, e);
	if (r == 0 && json_object_update(options, (json_t *)(uintptr_t)l->options) < 0)
		r = FAIL_NOMEM(e);
	if (r == 0)
		r = save(&c, "run.json", run, e);
	if (r == 0)
		r = keep_config(&c, l, e);
	if (r == 0)
		(void)event_note(&c, "update", NULL, NULL);
	return r < 0 ? WRAP(e, r, "update container '%s'", c.name) : 0;
}

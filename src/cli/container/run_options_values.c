/* SPDX-License-Identifier: Apache-2.0 */
/* The options of run that are numbers, sizes and words, read. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/container/run_options.h"
#include "run/root/disk.h"

enum { STOP_TIMEOUT_MAX = 86400, TIMEOUT_MAX = 365 * 86400 };

static int parse_sizes(const struct run_cli_opts *o, struct run_opts *ret, struct err *e)
{
	const struct {
		const char *text;
		uint64_t *ret;
	} sizes[] = {
		{ o->memory, &ret->memory },
		{ o->memory_reservation, &ret->memory_reservation },
		{ o->memory_swap, &ret->memory_swap },
		{ o->shm_size, &ret->shm_size },
	};
	int r = 0;

	if (o->memory_swap && strcmp(o->memory_swap, "-1") == 0)
		return FAIL(e, E_POLICY, "--memory-swap -1: a container's memory has a limit");
	for (size_t i = 0; r == 0 && i < sizeof(sizes) / sizeof(*sizes); i++)
		if (sizes[i].text)
			r = run_parse_size(sizes[i].text, sizes[i].ret, e);
	return r;
}

/* docker's one key of it that is about a bound. */
static int parse_storage(const struct strv *words, struct run_opts *run, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < words->n; i++) {
		if (!starts_with(words->v[i], "size="))
			return FAIL(e, E_USAGE, "--storage-opt '%.60s': want size=SIZE",
				    words->v[i]);
		r = run_parse_size(words->v[i] + strlen("size="), &run->disk, e);
		if (r == 0 && run->disk < DISK_LEAST)
			r = FAIL(e, E_USAGE, "--storage-opt %.60s: the least is 16m", words->v[i]);
	}
	return r;
}

/* As docker: the quota of each period. What comes to as many cores is what they are for all else.
 */
static int parse_cpus(const struct run_cli_opts *o, struct run_opts *run, struct err *e)
{
	enum { PERIOD = 100000, LEAST = 10, MOST = 1024 * 1000 };
	uint64_t milli;

	run->cpu_period = o->cpu_period;
	if (o->cpus && (o->cpu_quota || o->cpu_period))
		return FAIL(e, E_USAGE,
			    "--cpus, and --cpu-period or --cpu-quota: they say the same");
	if (o->cpus)
		return run_parse_cpus(o->cpus, &run->cpu_milli, e);
	if (!o->cpu_quota || strcmp(o->cpu_quota, "0") == 0)
		return 0;
	if (o->cpu_quota[0] == '-')
		return FAIL(e, E_POLICY,
			    "--cpu-quota %.20s: a container's processor time has a limit",
			    o->cpu_quota);
	if (str_u64(str_of(o->cpu_quota), INT32_MAX, &run->cpu_quota, NULL) < 0)
		return FAIL(e, E_USAGE, "--cpu-quota '%.20s': want microseconds", o->cpu_quota);
	milli = run->cpu_quota * 1000 / (o->cpu_period ?: PERIOD);
	if (milli < LEAST || milli > MOST)
		return FAIL(e, E_USAGE, "--cpu-quota %.20s: from a hundredth of a core to 1024",
			    o->cpu_quota);
	run->cpu_milli = milli;
	return 0;
}

static int parse_number(const char *option, const char *text, uint64_t most, const char *what,
			uint64_t *ret, struct err *e)
{
	return !text || str_u64(str_of(text), most, ret, NULL) == 0
		       ? 0
		       : FAIL(e, E_USAGE, "--%s '%.40s': want %s", option, text, what);
}

static int parse_umask(const char *text, int *ret, struct err *e)
{
	*ret = -1;
	if (!text)
		return 0;
	if (!*text || strlen(text) > 4 || strspn(text, "01234567") != strlen(text) ||
	    strtol(text, NULL, 8) > 0777)
		return FAIL(e, E_USAGE, "--umask '%.20s': want an octal number such as 0022", text);
	*ret = (int)strtol(text, NULL, 8);
	return 0;
}

/* Which of our streams are handed on; none is named: all. */
static int parse_attach(const struct run_cli_opts *o, struct run_opts *run, struct err *e)
{
	const struct strv *l = &o->attach;

	if (l->n && o->detach)
		return FAIL(e, E_USAGE, "--attach and --detach: it is one or the other");
	run->no_stdout = run->no_stderr = l->n > 0 && !o->tty;
	for (size_t i = 0; i < l->n; i++) {
		if (strcasecmp(l->v[i], "stdin") == 0)
			run->interactive = true;
		else if (strcasecmp(l->v[i], "stdout") == 0)
			run->no_stdout = false;
		else if (strcasecmp(l->v[i], "stderr") == 0)
			run->no_stderr = false;
		else
			return FAIL(e, E_USAGE, "--attach '%.40s': want stdin, stdout or stderr",
				    l->v[i]);
	}
	return 0;
}

int run_options_values(const struct run_cli_opts *o, struct run_request *ret, struct err *e)
{
	struct run_opts *run = &ret->run;
	uint64_t seconds;
	int r = parse_sizes(o, run, e);

	if (r == 0)
		r = parse_storage(&o->storage_opt, run, e);
	if (r == 0)
		r = run_parse_log(o->log_driver, &o->log_opt, &run->log_max, e);
	if (r == 0)
		r = parse_cpus(o, run, e);
	if (r == 0)
		r = parse_umask(o->umask, &run->umask, e);
	if (r == 0)
		r = parse_attach(o, run, e);
	if (r == 0)
		r = parse_number("timeout", o->timeout, TIMEOUT_MAX, "a number of seconds",
				 &run->timeout, e);
	run->has_swappiness = o->memory_swappiness && strcmp(o->memory_swappiness, "-1") != 0;
	if (r == 0 && run->has_swappiness)
		r = parse_number("memory-swappiness", o->memory_swappiness, 100, "0 to 100",
				 &run->swappiness, e);
	if (r == 0 && o->stop_signal)
		r = signal_parse(o->stop_signal, &run->stop_signal, e);
	if (r == 0 && o->oom_score_adj)
		r = run_parse_oom_score(o->oom_score_adj, &run->oom_score_adj, e);
	/* systemd restarts what it started itself: cmd_generate.c. */
	if (r == 0 && o->restart)
		r = restart_parse(o->restart, &run->restart, e);
	if (getenv(SYSTEMD_UNIT_VARIABLE))
		run->restart.when = RESTART_NO;
	for (size_t i = 0; r == 0 && i < o->publish.n; i++)
		r = port_parse(o->publish.v[i], &ret->ports, e);
	if (r == 0 && o->stop_timeout) {
		if (str_u64(str_of(o->stop_timeout), STOP_TIMEOUT_MAX, &seconds, NULL) < 0)
			return FAIL(e, E_USAGE, "--stop-timeout '%s': want a number of seconds",
				    o->stop_timeout);
		run->stop_timeout = (int)seconds;
	}
	return r;
}

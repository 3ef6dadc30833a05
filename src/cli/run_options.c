/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_options.h"

#include <stdlib.h>
#include <string.h>

#include "confine/spec.h"
#include "oci/layer.h"
#include "run/root/secrets.h"

enum { STOP_TIMEOUT_MAX = 86400 };

/* Files first, so that what is given by itself goes before them, as docker does. */
static int settle_env(struct run_cli_opts *o, struct err *e)
{
	struct strv env = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->env_file.n; i++)
		r = run_parse_env_file(o->env_file.v[i], &env, e);
	for (size_t i = 0; r == 0 && i < o->env.n; i++)
		r = run_parse_env(o->env.v[i], &env, e);
	strv_free(&o->env);
	o->env = env;
	return r;
}

static int settle_labels(struct run_cli_opts *o, struct err *e)
{
	struct strv labels = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->label_file.n; i++)
		r = run_parse_label_file(o->label_file.v[i], &labels, e);
	for (size_t i = 0; r == 0 && i < o->label.n; i++)
		r = strv_add(&labels, o->label.v[i], e);
	strv_free(&o->label);
	o->label = labels;
	return r;
}

/* "./data:/data" is this folder's, wherever it is started from later. */
static int settle_volumes(struct run_cli_opts *o, struct err *e)
{
	struct strv volumes = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->volume.n; i++) {
		const char *text = o->volume.v[i];
		auto_free char *host = strndup(text, strcspn(text, ":")), *real = NULL;

		if (!host)
			return FAIL_NOMEM(e);
		if (host[0] == '.' && strchr(text, ':'))
			real = realpath(host, NULL);
		r = real ? strv_addf(&volumes, e, "%s%s", real, text + strlen(host))
			 : strv_add(&volumes, text, e);
	}
	strv_free(&o->volume);
	o->volume = volumes;
	return r;
}

/* The file is read at each start. */
static int settle_profile(struct run_cli_opts *o, struct strv *kept, struct err *e)
{
	auto_free char *real = o->profile ? realpath(o->profile, NULL) : NULL;
	int r;

	if (!o->profile)
		return 0;
	if (!real)
		return FAIL(e, E_NOTFOUND, "--profile: '%s' is not there", o->profile);
	r = strv_add(kept, real, e);
	if (r == 0)
		o->profile = kept->v[kept->n - 1];
	return r;
}

static int settle_secrets(struct run_cli_opts *o, struct err *e)
{
	struct strv secrets = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->secret.n; i++) {
		auto_free char *text = NULL;

		r = secret_settle(o->secret.v[i], &text, e);
		if (r == 0)
			r = strv_add(&secrets, text, e);
	}
	strv_free(&o->secret);
	o->secret = secrets;
	return r;
}

int run_options_settle(struct run_cli_opts *o, struct strv *kept, struct err *e)
{
	int r = settle_env(o, e);

	if (r == 0)
		r = settle_profile(o, kept, e);
	if (r == 0)
		r = settle_labels(o, e);
	if (r == 0)
		r = settle_secrets(o, e);
	return r == 0 ? settle_volumes(o, e) : r;
}

/* "linux/amd64" or "amd64", as docker takes it. */
static int check_platform(const char *platform, struct err *e)
{
	const char *slash = platform ? strchr(platform, '/') : NULL;
	int r;

	if (!platform || (strcmp(slash ? slash + 1 : platform, oci_architecture()) == 0 &&
			  (!slash || starts_with(platform, "linux/"))))
		return 0;
	r = FAIL(e, E_USAGE, "--platform %s: this machine runs linux/%s only", platform,
		 oci_architecture());
	return err_hint(e, r, "run without --platform");
}

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

static int parse_values(const struct run_cli_opts *o, struct run_request *ret, struct err *e)
{
	struct run_opts *run = &ret->run;
	uint64_t seconds;
	int r = parse_sizes(o, run, e);

	if (r == 0)
		r = run_parse_log(o->log_driver, &o->log_opt, &run->log_max, e);
	if (r == 0 && o->cpus)
		r = run_parse_cpus(o->cpus, &run->cpu_milli, e);
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

/* What the command line says goes before the profile. */
static int use_profile(const char *path, struct run_request *ret, struct err *e)
{
	struct run_opts *run = &ret->run;
	struct profile_file *f = &ret->profile;
	int r = profile_file_read(path, f, e);

	if (r < 0)
		return r;
	run->profile = &f->p;
	run->profile_caps = &f->caps;
	run->profile_write = &f->write;
	run->memory = run->memory ?: f->memory;
	run->pids = run->pids ?: f->pids;
	run->cpu_milli = run->cpu_milli ?: f->cpu_milli;
	run->writable |= f->writable;
	profile_file_needs(f, ret->needs);
	return 0;
}

/* Of a privileged container the profile's limits and rights that it gives are left. */
static void all_off(struct profile *own)
{
	struct profile p = profile_privileged;

	p.limits = own->limits;
	p.root_readonly = own->root_readonly;
	*own = p;
}

static int take_off(const struct run_cli_opts *o, struct run_request *ret, struct err *e)
{
	static const char *const none[] = { NULL };
	const struct run_asks *a = &ret->asks;

	ret->own = *(ret->run.profile ?: &profile_default);
	ret->own.no_seccomp |= a->no_seccomp;
	ret->own.no_apparmor |= a->no_apparmor;
	ret->own.no_landlock |= a->no_landlock;
	ret->own.no_selinux |= a->no_selinux;
	ret->own.new_privileges |= a->new_privileges;
	if (a->unmasked)
		ret->own.masked = ret->own.readonly = none;
	if (o->privileged)
		all_off(&ret->own);
	ret->run.profile = &ret->own;
	if (ret->own.new_privileges && !ret->own.no_landlock)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "no-new-privileges=false: Landlock allows no new privileges"),
				"--security-opt landlock=unconfined besides, by policy");
	return 0;
}

void run_request_free(struct run_request *r)
{
	profile_file_free(&r->profile);
	strv_free(&r->asks.words);
}

int run_options_request(const struct run_cli_opts *o, const char *image, const char *const *args,
			struct run_request *ret, struct err *e)
{
	int r = run_options_asks(o, &ret->asks, e);

	ret->ports.n = 0;
	ret->run = (struct run_opts){
		.name = o->name,
		.image = image,
		.command = { .entrypoint = o->entrypoint,
			     .args = args,
			     .env = &o->env,
			     .user = o->user,
			     .workdir = o->workdir },
		.detach = o->detach,
		.interactive = o->interactive,
		.tty = o->tty,
		.auto_remove = o->rm,
		.writable = o->writable,
		.look = o->explain || (!o->detach && !o->no_explain),
		.no_network = (o->network && strcmp(o->network, "none") == 0) ||
			      ret->asks.share.host[SHARE_NETWORK],
		.share = ret->asks.share,
		.ports = &ret->ports,
		.publish_all = o->publish_all,
		.volumes = &o->volume,
		.mounts = &o->mount,
		.tmpfs = &o->tmpfs,
		.labels = &o->label,
		.cap_add = &o->cap_add,
		.cap_drop = &o->cap_drop,
		.hosts = &o->add_host,
		.dns = &o->dns,
		.dns_search = &o->dns_search,
		.dns_options = &o->dns_option,
		.ulimits = &o->ulimit,
		.groups = &o->group_add,
		.sysctls = &o->sysctl,
		.devices = &o->device,
		.secrets = &o->secret,
		.reason = o->reason,
		.health = { .command = o->health_cmd,
			    .interval = o->health_interval,
			    .timeout = o->health_timeout,
			    .start_period = o->health_start_period,
			    .start_interval = o->health_start_interval,
			    .retries = o->health_retries,
			    .none = o->no_healthcheck },
		.runtime = o->runtime,
		.hostname = o->hostname,
		.pids = o->pids_limit,
		.cpu_shares = o->cpu_shares,
		.cpuset = o->cpuset_cpus,
		.stop_timeout = -1,
	};
	if (r == 0)
		r = check_platform(o->platform, e);
	if (r == 0)
		r = parse_values(o, ret, e);
	if (r == 0 && o->profile)
		r = use_profile(o->profile, ret, e);
	return r == 0 && ret->asks.words.n ? take_off(o, ret, e) : r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/run_options.h"

#include <stdlib.h>
#include <string.h>

#include "confine/spec.h"
#include "oci/layer.h"

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

/* Of one container in the background, or in the foreground. */
static int check_kind(const struct run_cli_opts *o, struct err *e)
{
	for (size_t i = 0; i < o->annotation.n; i++)
		if (!strchr(o->annotation.v[i], '=') || o->annotation.v[i][0] == '=')
			return FAIL(e, E_USAGE, "--annotation '%.100s': want KEY=VALUE",
				    o->annotation.v[i]);
	if (o->rmi && o->detach)
		return err_hint(e, FAIL(e, E_USAGE, "--rmi and --detach: the image is in use"),
				"plimsoll rmi IMAGE, once it ended");
	if (o->pidfile && !o->detach)
		return err_hint(e,
				FAIL(e, E_USAGE, "--pidfile: is for a container in the background"),
				"add --detach");
	return o->replace && !o->name ? FAIL(e, E_USAGE, "--replace: want --name NAME, too") : 0;
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
	run->disk = run->disk ?: f->disk;
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
	ret->own.apparmor = a->apparmor;
	if (a->apparmor)
		ret->own.no_apparmor = false;
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
		.init = o->init,
		.seccomp_file = ret->asks.seccomp_file,
		.detach = o->detach,
		.interactive = o->interactive,
		.tty = o->tty,
		.auto_remove = o->rm || o->rmi,
		.writable = o->writable,
		.look_reads = o->explain,
		.look = o->explain || (!o->detach && !o->no_explain),
		.no_network = (o->network && strcmp(o->network, "none") == 0) ||
			      ret->asks.share.host[SHARE_NETWORK] ||
			      ret->asks.share.of[SHARE_NETWORK],
		.share = ret->asks.share,
		.ports = &ret->ports,
		.publish_all = o->publish_all,
		.expose = &o->expose,
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
			    .on_failure = o->health_on_failure,
			    .none = o->no_healthcheck },
		.runtime = o->runtime,
		.hostname = o->hostname,
		.pids = o->pids_limit,
		.cpu_shares = o->cpu_shares,
		.cpuset = o->cpuset_cpus,
		.cpuset_mems = o->cpuset_mems,
		.blkio_weight = o->blkio_weight,
		.disks = { .weight = &o->blkio_weight_device,
			   .read_bps = &o->device_read_bps,
			   .write_bps = &o->device_write_bps,
			   .read_iops = &o->device_read_iops,
			   .write_iops = &o->device_write_iops },
		.stop_timeout = -1,
	};
	if (r == 0)
		r = check_platform(o->platform, e);
	if (r == 0)
		r = check_kind(o, e);
	if (r == 0)
		r = run_options_values(o, ret, e);
	if (r == 0 && o->profile)
		r = use_profile(o->profile, ret, e);
	return r == 0 && ret->asks.words.n ? take_off(o, ret, e) : r;
}

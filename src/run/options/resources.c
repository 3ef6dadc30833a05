/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/resources.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "run/root/devices.h"

enum {
	SHARES_MIN = 2,
	SHARES_MAX = 1024,
	SWAPPINESS_MAX = 100,
	WEIGHT_MIN = 10,
	WEIGHT_MAX = 1000,
	PERIOD_MIN = 1000,
	PERIOD_MAX = 1000000,
	PERIOD_DEFAULT = 100000,
	QUOTA_MIN = 1000,
};

/* A limit of one disk, as "PATH:RATE". */
static const struct disk {
	const char *option, *key; /* of the specification's "blockIO" */
	const char *value;	  /* what it calls the number */
	size_t offset;		  /* of the list in struct run_disks */
	bool bytes;
} disks[] = {
	{ "--blkio-weight-device", "weightDevice", "weight", offsetof(struct run_disks, weight),
	  false },
	{ "--device-read-bps", "throttleReadBpsDevice", "rate",
	  offsetof(struct run_disks, read_bps), true },
	{ "--device-write-bps", "throttleWriteBpsDevice", "rate",
	  offsetof(struct run_disks, write_bps), true },
	{ "--device-read-iops", "throttleReadIOPSDevice", "rate",
	  offsetof(struct run_disks, read_iops), false },
	{ "--device-write-iops", "throttleWriteIOPSDevice", "rate",
	  offsetof(struct run_disks, write_iops), false },
};

static const struct strv *list_of(const struct run_opts *o, const struct disk *d)
{
	const union {
		const char *at;
		const struct strv *const *list;
	} u = { .at = (const char *)&o->disks + d->offset };

	return *u.list;
}

/* {"major","minor",value}. Owned. */
static int disk_limit(const struct disk *d, const char *text, json_t **ret, struct err *e)
{
	const char *colon = strrchr(text, ':');
	auto_free char *path = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	uint64_t n = 0;
	struct stat st;
	bool ok;

	if (!path)
		return FAIL_NOMEM(e);
	ok = colon && path[0] == '/' &&
	     (d->bytes ? run_parse_size(colon + 1, &n, NULL)
		       : str_u64(str_of(colon + 1), UINT32_MAX, &n, NULL)) == 0 &&
	     n > 0;
	if (ok && strcmp(d->value, "weight") == 0)
		ok = n >= WEIGHT_MIN && n <= WEIGHT_MAX;
	if (!ok)
		return FAIL(e, E_USAGE, "%s '%.100s': want DEVICE:%s", d->option, text,
			    d->bytes ? "RATE, such as /dev/sda:1m"
			    : strcmp(d->value, "weight") == 0
				    ? "WEIGHT, such as /dev/sda:200, from 10 to 1000"
				    : "RATE, such as /dev/sda:1000");
	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return err_hint(e,
				FAIL(e, E_NOTFOUND, "%s '%.100s': '%s' is no block device",
				     d->option, text, path),
				"lsblk -p lists them");
	*ret = json_pack("{s:I, s:I, s:I}", "major", (json_int_t)major(st.st_rdev), "minor",
			 (json_int_t)minor(st.st_rdev), d->value, (json_int_t)n);
	return *ret ? 0 : FAIL_NOMEM(e);
}

static int check_disks(const struct run_opts *o, struct err *e)
{
	if (o->blkio_weight && (o->blkio_weight < WEIGHT_MIN || o->blkio_weight > WEIGHT_MAX))
		return FAIL(e, E_USAGE, "--blkio-weight: want %d to %d", WEIGHT_MIN, WEIGHT_MAX);
	for (size_t i = 0; i < sizeof(disks) / sizeof(*disks); i++) {
		const struct strv *list = list_of(o, &disks[i]);

		for (size_t n = 0; list && n < list->n; n++) {
			json_t *j = NULL;
			int r = disk_limit(&disks[i], list->v[n], &j, e);

			json_decref(j);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int check_cpus(const struct run_opts *o, struct err *e)
{
	if (o->cpu_shares && (o->cpu_shares < SHARES_MIN || o->cpu_shares > SHARES_MAX))
		return FAIL(e, E_USAGE, "--cpu-shares: want %d to %d", SHARES_MIN, SHARES_MAX);
	if (o->cpu_period && (o->cpu_period < PERIOD_MIN || o->cpu_period > PERIOD_MAX))
		return FAIL(e, E_USAGE, "--cpu-period: want %d to %d microseconds", PERIOD_MIN,
			    PERIOD_MAX);
	if (o->cpu_quota && o->cpu_quota < QUOTA_MIN)
		return FAIL(e, E_USAGE, "--cpu-quota: want at least %d microseconds", QUOTA_MIN);
	if (o->cpuset && (!*o->cpuset || strspn(o->cpuset, "0123456789,-") != strlen(o->cpuset)))
		return FAIL(e, E_USAGE, "--cpuset-cpus '%s': want numbers, such as 0-1,3",
			    o->cpuset);
	if (o->cpuset_mems &&
	    (!*o->cpuset_mems || strspn(o->cpuset_mems, "0123456789,-") != strlen(o->cpuset_mems)))
		return FAIL(e, E_USAGE, "--cpuset-mems '%s': want numbers, such as 0-1",
			    o->cpuset_mems);
	return 0;
}

int resources_check(const struct run_opts *o, struct err *e)
{
	int r = check_cpus(o, e);

	if (r == 0)
		r = check_disks(o, e);
	if (r < 0)
		return r;
	if (o->has_swappiness && o->swappiness > SWAPPINESS_MAX)
		return FAIL(e, E_USAGE, "--memory-swappiness: want 0 to %d", SWAPPINESS_MAX);
	if (o->memory && o->memory_reservation > o->memory)
		return FAIL(e, E_USAGE, "--memory-reservation is more than --memory");
	if (o->memory_swap && (!o->memory || o->memory_swap < o->memory))
		return err_hint(
			e,
			FAIL(e, E_USAGE,
			     "--memory-swap is memory and swap together: at least --memory"),
			"give --memory, too");
	return 0;
}

json_t *resources_object(json_t *o, const char *key)
{
	json_t *j = json_object_get(o, key);

	if (j)
		return j;
	if (json_object_set_new(o, key, json_object()) < 0)
		return NULL;
	return json_object_get(o, key);
}

static int apply_cpu(const struct run_opts *o, json_t *cpu, struct err *e)
{
	int r = o->cpu_shares ? json_put_u64(cpu, "shares", o->cpu_shares, e) : 0;

	if (r == 0 && o->cpu_quota)
		r = json_put_u64(cpu, "quota", o->cpu_quota, e);
	else if (r == 0 && o->cpu_period)
		r = json_put_u64(cpu, "quota",
				 (uint64_t)json_integer_value(json_object_get(cpu, "quota")) *
					 o->cpu_period / PERIOD_DEFAULT,
				 e);
	if (r == 0 && (o->cpu_quota || o->cpu_period))
		r = json_put_u64(cpu, "period", o->cpu_period ?: PERIOD_DEFAULT, e);
	if (r == 0 && o->cpuset)
		r = json_put_string(cpu, "cpus", o->cpuset, e);
	return r == 0 && o->cpuset_mems ? json_put_string(cpu, "mems", o->cpuset_mems, e) : r;
}

static int apply_memory(const struct setup *s, json_t *memory, struct err *e)
{
	const struct run_opts *o = s->opts;
	int r = 0;

	if (o->has_swappiness && s->machine->cgroups == CGROUP_V2)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "--memory-swappiness: control groups of version 2 have none"),
				"--memory-swap says how much swap there is");
	if (o->has_swappiness)
		r = json_put_u64(memory, "swappiness", o->swappiness, e);
	if (r == 0 && o->memory_reservation)
		r = json_put_u64(memory, "reservation", o->memory_reservation, e);
	return r == 0 && o->memory_swap ? json_put_u64(memory, "swap", o->memory_swap, e) : r;
}

static int apply_disks(const struct run_opts *o, json_t *resources, struct err *e)
{
	auto_json *io = json_object();
	int r = io ? 0 : FAIL_NOMEM(e);

	if (r == 0 && o->blkio_weight)
		r = json_put_u64(io, "weight", o->blkio_weight, e);
	for (size_t i = 0; r == 0 && i < sizeof(disks) / sizeof(*disks); i++) {
		const struct strv *list = list_of(o, &disks[i]);
		json_t *all = NULL;

		for (size_t n = 0; r == 0 && list && n < list->n; n++) {
			json_t *j = NULL;

			all = all ?: json_array();
			r = disk_limit(&disks[i], list->v[n], &j, e);
			if (r == 0)
				r = json_push(all, j, e);
		}
		if (r == 0 && all)
			r = json_put(io, disks[i].key, all, e);
		else
			json_decref(all);
	}
	return r == 0 && json_object_size(io) ? json_put(resources, "blockIO", json_incref(io), e)
					      : r;
}

/* What its control group lets through. */
static int apply_devices(const struct run_opts *o, json_t *rules, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && rules && o->devices && i < o->devices->n; i++) {
		struct device d = { 0 };

		r = device_parse(o->devices->v[i], &d, e);
		if (r == 0)
			r = json_push(rules,
				      json_pack("{s:b, s:s, s:I, s:I, s:s}", "allow", 1, "type",
						d.type == 'c' ? "c" : "b", "major",
						(json_int_t)d.major, "minor", (json_int_t)d.minor,
						"access", d.access),
				      e);
		device_free(&d);
	}
	return r;
}

/* An ordinary user whose control groups set none of it. */
static int check_lost(const struct run_opts *o, struct err *e)
{
	const char *lost = o->blkio_weight	   ? "--blkio-weight"
			   : o->has_swappiness	   ? "--memory-swappiness"
			   : o->cpuset_mems	   ? "--cpuset-mems"
			   : o->cpuset		   ? "--cpuset-cpus"
			   : o->cpu_shares	   ? "--cpu-shares"
			   : o->memory_reservation ? "--memory-reservation"
						   : NULL;

	for (size_t i = 0; !lost && i < sizeof(disks) / sizeof(*disks); i++)
		if (list_of(o, &disks[i]) && list_of(o, &disks[i])->n)
			lost = disks[i].option;
	if (!lost)
		return 0;
	return err_hint(e, FAIL(e, E_SYSTEM, "%s: no such limit can be set on this machine", lost),
			"run it as root, or without; plimsoll doctor says what is missing");
}

int resources_apply(const struct setup *s, json_t *linux_, struct err *e)
{
	json_t *resources = json_object_get(linux_, "resources"), *memory, *cpu;
	int r;

	if (!resources) /* no control groups: the caller knows of the profile's limits */
		return check_lost(s->opts, e);
	memory = resources_object(resources, "memory");
	cpu = resources_object(resources, "cpu");
	if (!memory || !cpu)
		return FAIL_NOMEM(e);
	r = apply_memory(s, memory, e);
	if (r == 0)
		r = apply_cpu(s->opts, cpu, e);
	if (r == 0)
		r = apply_disks(s->opts, resources, e);
	return r == 0 ? apply_devices(s->opts, json_object_get(resources, "devices"), e) : r;
}

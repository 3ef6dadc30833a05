/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { LIMIT_PATH = 4096, LIMIT_VALUE = 256, MIN_SHARES = 2, SHARES = 262142, WEIGHTS = 9999 };

/* In the first of the groups that has the file: 0, -1 with errno (ENOENT: none has). */
static int put(const struct groups *g, const char *file, const char *text)
{
	for (size_t i = 0; i < g->n; i++) {
		char path[LIMIT_PATH];
		auto_close int fd = -1;

		(void)snprintf(path, sizeof(path), "%s/%s", g->path[i], file);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
	}
	errno = ENOENT;
	return -1;
}

static bool has(const struct groups *g, const char *file)
{
	char path[LIMIT_PATH];

	for (size_t i = 0; i < g->n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", g->path[i], file);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* By the name that the version has for it. */
static int set(const struct groups *g, const char *v1, const char *v2, const char *text,
	       const char *what, struct err *e)
{
	if (put(g, v2, text) == 0 || (errno == ENOENT && put(g, v1, text) == 0))
		return 0;
	if (errno != ENOENT)
		return FAIL_SYS(e, "limit %s to %s", what, text);
	return err_hint(e,
			FAIL(e, E_SYSTEM,
			     "no limit of %s can be set: that controller is not this user's", what),
			"as root: a group of that controller below plimsoll-users, as plimsoll "
			"doctor tells for memory (cpuset: with its cpus and mems filled)");
}

static json_int_t number(const json_t *resources, const char *of, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(resources, of), name));
}

/* Less than 0 is none. */
static const char *limit_text(json_int_t n, bool v2, char ret[static LIMIT_VALUE])
{
	if (n < 0)
		return v2 ? "max" : "-1";
	(void)snprintf(ret, LIMIT_VALUE, "%lld", (long long)n);
	return ret;
}

static int apply_memory(const struct groups *g, bool v2, const json_t *res, struct err *e)
{
	const json_int_t limit = number(res, "memory", "limit"),
			 reserved = number(res, "memory", "reservation");
	json_int_t swap = number(res, "memory", "swap");
	char text[LIMIT_VALUE];
	int r = 0;

	/* v1's is the sum of both, and never below memory's own: raised first, lowered last. */
	if (swap && !v2)
		(void)put(g, "memory.memsw.limit_in_bytes", limit_text(swap, v2, text));
	if (limit)
		r = set(g, "memory.limit_in_bytes", "memory.max", limit_text(limit, v2, text),
			"memory", e);
	if (v2 && swap > 0)
		swap = swap > limit ? swap - limit : 0;
	if (r == 0 && number(res, "memory", "swap"))
		(void)put(g, v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
			  limit_text(swap, v2, text));
	if (r == 0 && reserved)
		r = set(g, "memory.soft_limit_in_bytes", "memory.low",
			limit_text(reserved, v2, text), "memory", e);
	return r;
}

static int apply_quota(const struct groups *g, bool v2, json_int_t quota, json_int_t period,
		       struct err *e)
{
	char text[LIMIT_VALUE], both[LIMIT_VALUE];

	if (v2) {
		(void)snprintf(both, sizeof(both), "%.20s %lld", limit_text(quota, v2, text),
			       (long long)(period ?: 100000));
		return set(g, "cpu.max", "cpu.max", both, "CPU time", e);
	}
	if (period && set(g, "cpu.cfs_period_us", "cpu.cfs_period_us", limit_text(period, v2, text),
			  "CPU time", e) < 0)
		return E_SYSTEM;
	return set(g, "cpu.cfs_quota_us", "cpu.cfs_quota_us", limit_text(quota, v2, text),
		   "CPU time", e);
}

static int apply_cpu(const struct groups *g, bool v2, const json_t *res, struct err *e)
{
	const json_t *cpu = json_object_get(res, "cpu");
	const char *cpus = json_string_value(json_object_get(cpu, "cpus")),
		   *mems = json_string_value(json_object_get(cpu, "mems"));
	json_int_t shares = number(res, "cpu", "shares"), quota = number(res, "cpu", "quota");
	char text[LIMIT_VALUE];
	int r = quota ? apply_quota(g, v2, quota, number(res, "cpu", "period"), e) : 0;

	if (v2 && shares >= MIN_SHARES)
		shares = 1 + (shares - MIN_SHARES) * WEIGHTS / SHARES;
	if (shares > 0)
		(void)put(g, v2 ? "cpu.weight" : "cpu.shares", limit_text(shares, v2, text));
	if (r == 0 && cpus)
		r = set(g, "cpuset.cpus", "cpuset.cpus", cpus, "processors", e);
	if (r == 0 && mems)
		r = set(g, "cpuset.mems", "cpuset.mems", mems, "memory nodes", e);
	return r;
}

/* How a limit of a disk is called: OCI's list, what v1 has a file for, and v2 a key of io.max. */
static const struct {
	const char *list, *v1, *v2, *value;
} disks[] = {
	{ "weightDevice", "blkio.bfq.weight_device", NULL, "weight" },
	{ "throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps", "rate" },
	{ "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps", "rate" },
	{ "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops", "rate" },
	{ "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops", "rate" },
};

static int apply_disk(const struct groups *g, bool v2, size_t which, const json_t *disk,
		      struct err *e)
{
	const json_int_t major = json_integer_value(json_object_get(disk, "major")),
			 minor = json_integer_value(json_object_get(disk, "minor")),
			 n = json_integer_value(json_object_get(disk, disks[which].value));
	char text[LIMIT_VALUE];

	if (v2 && disks[which].v2) {
		(void)snprintf(text, sizeof(text), "%lld:%lld %s=%lld", (long long)major,
			       (long long)minor, disks[which].v2, (long long)n);
		return set(g, "io.max", "io.max", text, "disks", e);
	}
	(void)snprintf(text, sizeof(text), "%lld:%lld %lld", (long long)major, (long long)minor,
		       (long long)n);
	return set(g, disks[which].v1, "io.bfq.weight", text, "disks", e);
}

static int apply_disks(const struct groups *g, bool v2, const json_t *res, struct err *e)
{
	const json_t *io = json_object_get(res, "blockIO"), *disk;
	const json_int_t weight = number(res, "blockIO", "weight");
	char text[LIMIT_VALUE];
	int r = weight ? set(g, "blkio.bfq.weight", "io.bfq.weight", limit_text(weight, v2, text),
			     "disks", e)
		       : 0;

	for (size_t i = 0; i < sizeof(disks) / sizeof(*disks); i++) {
		size_t n;

		json_array_foreach(json_object_get(io, disks[i].list), n, disk)
		{
			if (r == 0)
				r = apply_disk(g, v2, i, disk, e);
		}
	}
	return r;
}

/* How willingly it is swapped: v1 alone has that. */
static int apply_swappiness(const struct groups *g, const json_t *res, struct err *e)
{
	const json_t *n = json_object_get(json_object_get(res, "memory"), "swappiness");
	char text[LIMIT_VALUE];

	if (!n)
		return 0;
	return set(g, "memory.swappiness", "memory.swappiness",
		   limit_text(json_integer_value(n), false, text), "swappiness", e);
}

int groups_apply(const struct groups *g, const json_t *resources, struct err *e)
{
	const bool v2 = has(g, "cgroup.controllers");
	const json_int_t pids = number(resources, "pids", "limit");
	char text[LIMIT_VALUE];
	int r = apply_memory(g, v2, resources, e);

	if (r == 0 && pids)
		r = set(g, "pids.max", "pids.max", limit_text(pids, v2, text), "processes", e);
	if (r == 0)
		r = apply_cpu(g, v2, resources, e);
	if (r == 0)
		r = apply_swappiness(g, resources, e);
	return r == 0 ? apply_disks(g, v2, resources, e) : r;
}

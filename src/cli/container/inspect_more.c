/* SPDX-License-Identifier: Apache-2.0 */
/* What docker and podman show of a container besides: further words for what is known anyway. */
#include <stdlib.h>
#include <string.h>

#include "cli/container/container_inspect.h"

enum { NS_PER_MS = 1000000, STOP_TIMEOUT = 10 };

/* Option of run as it was given; otherwise: when it was not. */
static const char *option_of(const json_t *options, const char *name, const char *otherwise)
{
	return json_string_or_null(options, name) ?: otherwise;
}

static json_t *list_or_empty(const json_t *options, const char *name)
{
	json_t *list = json_object_get(options, name);

	return json_is_array(list) ? json_incref(list) : json_array();
}

/* docker's durations are nanoseconds. NULL: there is no check. */
static json_t *health_of(const struct container *c, const json_t *options)
{
	const char *asked = json_string_or_null(options, "health-cmd");
	static const char *const times[] = { "Interval", "Timeout", "StartPeriod",
					     "StartInterval" };
	auto_json *health = view_file(c, "health.json");
	const json_t *config = json_object_get(health, "config");
	json_t *j = config ? json_pack("{s:O, s:O}", "Test", json_object_get(config, "Test"),
				       "Retries", json_object_get(config, "Retries"))
			   : NULL;

	for (size_t i = 0; j && i < sizeof(times) / sizeof(*times); i++)
		(void)json_object_set_new(
			j, times[i],
			json_integer(json_integer_value(json_object_get(config, times[i])) *
				     NS_PER_MS));
	/* One that never ran has only what was asked for. */
	return j || !asked ? j : json_pack("{s:[s, s]}", "Test", "CMD-SHELL", asked);
}

/* One that never ran has it in its options only. */
static int stop_timeout_of(const struct inspect_facts *f)
{
	const char *asked = json_string_or_null(f->options, "stop-timeout");
	uint64_t seconds = STOP_TIMEOUT;

	if (asked && str_u64(str_of(asked), INT32_MAX, &seconds, NULL) < 0)
		seconds = STOP_TIMEOUT;
	return (int)seconds;
}

/* {"80/tcp": {}} */
static json_t *exposed_of(const struct container *c)
{
	json_t *all = json_object();

	for (size_t i = 0; c->ports && i < c->ports->n; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "%u/%s", c->ports->p[i].container,
			       c->ports->p[i].udp ? "udp" : "tcp");
		(void)json_object_set_new(all, key, json_object());
	}
	return all;
}

static int add_config(const struct inspect_facts *f, json_t *config, struct err *e)
{
	const bool interactive = json_is_true(json_object_get(f->options, "interactive"));
	json_t *annotations =
		json_object_get(json_object_get(f->whole, "HostConfig"), "Annotations");
	auto_json *more = json_pack(
		"{s:b, s:b, s:b, s:s, s:n, s:i, s:s, s:s, s:o*, s:o, s:O*, s:b, s:s}",
		"AttachStderr", !f->c->detached, "AttachStdin", interactive && !f->c->detached,
		"StdinOnce", interactive, "Domainname", "", "OnBuild", "StopTimeout",
		stop_timeout_of(f), "Umask", option_of(f->options, "umask", "0022"), "SdNotifyMode",
		option_of(f->options, "sdnotify", "ignore"), "Healthcheck",
		health_of(f->c, f->options), "ExposedPorts", exposed_of(f->c), "Annotations",
		annotations, "SystemdMode", 0, "HealthcheckOnFailureAction",
		option_of(f->options, "health-on-failure", "none"));

	if (!more)
		return FAIL_NOMEM(e);
	return json_object_update_missing(config, more) < 0 ? FAIL_NOMEM(e) : 0;
}

static json_t *log_config(const struct inspect_facts *f, const char *path)
{
	const char *size = NULL;
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(f->options, "log-opt"), i, one)
	{
		if (starts_with(json_string_value(one) ?: "", "max-size="))
			size = json_string_value(one) + strlen("max-size=");
	}
	return json_pack("{s:s, s:s, s:s, s:{s:s*}}", "Type",
			 option_of(f->options, "log-driver", "json-file"), "Path", path, "Size",
			 size ?: "", "Config", "max-size", size);
}

/* --tmpfs "/x:size=1m" is {"/x": "size=1m"}. */
static json_t *tmpfs_of(const json_t *options)
{
	json_t *all = json_object();
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(options, "tmpfs"), i, one)
	{
		const char *text = json_string_value(one) ?: "";
		const size_t n = strcspn(text, ":");
		auto_free char *path = strndup(text, n);

		if (path)
			(void)json_object_set_new(all, path,
						  json_string(text[n] ? text + n + 1 : ""));
	}
	return all;
}

static int add_host(const struct inspect_facts *f, json_t *host, const char *log, struct err *e)
{
	const json_t *linux_ = json_object_get(f->config, "linux");
	const json_t *memory = json_object_get(json_object_get(linux_, "resources"), "memory");
	const json_t *process = json_object_get(f->config, "process");
	auto_json *more = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:s, s:n}", "CgroupMode",
		option_of(f->options, "cgroupns", "private"), "Cgroups", "default", "LogConfig",
		log_config(f, log), "Tmpfs", tmpfs_of(f->options), "Devices",
		list_or_empty(f->options, "device"), "Ulimits", list_or_empty(f->options, "ulimit"),
		"VolumesFrom", list_or_empty(f->options, "volumes-from"), "DeviceCgroupRules",
		json_array(), "MemoryReservation",
		(json_int_t)json_integer_value(json_object_get(memory, "reservation")),
		"OomScoreAdj",
		(json_int_t)json_integer_value(json_object_get(process, "oomScoreAdj")),
		"PublishAllPorts", json_is_true(json_object_get(f->options, "publish-all")),
		"CgroupParent", "", "Links");

	if (!more)
		return FAIL_NOMEM(e);
	return json_object_update_missing(host, more) < 0 ? FAIL_NOMEM(e) : 0;
}

static int add_state(const struct inspect_facts *f, json_t *state, struct err *e)
{
	json_t *health = json_object_get(state, "Health");
	const bool runs = f->view->status.phase == PHASE_RUNNING;
	int r = json_put(state, "ConmonPid", json_integer(runs ? (json_int_t)f->c->monitor.pid : 0),
			 e);

	/* podman's older word. */
	return r == 0 && health ? json_put(state, "Healthcheck", json_incref(health), e) : r;
}

static int add_top(const struct inspect_facts *f, json_t *j, struct err *e)
{
	const json_t *process = json_object_get(f->config, "process");
	const json_t *caps = json_object_get(process, "capabilities");
	const char *slash = f->c->runtime ? strrchr(f->c->runtime, '/') : NULL;
	auto_free char *path = NULL;
	auto_json *more = NULL;

	if (asprintf(&path, "%s/config.json", f->c->folder) < 0)
		return FAIL_NOMEM(e);
	more = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:[], s:[], s:O*, s:O*}",
			 "ID", f->c->id, "ImageDigest", f->c->digest ?: "", "OCIRuntime",
			 slash ? slash + 1 : f->c->runtime ?: "", "OCIConfigPath", path,
			 "StaticDir", f->c->folder, "AppArmorProfile",
			 json_string_or_null(process, "apparmorProfile") ?: "", "ProcessLabel",
			 json_string_or_null(process, "selinuxLabel") ?: "", "Pod", "", "IsInfra", 0,
			 "ExecIDs", "Dependencies", "EffectiveCaps",
			 json_object_get(caps, "effective"), "BoundingCaps",
			 json_object_get(caps, "bounding"));
	if (!more)
		return FAIL_NOMEM(e);
	return json_object_update_missing(j, more) < 0 ? FAIL_NOMEM(e) : 0;
}

static int add_network(const struct inspect_facts *f, json_t *network, struct err *e)
{
	const bool runs = f->view->status.phase == PHASE_RUNNING;
	char key[64] = "";

	if (runs)
		(void)snprintf(key, sizeof(key), "/proc/%d/ns/net", (int)f->view->status.pid);
	return json_put_string(network, "SandboxKey", key, e);
}

int container_inspect_more(const struct inspect_facts *f, json_t *j, struct err *e)
{
	int r = add_top(f, j, e);

	if (r == 0)
		r = add_state(f, json_object_get(j, "State"), e);
	if (r == 0)
		r = add_config(f, json_object_get(j, "Config"), e);
	if (r == 0)
		r = add_host(f, json_object_get(j, "HostConfig"),
			     json_string_or_null(j, "LogPath") ?: "", e);
	return r == 0 ? add_network(f, json_object_get(j, "NetworkSettings"), e) : r;
}

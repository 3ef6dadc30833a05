/* SPDX-License-Identifier: Apache-2.0 */
/* HostConfig of `inspect`: what was asked for, and the limits that came of it. */
#include <stdlib.h>
#include <string.h>

#include "cli/container/container_facts.h"

json_t *facts_list(const struct facts *f, const char *option)
{
	const json_t *list = json_object_get(f->options, option);

	return json_is_array(list) ? json_deep_copy(list) : json_array();
}

const char *facts_text(const struct facts *f, const char *option, const char *otherwise)
{
	return json_string_or_null(f->options, option) ?: otherwise;
}

json_t *facts_bindings(const struct container *c)
{
	json_t *all = json_object();

	for (size_t i = 0; c->ports && i < c->ports->n; i++) {
		const struct port *p = &c->ports->p[i];
		char key[16], host[8];
		json_t *list;

		(void)snprintf(key, sizeof(key), "%u/%s", p->container, p->udp ? "udp" : "tcp");
		(void)snprintf(host, sizeof(host), "%u", p->host);
		list = json_object_get(all, key);
		if (!list) {
			list = json_array();
			(void)json_object_set_new(all, key, list);
		}
		(void)json_array_append_new(list, json_pack("{s:s, s:s}", "HostIp",
							    p->ip[0] ? p->ip : "0.0.0.0",
							    "HostPort", host));
	}
	return all;
}

static int64_t limit_of(const json_t *resources, const char *kind, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(resources, kind), name));
}

/* Quota and period to billionths of a core. */
static int64_t nano_cpus(const json_t *resources)
{
	const int64_t period = limit_of(resources, "cpu", "period");

	return period > 0 ? limit_of(resources, "cpu", "quota") * 1000000000 / period : 0;
}

/* The one it was made with, whoever chose it. A container that was only created has none yet. */
const char *facts_runtime(const struct container *c)
{
	const char *slash = c->runtime ? strrchr(c->runtime, '/') : NULL;

	return slash ? slash + 1 : c->runtime ?: "";
}

/* {"KEY": "VALUE"} of --annotation. */
static json_t *annotations_json(const struct facts *f)
{
	json_t *j = json_object();
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(f->options, "annotation"), i, one)
	{
		const char *text = json_string_value(one) ?: "";
		const size_t n = strcspn(text, "=");
		auto_free char *key = strndup(text, n);

		if (key && text[n])
			(void)json_object_set_new(j, key, json_string(text + n + 1));
	}
	return j;
}

/* Of the mount on /dev/shm, "size=65536k". 0: it has none of its own. */
static uint64_t shm_size(const struct facts *f)
{
	const json_t *mount, *option;
	uint64_t size = 0;
	size_t i, k;

	json_array_foreach(json_object_get(f->config, "mounts"), i, mount)
	{
		if (strcmp(json_string_or_null(mount, "destination") ?: "", "/dev/shm") != 0)
			continue;
		json_array_foreach(json_object_get(mount, "options"), k, option)
		{
			const char *text = json_string_value(option) ?: "";
			char *end = NULL;

			if (!starts_with(text, "size="))
				continue;
			size = strtoull(text + strlen("size="), &end, 10);
			size <<= *end == 'k' ? 10 : *end == 'm' ? 20 : *end == 'g' ? 30 : 0;
		}
	}
	return size;
}

json_t *facts_host_config(const struct facts *f)
{
	const json_t *linux_ = json_object_get(f->config, "linux");
	const json_t *resources = json_object_get(linux_, "resources");
	const json_t *root = json_object_get(f->config, "root");
	const json_t *caps =
		json_object_get(json_object_get(f->process, "capabilities"), "bounding");

	return json_pack(
		"{s:o, s:s, s:o, s:{s:s, s:I}, s:b, s:o, s:o, s:O*, s:o, s:o, s:o, s:o, s:o, s:s, "
		"s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:b, s:o, "
		"s:I, s:I, s:s, s:I}",
		"Binds", facts_list(f, "volume"), "NetworkMode", facts_text(f, "network", "pasta"),
		"PortBindings", facts_bindings(f->c), "RestartPolicy", "Name",
		json_string_or_null(f->restart, "policy") ?: "no", "MaximumRetryCount",
		(json_int_t)json_integer_value(json_object_get(f->restart, "max")), "AutoRemove",
		f->c->auto_remove, "CapAdd", facts_list(f, "cap-add"), "CapDrop",
		facts_list(f, "cap-drop"), "Capabilities", caps, "Dns", facts_list(f, "dns"),
		"DnsOptions", facts_list(f, "dns-option"), "DnsSearch", facts_list(f, "dns-search"),
		"ExtraHosts", facts_list(f, "add-host"), "GroupAdd", facts_list(f, "group-add"),
		"IpcMode", facts_text(f, "ipc", "private"), "PidMode", facts_text(f, "pid", ""),
		"UsernsMode",
		json_is_true(json_object_get(f->options, "privileged"))
			? "host"
			: facts_text(f, "userns", "private"),
		"UTSMode", facts_text(f, "uts", ""), "CgroupnsMode",
		facts_text(f, "cgroupns", "private"), "Privileged",
		json_is_true(json_object_get(f->options, "privileged")), "ReadonlyRootfs",
		json_is_true(json_object_get(root, "readonly")), "SecurityOpt",
		facts_list(f, "security-opt"), "Memory",
		(json_int_t)limit_of(resources, "memory", "limit"), "MemorySwap",
		(json_int_t)limit_of(resources, "memory", "swap"), "NanoCpus",
		(json_int_t)nano_cpus(resources), "CpuShares",
		(json_int_t)limit_of(resources, "cpu", "shares"), "PidsLimit",
		(json_int_t)limit_of(resources, "pids", "limit"), "CpusetCpus",
		facts_text(f, "cpuset-cpus", ""), "Runtime", facts_runtime(f->c), "Init",
		json_is_true(json_object_get(f->options, "init")), "Annotations",
		annotations_json(f), "CpuPeriod", (json_int_t)limit_of(resources, "cpu", "period"),
		"CpuQuota", (json_int_t)limit_of(resources, "cpu", "quota"), "CpusetMems",
		facts_text(f, "cpuset-mems", ""), "ShmSize", (json_int_t)shm_size(f));
}

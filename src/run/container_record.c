/* SPDX-License-Identifier: Apache-2.0 */
/* A container's record as JSON. */
#include "run/container_internal.h"
#include "run/file.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

static json_t *ports_json(const struct ports *ports)
{
	json_t *a = json_array();

	for (size_t i = 0; a && ports && i < ports->n; i++)
		(void)json_array_append_new(a, json_pack("{s:s, s:i, s:i, s:b}", "ip",
							 ports->p[i].ip, "host", ports->p[i].host,
							 "container", ports->p[i].container, "udp",
							 ports->p[i].udp));
	return a;
}

int container_save(const struct container *c, struct err *e)
{
	auto_json *j = json_pack(
		"{s:s, s:i, s:s, s:s, s:b, s:I, s:b, s:b, s:b, s:i, s:i, s:I, s:i, s:I, s:s*, "
		"s:s*, s:s*, "
		"s:s*, "
		"s:O*, s:O*, s:o}",
		"schema", "plimsoll.container/v1", "createdNanos", c->created_nanos, "id", c->id,
		"name", c->name, "step", c->kind == CONTAINER_STEP, "created",
		(json_int_t)c->created, "autoRemove", c->auto_remove, "detached", c->detached,
		"clean", c->clean, "stopSignal", c->stop_signal, "stopTimeout", c->stop_timeout,
		"idBase", (json_int_t)c->id_base, "monitorPid", (int)c->monitor.pid, "monitorStart",
		(json_int_t)c->monitor.start, "runtime", c->runtime, "image", c->image, "digest",
		c->digest, "command", c->command, "labels", c->labels, "volumes", c->volumes,
		"ports", ports_json(c->ports));
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	int r;

	if (!j)
		return FAIL(e, E_FORMAT, "record of container %.12s: text is not UTF-8", c->id);
	r = json_pretty(j, &text, e);
	if (r == 0)
		r = file_put(c->fd, "state.json", buf_str(&text), text.n, e);
	return r < 0 ? WRAP(e, r, "record of container %.12s", c->id) : 0;
}

static int load_ports(const json_t *j, struct ports **ret, struct err *e)
{
	const json_t *a = json_object_get(j, "ports"), *v;
	struct ports *p;
	size_t i;

	if (json_array_size(a) == 0)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return FAIL_NOMEM(e);
	json_array_foreach(a, i, v)
	{
		struct port *at = &p->p[p->n];

		if (p->n == LIMIT_PORTS)
			break;
		(void)snprintf(at->ip, sizeof(at->ip), "%s", json_string_or_null(v, "ip") ?: "");
		at->host = (uint16_t)json_integer_value(json_object_get(v, "host"));
		at->container = (uint16_t)json_integer_value(json_object_get(v, "container"));
		at->udp = json_is_true(json_object_get(v, "udp"));
		p->n++;
	}
	*ret = p;
	return 0;
}

static char *copy_or_null(const json_t *j, const char *key)
{
	const char *s = json_string_or_null(j, key);

	return s ? strdup(s) : NULL;
}

int container_fields(const json_t *j, struct container *c, struct err *e)
{
	const json_t *timeout;
	const char *name;
	int r = json_get_string(j, "name", &name, "state.json", e);

	if (r < 0)
		return r;
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	c->kind = json_is_true(json_object_get(j, "step")) ? CONTAINER_STEP : CONTAINER_SERVICE;
	c->created = json_integer_value(json_object_get(j, "created"));
	c->created_nanos = (int)json_integer_value(json_object_get(j, "createdNanos"));
	c->auto_remove = json_is_true(json_object_get(j, "autoRemove"));
	c->detached = json_is_true(json_object_get(j, "detached"));
	c->clean = json_is_true(json_object_get(j, "clean"));
	c->stop_signal = (int)json_integer_value(json_object_get(j, "stopSignal"));
	timeout = json_object_get(j, "stopTimeout");
	c->stop_timeout = timeout ? (int)json_integer_value(timeout) : -1;
	c->id_base = (uint32_t)json_integer_value(json_object_get(j, "idBase"));
	c->monitor.pid = (pid_t)json_integer_value(json_object_get(j, "monitorPid"));
	c->monitor.start = (uint64_t)json_integer_value(json_object_get(j, "monitorStart"));
	c->runtime = copy_or_null(j, "runtime");
	c->image = copy_or_null(j, "image");
	c->digest = copy_or_null(j, "digest");
	c->command = copy_or_null(j, "command");
	c->labels = json_incref(json_object_get(j, "labels"));
	c->volumes = json_incref(json_object_get(j, "volumes"));
	return load_ports(j, &c->ports, e);
}

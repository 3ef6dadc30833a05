/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/spec_mounts.h"

#include <stdio.h>
#include <string.h>

/* "a,b" to ["a","b"]. */
static json_t *split(const char *commas)
{
	json_t *a = json_array();
	struct str rest = str_of(commas), word;

	while (a && str_cut(&rest, ',', &word))
		if (json_array_append_new(a, json_stringn(word.p, word.n)) < 0) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static int add_mount(json_t *mounts, const char *target, const char *type, const char *source,
		     const char *options, struct err *e)
{
	return json_push(mounts,
			 json_pack("{s:s, s:s, s:s, s:o}", "destination", target, "type", type,
				   "source", source, "options", split(options)),
			 e);
}

bool spec_is_host(const char *ns)
{
	return ns && strcmp(ns, SPEC_HOST) == 0;
}

/*
 * The kernel mounts /proc, /sys and queues only for who owns the namespace that they show. A
 * container with ids of its own and a namespace of the host's is shown the host's by a bind mount,
 * with all that is mounted in there. Returns whether it is to be left out.
 */
static bool host_mount(const struct spec *s, const struct profile_mount *m, const char **type,
		       const char **source)
{
	const bool shm = strcmp(m->target, "/dev/shm") == 0;
	const bool shown = (strcmp(m->type, "proc") == 0 && spec_is_host(s->pidns)) ||
			   (strcmp(m->type, "sysfs") == 0 && spec_is_host(s->netns)) ||
			   (strcmp(m->type, "mqueue") == 0 && spec_is_host(s->ipcns));

	if (shm && s->shm) {
		*type = "bind";
		*source = s->shm;
	} else if (shown && s->userns) {
		*type = "bind";
		*source = m->target;
	}
	return strcmp(m->type, "mqueue") == 0 && s->no_mqueue;
}

/* Of a bind mount only what restricts it. */
static int add_profile_mount(const struct spec *s, const struct profile_mount *m, json_t *mounts,
			     struct err *e)
{
	const char *type = m->type, *source = m->source;
	auto_buf options = BUF_INIT(256);
	struct str rest = str_of(m->options), word;

	if (host_mount(s, m, &type, &source))
		return 0;
	if (type == m->type)
		return add_mount(mounts, m->target, type, source, m->options, e);
	buf_puts(&options, "rbind");
	while (str_cut(&rest, ',', &word))
		if (str_eqz(word, "nosuid") || str_eqz(word, "noexec") || str_eqz(word, "nodev") ||
		    str_eqz(word, "ro"))
			buf_printf(&options, ",%.*s", (int)word.n, word.p);
	return add_mount(mounts, m->target, type, source, buf_str(&options), e);
}

/* What was asked for goes there instead. */
static bool replaced(const struct spec *s, const struct profile_mount *m)
{
	for (size_t i = 0; i < s->mounts_n; i++)
		if (strcmp(s->mounts[i].target, m->target) == 0)
			return true;
	return false;
}

int spec_mounts(const struct spec *s, json_t *mounts, struct err *e)
{
	int r = 0;

	for (const struct profile_mount *m = s->profile->mounts; r == 0 && m->target; m++)
		if ((s->cgroup || strcmp(m->type, "cgroup") != 0) && !replaced(s, m))
			r = add_profile_mount(s, m, mounts, e);
	for (size_t i = 0; r == 0 && i < s->mounts_n; i++)
		r = add_mount(mounts, s->mounts[i].target, s->mounts[i].type, s->mounts[i].source,
			      s->mounts[i].options, e);
	return r;
}

static void add_namespace(json_t *list, const char *type, const char *file)
{
	if (!spec_is_host(file))
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:s*}", "type", type, "path", file));
}

json_t *spec_namespaces(const struct spec *s)
{
	json_t *a = json_array();

	if (!a)
		return NULL;
	add_namespace(a, "pid", s->pidns);
	add_namespace(a, "mount", NULL);
	add_namespace(a, "ipc", s->ipcns);
	add_namespace(a, "uts", s->utsns);
	add_namespace(a, "network", s->netns);
	if (s->userns)
		add_namespace(a, "user", s->userns);
	if (s->cgroup_ns)
		add_namespace(a, "cgroup", NULL);
	return a;
}

/* Of the network that is its own. Low ports belong to that: no capability is needed for them. */
json_t *spec_sysctls(const struct spec *s)
{
	char ping[24]; /* groups that may send echo requests: all */

	(void)snprintf(ping, sizeof(ping), "0 %u", s->ids ? s->ids - 1 : INT32_MAX);
	return !s->network_shared ? json_pack("{s:s, s:s}", "net.ipv4.ip_unprivileged_port_start",
					      "0", "net.ipv4.ping_group_range", ping)
				  : json_object();
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/container_inspect.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/container/container_facts.h"
#include "confine/shim.h"
#include "run/root/volume.h"

enum { LIMIT_DENIALS = 256 * 1024 };

static void facts_release(struct facts *f)
{
	json_decref(f->run);
	json_decref(f->config);
	json_decref(f->restart);
}
#define auto_facts __attribute__((cleanup(facts_release))) struct facts

static const char *time_text(int64_t t, char ret[static RFC3339_MAX])
{
	if (t)
		clock_rfc3339(t, ret);
	return t ? ret : "0001-01-01T00:00:00Z"; /* docker's word for never */
}

static json_t *state_json(const struct facts *f)
{
	const struct container_status *s = &f->view.status;
	const bool running = s->phase == PHASE_RUNNING;
	const bool waiting = json_is_true(json_object_get(f->restart, "waiting"));
	char started[RFC3339_MAX], finished[RFC3339_MAX];
	json_t *j = json_pack(
		"{s:s, s:b, s:b, s:b, s:b, s:b, s:i, s:i, s:s, s:s, s:s}", "Status",
		!running && waiting ? "restarting" : f->view.state, "Running", running, "Paused",
		strcmp(f->view.state, "paused") == 0, "Restarting", !running && waiting,
		"OOMKilled", faccessat(f->c->fd, "oom", F_OK, AT_SYMLINK_NOFOLLOW) == 0, "Dead", 0,
		"Pid", (int)s->pid, "ExitCode", s->exit, "Error",
		json_string_or_null(f->restart, "error") ?: "", "StartedAt",
		time_text(s->started, started), "FinishedAt", time_text(s->finished, finished));
	json_t *health = view_file(f->c, "health.json");

	if (j && health)
		(void)json_object_set_new(j, "Health", health);
	return j;
}

/* The command without the shim before it. */
static json_t *argv_of(const struct facts *f)
{
	const json_t *args = json_object_get(f->process, "args"), *v;
	json_t *ret = json_array();
	bool shim = strcmp(json_string_value(json_array_get(args, 0)) ?: "", SHIM_PATH) == 0;
	size_t i;

	json_array_foreach(args, i, v)
	{
		if (!shim)
			(void)json_array_append(ret, (json_t *)(uintptr_t)v);
		else if (strcmp(json_string_value(v) ?: "", "--") == 0)
			shim = false;
	}
	return ret;
}

static const char *signal_name(int signal, char ret[static 16])
{
	const char *name = sigabbrev_np(signal ?: SIGTERM);

	(void)snprintf(ret, 16, "SIG%s", name ?: "TERM");
	return ret;
}

static json_t *config_json(const struct facts *f, const json_t *argv)
{
	const json_t *env = json_object_get(f->process, "env");
	const json_t *user = json_object_get(f->process, "user");
	char numbers[64], stop[16];

	(void)snprintf(numbers, sizeof(numbers), "%lld:%lld",
		       (long long)json_integer_value(json_object_get(user, "uid")),
		       (long long)json_integer_value(json_object_get(user, "gid")));
	return json_pack("{s:s, s:s, s:b, s:b, s:b, s:O*, s:O, s:n, s:s, s:s, s:O*, s:s}",
			 "Hostname", json_string_or_null(f->config, "hostname") ?: "", "User",
			 facts_text(f, "user", f->process ? numbers : ""), "Tty",
			 json_is_true(json_object_get(f->process, "terminal")), "OpenStdin",
			 json_is_true(json_object_get(f->options, "interactive")), "AttachStdout",
			 !f->c->detached, "Env", env ?: json_object_get(f->options, "env"), "Cmd",
			 argv, "Entrypoint", "Image", f->c->image ?: "", "WorkingDir",
			 json_string_or_null(f->process, "cwd") ?: "", "Labels", f->c->labels,
			 "StopSignal", signal_name(f->c->stop_signal, stop));
}

static int add_mount(const struct facts *f, const struct volume *v, json_t *list, struct err *e)
{
	static const char *const kinds[] = { "bind", "volume", "volume", "tmpfs" };
	auto_free char *named = NULL;

	/* <state>/containers/<id> is the container's folder. */
	if (v->kind == VOLUME_NAMED &&
	    asprintf(&named, "%.*s/volumes/%s/_data",
		     (int)(strlen(f->c->folder) - strlen("/containers/") - CONTAINER_ID),
		     f->c->folder, v->source) < 0)
		return FAIL_NOMEM(e);

	return json_push(list,
			 json_pack("{s:s, s:s*, s:s, s:s, s:s, s:b}", "Type", kinds[v->kind],
				   "Name", v->kind == VOLUME_NAMED ? v->source : NULL, "Source",
				   named		    ? named
				   : v->kind == VOLUME_BIND ? v->source
							    : "",
				   "Destination", v->target, "Mode", v->read_only ? "ro" : "", "RW",
				   !v->read_only),
			 e);
}

static int add_mounts(const struct facts *f, const char *option,
		      int (*parse)(const char *text, struct volume *ret, struct err *e),
		      json_t *list, struct err *e)
{
	const json_t *texts = json_object_get(f->options, option), *text;
	size_t i;
	int r = 0;

	json_array_foreach(texts, i, text)
	{
		struct volume v = { 0 };

		if (r < 0)
			break;
		/* What cannot be understood any more is left out. */
		if (parse(json_string_value(text) ?: "", &v, NULL) == 0)
			r = add_mount(f, &v, list, e);
		volume_free(&v);
	}
	return r;
}

/* One JSON object a line; a line that is none is a string. */
static json_t *denials_json(const struct container *c)
{
	auto_buf text = BUF_INIT(LIMIT_DENIALS);
	json_t *list = json_array();
	struct str rest, line;

	(void)fs_read(c->fd, "denials", LIMIT_DENIALS, &text, NULL);
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		json_t *j = NULL;

		if (line.n == 0)
			continue;
		if (json_parse(line.p, line.n, "denials", &j, NULL) < 0)
			j = json_stringn(line.p, line.n);
		if (j)
			(void)json_array_append_new(list, j);
	}
	return list;
}

static json_t *own_json(const struct facts *f)
{
	auto_json *allowed = view_allowed(f->c);

	return json_pack("{s:s, s:s*, s:I, s:o*, s:O*, s:o, s:O*}", "Digest", f->c->digest ?: "",
			 "Profile", json_string_or_null(f->options, "profile"), "IdBase",
			 (json_int_t)f->c->id_base, "Admission", view_file(f->c, "admission.json"),
			 "Allowed", allowed, "Denials", denials_json(f->c), "Options", f->options);
}

/* It shares the host's address (pasta), so that there is none to reach it by: only its ports. */
static json_t *network_json(const struct facts *f)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:{s:{s:s, s:s, s:s}}}", "Ports",
			 facts_bindings(f->c), "IPAddress", "", "Gateway", "", "MacAddress", "",
			 "GlobalIPv6Address", "", "Networks", view_network(f->run), "IPAddress", "",
			 "Gateway", "", "MacAddress", "");
}

static int add_parts(const struct facts *f, json_t *j, struct err *e)
{
	auto_json *argv = argv_of(f);
	json_t *args = json_array(), *mounts = json_array();
	int r;

	for (size_t i = 1; i < json_array_size(argv); i++)
		(void)json_array_append(args, json_array_get(argv, i));
	r = json_put_string(j, "Path", json_string_value(json_array_get(argv, 0)) ?: "", e);
	if (json_put(j, "Args", args, e) < 0 || json_put(j, "Mounts", mounts, e) < 0 || r < 0)
		return E_NOMEM;
	if ((r = add_mounts(f, "volume", volume_parse, mounts, e)) < 0 ||
	    (r = add_mounts(f, "mount", volume_parse_mount, mounts, e)) < 0 ||
	    (r = add_mounts(f, "tmpfs", volume_parse_tmpfs, mounts, e)) < 0 ||
	    (r = json_put(j, "State", state_json(f), e)) < 0 ||
	    (r = json_put(j, "Config", config_json(f, argv), e)) < 0 ||
	    (r = json_put(j, "HostConfig", facts_host_config(f), e)) < 0 ||
	    (r = json_put(j, "NetworkSettings", network_json(f), e)) < 0)
		return r;
	return json_put(j, "Plimsoll", own_json(f), e);
}

int container_inspect(const struct container *c, bool size, json_t **ret, struct err *e)
{
	auto_facts f = { .c = c };
	auto_json *j = NULL;
	char created[RFC3339_MAX], name[LIMIT_NAME + 2], log[4096];
	int r = view_of(c, &f.view, e);

	if (r < 0)
		return r;
	f.run = view_file(c, "run.json");
	f.config = view_file(c, "config.json");
	f.restart = view_file(c, "restart.json");
	f.options = json_object_get(f.run, "options");
	f.process = json_object_get(f.config, "process");
	(void)snprintf(name, sizeof(name), "/%s", c->name);
	(void)snprintf(log, sizeof(log), "%s/ctr.log", c->folder);
	clock_rfc3339(c->created, created);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "Id", c->id, "ImageName",
		      c->image ?: "", "Created", created, "Image", c->digest ?: "", "Name", name,
		      "LogPath", c->detached ? log : "", "RestartCount",
		      (json_int_t)json_integer_value(json_object_get(f.restart, "count")), "Driver",
		      "overlay", "Platform", "linux");
	r = j ? add_parts(&f, j, e)
	      : FAIL(e, E_FORMAT, "container %.12s: its record is not UTF-8", c->id);
	if (r == 0)
		r = container_inspect_more(
			&(struct inspect_facts){ c, &f.view, f.options, f.config, j }, j, e);
	if (r == 0 && size)
		r = json_put_u64(j, "SizeRw", view_size(c), e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

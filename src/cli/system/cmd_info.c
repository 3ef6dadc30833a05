/* SPDX-License-Identifier: Apache-2.0 */
/* docker's and podman's info: this machine and this state in their words. */
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/config.h"
#include "cli/container/container_view.h"
#include "cli/image/image_usage.h"
#include "cli/image/images.h"
#include "cli/system/system_df.h"
#include "cli/template.h"
#include "run/launch/runtime.h"
#include "run/options/needs.h"

enum { LIMIT_OS_RELEASE = 65536 };

struct counts {
	json_int_t all, running, paused, stopped;
};

static int count(void *arg, struct container *c, struct err *e)
{
	struct counts *n = arg;
	struct view v;
	int r;

	if (c->kind == CONTAINER_STEP)
		return 0;
	r = view_of(c, &v, e);
	if (r < 0)
		return r;
	n->all++;
	if (strcmp(v.state, "paused") == 0)
		n->paused++;
	else if (v.status.phase == PHASE_RUNNING)
		n->running++;
	else
		n->stopped++;
	return 0;
}

/* PRETTY_NAME, VERSION_ID, ID of os-release(5). Owned, "" when it is not said. */
static char *os_release(const char *key)
{
	auto_buf text = BUF_INIT(LIMIT_OS_RELEASE);
	struct str rest, line;

	if (fs_read_user("/etc/os-release", LIMIT_OS_RELEASE, &text, NULL) < 0)
		return str_dup(STR(""));
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		const size_t n = strlen(key);
		struct str value;

		if (line.n <= n || memcmp(line.p, key, n) != 0 || line.p[n] != '=')
			continue;
		value = (struct str){ line.p + n + 1, line.n - n - 1 };
		if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\''))
			value = (struct str){ value.p + 1, value.n - 2 };
		return str_dup(value);
	}
	return str_dup(STR(""));
}

static int count_images(struct cli *c, json_int_t *ret, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	auto_json *images = NULL;
	int r = cli_store(c, &s, e);

	if (r == 0)
		r = image_usage(c, s, &images, e);
	*ret = (json_int_t)json_array_size(images);
	return r;
}

/* What a container has by default, and this machine can: docker's list. */
static json_t *security(const struct state *state, const struct run_policy *policy)
{
	json_t *list = json_array(), *facts = NULL;
	const json_t *one;
	size_t i;

	if (facts_find(state, policy, &facts, NULL) == 0)
		json_array_foreach(facts, i, one)
		{
			const char *name = json_string_or_null(one, "name") ?: "";

			if (strcmp(json_string_or_null(one, "state") ?: "", "fine") != 0)
				continue;
			if (strcmp(name, "seccomp") == 0)
				(void)json_array_append_new(
					list, json_string("name=seccomp,profile=default"));
			else if (strcmp(name, "landlock") == 0 || strcmp(name, "apparmor") == 0)
				(void)json_array_append_new(list, json_sprintf("name=%s", name));
		}
	json_decref(facts);
	(void)json_array_append_new(list, json_string("name=userns"));
	(void)json_array_append_new(list, json_string("name=no-new-privileges"));
	if (geteuid() != 0 || cgroups_denied())
		(void)json_array_append_new(list, json_string("name=rootless"));
	return list;
}

static json_t *runtimes(void)
{
	static const char *const names[] = { "crun", "runc" };
	json_t *j = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct runtime rt;

		if (runtime_find(names[i], &rt, NULL) == 0)
			(void)json_object_set_new(j, names[i], json_pack("{s:s}", "path", rt.path));
	}
	return j;
}

static int put_machine(json_t *j, struct err *e)
{
	static const char *const versions[] = { [CGROUP_NONE] = "",
						[CGROUP_V1] = "1",
						[CGROUP_HYBRID] = "1",
						[CGROUP_V2] = "2",
						[CGROUP_DENIED] = "" };
	auto_free char *os = os_release("PRETTY_NAME"), *version = os_release("VERSION_ID");
	struct machine m = { 0 };
	struct utsname u = { 0 };
	struct sysinfo s = { 0 };
	struct runtime rt;
	auto_json *more = NULL;

	(void)uname(&u);
	(void)sysinfo(&s);
	(void)machine_detect(&m, NULL);
	more = json_pack(
		"{s:b, s:b, s:b, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s}",
		"MemoryLimit", m.memory, "SwapLimit", m.swap, "PidsLimit", m.pids, "CPUShares",
		m.cpu, "CgroupDriver", m.cgroups == CGROUP_NONE ? "none" : "cgroupfs",
		"CgroupVersion", versions[m.cgroups], "KernelVersion", u.release, "OperatingSystem",
		os ?: "", "OSVersion", version ?: "", "OSType", "linux", "Architecture", u.machine,
		"Name", u.nodename, "NCPU", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "MemTotal",
		(json_int_t)s.totalram * s.mem_unit, "DefaultRuntime",
		runtime_find(NULL, &rt, NULL) == 0 ? runtime_name(&rt) : "");
	return more && json_object_update(j, more) == 0 ? 0 : FAIL_NOMEM(e);
}

/* podman's, as its templates have them. */
static int put_podman(json_t *j, const struct counts *n, struct err *e)
{
	auto_json *more = json_pack(
		"{s:{s:O, s:O, s:O, s:O, s:O, s:O, s:s, s:{s:s}, s:{s:b, s:b}}, s:{s:O, s:O, "
		"s:{s:I, s:I, s:I, s:I}, s:{s:O}}, s:{s:s}}",
		"Host", "Arch", json_object_get(j, "Architecture"), "CPUs",
		json_object_get(j, "NCPU"), "Hostname", json_object_get(j, "Name"), "Kernel",
		json_object_get(j, "KernelVersion"), "MemTotal", json_object_get(j, "MemTotal"),
		"OS", json_object_get(j, "OSType"), "CgroupVersion",
		strcmp(json_string_or_null(j, "CgroupVersion") ?: "", "2") == 0 ? "v2" : "v1",
		"OCIRuntime", "Name", json_string_or_null(j, "DefaultRuntime") ?: "", "Security",
		"Rootless", geteuid() != 0 || cgroups_denied(), "SECCOMPEnabled", 1, "Store",
		"GraphDriverName", json_object_get(j, "Driver"), "GraphRoot",
		json_object_get(j, "DockerRootDir"), "ContainerStore", "Number", n->all, "Paused",
		n->paused, "Running", n->running, "Stopped", n->stopped, "ImageStore", "Number",
		json_object_get(j, "Images"), "Version", "Version", PLIMSOLL_VERSION);

	return more && json_object_update(j, more) == 0 ? 0 : FAIL_NOMEM(e);
}

static int gather(struct cli *c, json_t **ret, struct err *e)
{
	auto_free struct run_policy *policy = NULL;
	const struct state *state;
	struct counts n = { 0 };
	json_int_t images = 0;
	auto_json *j = NULL;
	char now[RFC3339_MAX];
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = cli_config_run(c->config, &policy, e);
	if (r == 0)
		r = container_reap(state, e);
	if (r == 0)
		r = container_each(state, count, &n, e);
	if (r == 0)
		r = count_images(c, &images, e);
	if (r == 0) {
		clock_rfc3339(clock_now(), now);
		j = json_pack(
			"{s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:[], s:[]}",
			"Containers", n.all, "ContainersRunning", n.running, "ContainersPaused",
			n.paused, "ContainersStopped", n.stopped, "Images", images, "Driver",
			"overlay", "LoggingDriver", "json-file", "ServerVersion", PLIMSOLL_VERSION,
			"DockerRootDir", state->path, "SystemTime", now, "SecurityOptions",
			security(state, policy), "Runtimes", runtimes(), "Labels", "Warnings");
		r = j ? put_machine(j, e) : FAIL_NOMEM(e);
	}
	run_policy_free(policy);
	if (r == 0)
		r = put_podman(j, &n, e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

static int print_text(struct cli *c, const json_t *j, struct err *e)
{
	static const struct {
		const char *label, *key;
	} lines[] = {
		{ "Containers", "Containers" },
		{ " Running", "ContainersRunning" },
		{ " Paused", "ContainersPaused" },
		{ " Stopped", "ContainersStopped" },
		{ "Images", "Images" },
		{ "Server Version", "ServerVersion" },
		{ "Storage Driver", "Driver" },
		{ "Logging Driver", "LoggingDriver" },
		{ "Cgroup Driver", "CgroupDriver" },
		{ "Cgroup Version", "CgroupVersion" },
		{ "Default Runtime", "DefaultRuntime" },
		{ "Kernel Version", "KernelVersion" },
		{ "Operating System", "OperatingSystem" },
		{ "OSType", "OSType" },
		{ "Architecture", "Architecture" },
		{ "CPUs", "NCPU" },
		{ "Total Memory", "MemTotal" },
		{ "Name", "Name" },
		{ "Root Dir", "DockerRootDir" },
	};
	const json_t *one;
	size_t i;
	int r = 0;

	for (size_t k = 0; r == 0 && k < sizeof(lines) / sizeof(*lines); k++) {
		const json_t *v = json_object_get(j, lines[k].key);

		if (strcmp(lines[k].key, "MemTotal") == 0)
			r = cli_print(c, e, "%s: %.4gGiB\n", lines[k].label,
				      (double)json_integer_value(v) / (1 << 30));
		else
			r = json_is_integer(v) ? cli_print(c, e, "%s: %lld\n", lines[k].label,
							   (long long)json_integer_value(v))
					       : cli_print(c, e, "%s: %s\n", lines[k].label,
							   json_string_value(v));
	}
	if (r == 0)
		r = cli_print(c, e, "Security Options:\n");
	json_array_foreach(json_object_get(j, "SecurityOptions"), i, one)
	{
		if (r == 0)
			r = cli_print(c, e, " %s\n", json_string_value(one) + strlen("name="));
	}
	return r;
}

struct info_opts {
	const char *format;
};

static int run_info(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct info_opts *o = opts;
	auto_json *j = NULL;
	auto_rows rows = { 0 };
	int r = format_rows_begin(c, o->format, &rows, e);

	(void)argc, (void)argv;
	if (r == 0)
		r = gather(c, &j, e);
	if (r < 0)
		return r;
	if (rows.template)
		return format_rows_add(&rows, j, e);
	return c->json ? cli_print_json_line(c, j, e) : print_text(c, j, e);
}

static const struct opt info_table[] = {
	OPT_AT(struct info_opts, format, "format", 'f', OPT_STRING, "FORMAT",
	       "json, or a template: '{{.ServerVersion}}', '{{json .Runtimes}}'"),
	OPT_END,
};

const struct command cmd_info = {
	.name = "info",
	.group = "Other",
	.args = "",
	.brief = "Show how many containers and images there are, and this machine",
	.details =
		"In docker's words; templates know podman's Host, Store and Version besides. What "
		"this machine lacks for running containers is in plimsoll doctor.",
	.example = "plimsoll info\nplimsoll info --format '{{.CgroupVersion}} {{.DefaultRuntime}}'",
	.opts = info_table,
	.opts_size = sizeof(struct info_opts),
	.max_args = 0,
	.run = run_info,
};

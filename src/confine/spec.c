/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "confine/filter.h"
#include "confine/shim.h"
#include "confine/spec_mounts.h"
#include "confine/syscalls.h"

/* crun 1.8.1 refuses later versions of the specification. */
#define OCI_VERSION "1.0.2"

enum { LIMIT_FILTER_CODE = 64 * 1024 };

enum { CPU_PERIOD_US = 100000, CPU_SHARES_PER_CORE = 1024 };

static json_t *strings(const char *const *v)
{
	json_t *a = json_array();

	for (; a && v && *v; v++)
		if (json_array_append_new(a, json_string(*v)) < 0) {
			json_decref(a);
			return NULL;
		}
	return a;
}

json_t *spec_caps_json(uint64_t caps)
{
	json_t *names = json_array(), *out;

	for (unsigned i = 0; names && cap_name(i); i++)
		if (caps & (1ULL << i))
			(void)json_array_append_new(names, json_string(cap_name(i)));
	/* Nothing inheritable or ambient: a program that runs as another user starts with none. */
	out = json_pack("{s:O, s:O, s:O, s:[], s:[]}", "bounding", names, "effective", names,
			"permitted", names, "inheritable", "ambient");
	json_decref(names);
	return out;
}

static int add_rlimit(json_t *list, const struct spec_rlimit *l, struct err *e)
{
	return json_push(list,
			 json_pack("{s:s, s:I, s:I}", "type", l->type, "soft", (json_int_t)l->soft,
				   "hard", (json_int_t)l->hard),
			 e);
}

static bool has_rlimit(const struct spec *s, const char *type)
{
	for (size_t i = 0; i < s->rlimits_n; i++)
		if (strcmp(s->rlimits[i].type, type) == 0)
			return true;
	return false;
}

static int rlimits_json(const struct spec *s, json_t **ret, struct err *e)
{
	const struct spec_rlimit own[] = {
		{ "RLIMIT_CORE", 0, 0 },
		{ "RLIMIT_NOFILE", s->limits.nofile, s->limits.nofile },
		{ "RLIMIT_SIGPENDING", s->limits.signals, s->limits.signals },
	};
	const size_t own_n = sizeof(own) / sizeof(*own) - !s->limits.signals;
	auto_json *list = json_array();
	int r = list ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < own_n; i++)
		r = has_rlimit(s, own[i].type) ? 0 : add_rlimit(list, &own[i], e);
	for (size_t i = 0; r == 0 && i < s->rlimits_n; i++)
		r = add_rlimit(list, &s->rlimits[i], e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static json_t *user_json(const struct user *u)
{
	json_t *groups = json_array();

	for (size_t i = 0; groups && i < u->groups_n; i++)
		(void)json_array_append_new(groups, json_integer((json_int_t)u->groups[i]));
	return json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)u->uid, "gid", (json_int_t)u->gid,
			 "additionalGids", groups);
}

static int args_json(const struct spec *s, json_t **ret, struct err *e)
{
	auto_strv words = { 0 };
	int r = s->shim || s->init || s->held || s->filter ? shim_words(s, &words, e) : 0;

	for (size_t i = 0; r == 0 && s->argv[i]; i++)
		r = strv_add(&words, s->argv[i], e);
	if (r == 0 && !(*ret = strings((const char *const *)words.v)))
		r = FAIL(e, E_FORMAT, "the command is not UTF-8");
	return r;
}

int spec_process_json(const struct spec *s, json_t **ret, struct err *e)
{
	json_t *rlimits = NULL, *args = NULL, *p;
	int r = args_json(s, &args, e);

	if (r == 0)
		r = rlimits_json(s, &rlimits, e);
	if (r < 0) {
		json_decref(args);
		return r;
	}
	p = json_pack("{s:b, s:o, s:o, s:o, s:s, s:o, s:o, s:b}", "terminal", s->terminal, "user",
		      user_json(s->user), "args", args, "env", strings(s->env), "cwd", s->cwd,
		      "capabilities", spec_caps_json(s->caps), "rlimits", rlimits,
		      "noNewPrivileges", !s->new_privileges);

	if (!p)
		return FAIL(e, E_FORMAT, "a command, variable or folder name is not UTF-8");
	if (s->terminal && s->rows && s->columns &&
	    json_object_set_new(p, "consoleSize",
				json_pack("{s:i, s:i}", "height", (int)s->rows, "width",
					  (int)s->columns)) < 0) {
		json_decref(p);
		return FAIL_NOMEM(e);
	}
	*ret = p;
	return 0;
}

static json_t *resources(const struct profile_limits *l)
{
	json_t *cpu = json_pack("{s:i}", "shares", CPU_SHARES_PER_CORE);

	if (l->cpu_milli) {
		const uint64_t quota = l->cpu_milli * CPU_PERIOD_US / 1000;

		(void)json_object_set_new(cpu, "quota", json_integer((json_int_t)quota));
		(void)json_object_set_new(cpu, "period", json_integer(CPU_PERIOD_US));
	}
	return json_pack("{s:{s:I}, s:{s:I, s:I}, s:o, s:[{s:b, s:s}]}", "pids", "limit",
			 (json_int_t)l->pids, "memory", "limit", (json_int_t)l->memory, "swap",
			 (json_int_t)l->memory, "cpu", cpu, "devices", "allow", 0, "access", "rwm");
}

/* What the ids of its user namespace are outside. runc asks for it although the namespace is made;
 * crun does not look. */
static json_t *id_map(const struct spec *s)
{
	return s->userns ? json_pack("[{s:i, s:I, s:I}]", "containerID", 0, "hostID",
				     (json_int_t)s->id_base, "size", (json_int_t)s->ids)
			 : NULL;
}

static int linux_json(const struct spec *s, json_t **ret, struct err *e)
{
	json_t *seccomp = NULL, *out;
	const struct seccomp_guard guard = { .listener = s->guard,
					     .look = s->look,
					     .reads = s->look_reads,
					     .caps = s->caps,
					     .no_network = s->no_network };
	int r = s->profile->no_seccomp
			? 0
			: seccomp_json(s->profile, s->guard ? &guard : NULL, &seccomp, e);

	if (r < 0)
		return r;
	out = json_pack("{s:o, s:o*, s:o*, s:s*, s:o*, s:o*, s:o, s:o, s:o}", "namespaces",
			spec_namespaces(s), "uidMappings", id_map(s), "gidMappings", id_map(s),
			"cgroupsPath", s->cgroup, "resources",
			s->cgroup ? resources(&s->limits) : NULL, "seccomp", seccomp, "maskedPaths",
			strings(s->profile->masked), "readonlyPaths", strings(s->profile->readonly),
			"sysctl", spec_sysctls(s));
	if (!out)
		return FAIL_NOMEM(e);
	*ret = out;
	return 0;
}

/* For crun: the compiled filter. What cannot be compiled here, the runtime compiles. */
static int annotate(const json_t *os, json_t *ret, struct err *e)
{
	auto_buf code = BUF_INIT(LIMIT_FILTER_CODE), text = BUF_INIT(2 * LIMIT_FILTER_CODE);
	const json_t *seccomp = json_object_get(os, "seccomp");

	if (!seccomp || filter_compile(seccomp, &code, NULL) < 0)
		return 0;
	b64_put(&text, B64_STD, code.p, code.n);
	return json_put(ret, "annotations", json_pack("{s:s}", FILTER_ANNOTATION, buf_str(&text)),
			e);
}

int spec_json(const struct spec *s, json_t **ret, struct err *e)
{
	auto_json *mounts = json_array();
	json_t *process = NULL, *os = NULL, *out;
	int r = spec_mounts(s, mounts, e);

	if (r == 0)
		r = spec_process_json(s, &process, e);
	if (r == 0)
		r = linux_json(s, &os, e);
	if (r < 0) {
		json_decref(process);
		return r;
	}
	out = json_pack("{s:s, s:o, s:{s:s, s:b}, s:s*, s:O, s:o}", "ociVersion", OCI_VERSION,
			"process", process, "root", "path", s->root, "readonly", s->root_readonly,
			"hostname", spec_is_host(s->utsns) ? NULL : s->hostname, "mounts", mounts,
			"linux", os);
	if (!out)
		return FAIL(e, E_FORMAT, "a path or host name is not UTF-8");
	r = annotate(json_object_get(out, "linux"), out, e);
	if (r < 0) {
		json_decref(out);
		return r;
	}
	*ret = out;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "confine/filter.h"

enum {
	LIMIT_RUNTIME_LOG = 64 * 1024,
	LIMIT_RUNTIME_MESSAGE = 600,
	LIMIT_VERSION = 4096,
	LIMIT_ADDRESS = 107
};

/* How a message tells that the command was not there (127), or could not be invoked (126): the
 * first whose words all occur. */
struct refusal {
	const char *words[2];
	int status;
};

struct runtime_kind {
	const char *name;
	const char *const *cgroups, *const *no_cgroups; /* global options; end with NULL */
	const struct refusal *refusals;
	/* Knows FILTER_ANNOTATION. */
	bool takes_filter;
	/* Takes a configuration of another name, also one that is a pipe (early.h). */
	bool early;
	/* Connects to the guard's socket by the path itself, of which an address holds 107 bytes.
	 */
	bool short_socket;
	/* Sysctls are set when all is mounted, through the container's /proc. */
	bool sysctls_last;
	struct runtime_copy profile_copy;
	/* Limits of the first process are set by its parent, outside of the user namespace. */
	bool limits_outside;
	/* exec hands the terminal over and still waits for the process. */
	bool exec_hands_terminal;
};

static const struct refusal crun_refusals[] = {
	{ { "executable file", "not found" }, STATUS_NOT_FOUND },
	{ { "open executable", "No such file" }, STATUS_NOT_FOUND },
	{ { "exec container process", "No such file" }, STATUS_NOT_FOUND },
	{ { "open executable", "" }, STATUS_CANNOT_INVOKE },
	{ { "exec container process", "" }, STATUS_CANNOT_INVOKE },
	{ { NULL, NULL }, 0 },
};

static const struct refusal runc_refusals[] = {
	{ { "exec: \"", "executable file not found" }, STATUS_NOT_FOUND },
	{ { "exec: \"", "no such file or directory" }, STATUS_NOT_FOUND },
	{ { "exec: \"", "permission denied" }, STATUS_CANNOT_INVOKE },
	{ { "exec: \"", "is a directory" }, STATUS_CANNOT_INVOKE },
	{ { "exec /", "" }, STATUS_CANNOT_INVOKE },
	{ { NULL, NULL }, 0 },
};

static const struct runtime_kind kinds[] = {
	{
		.name = "crun",
		.cgroups = (const char *const[]){ "--cgroup-manager=cgroupfs", NULL },
		.no_cgroups = (const char *const[]){ "--cgroup-manager=disabled", NULL },
		.refusals = crun_refusals,
		.takes_filter = true,
		.early = true,
		.profile_copy = { "config.json", "process", "apparmorProfile" },
		.exec_hands_terminal = true,
	},
	{
		.name = "runc",
		.cgroups = (const char *const[]){ "--rootless=false", NULL },
		/* What it may not do to control groups is no error then. */
		.no_cgroups = (const char *const[]){ "--rootless=true", NULL },
		.refusals = runc_refusals,
		.profile_copy = { "state.json", "config", "apparmor_profile" },
		.short_socket = true,
		.sysctls_last = true,
		.limits_outside = true,
	},
};

static const struct runtime_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* "crun version 1.8.1" on the first line. */
static int ask_version(const char *path, const struct runtime_kind **ret, struct err *e)
{
	const char *const argv[] = { path, "--version", NULL };
	auto_buf text = BUF_INIT(LIMIT_VERSION);
	auto_free char *name = NULL;
	int r = proc_run(argv, -1, &text, e);

	if (r < 0)
		return r;
	name = strndup(buf_str(&text), strcspn(buf_str(&text), " \n"));
	if (!name)
		return FAIL_NOMEM(e);
	*ret = kind_of(name);
	return *ret ? 0
		    : err_hint(e, FAIL(e, E_USAGE, "'%s' is neither crun nor runc", path),
			       "--runtime crun, or --runtime runc");
}

/* What systemd gives a service is ours: runtimes would bring its socket and what it has open into
 * the container, and fail where they cannot. */
static void forget_service(void)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID",
					     "LISTEN_FDNAMES" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		(void)unsetenv(names[i]);
}

int runtime_find(const char *name, struct runtime *ret, struct err *e)
{
	auto_free char *path = NULL;
	const char *given = name && *name ? name : getenv(RUNTIME_VARIABLE), *slash;
	const struct runtime_kind *kind;
	int r;

	given = given && *given ? given : "crun";
	/* A bare name that is none of them is not looked up: it could be any program. */
	if (!strchr(given, '/') && !kind_of(given))
		return err_hint(e,
				FAIL(e, E_USAGE, "runtime '%s': want crun, runc or a path", given),
				"--runtime crun, or --runtime runc");
	r = proc_find(given, &path, e);
	if (r < 0)
		return r;
	if (path[0] != '/' || access(path, X_OK) < 0)
		return FAIL(e, E_USAGE, "runtime '%s': want an absolute path to a program", path);
	slash = strrchr(path, '/');
	kind = kind_of(slash + 1);
	if (!kind)
		r = ask_version(path, &kind, e);
	if (r < 0)
		return r;
	if (snprintf(ret->path, sizeof(ret->path), "%s", path) >= (int)sizeof(ret->path))
		return FAIL(e, E_USAGE, "the runtime's path is too long");
	ret->kind = kind;
	forget_service();
	return 0;
}

const char *runtime_name(const struct runtime *rt)
{
	return rt->kind->name;
}

/* --- its words --- */

static int add_words(const char *const *words, struct strv *argv, struct err *e)
{
	int r = 0;

	for (; r == 0 && *words; words++)
		r = strv_add(argv, *words, e);
	return r;
}

int runtime_argv(const struct runtime *rt, const char *folder, const char *log, bool cgroups,
		 struct strv *argv, struct err *e)
{
	int r = strv_add(argv, rt->path, e);

	if (r == 0)
		r = strv_addf(argv, e, "--root=%s/" RUNTIME_STATE, folder);
	if (r == 0)
		r = strv_addf(argv, e, "--log=%s/%s", folder, log);
	if (r == 0)
		r = strv_add(argv, "--log-format=json", e);
	return r == 0 ? add_words(cgroups ? rt->kind->cgroups : rt->kind->no_cgroups, argv, e) : r;
}

bool runtime_early(const struct runtime *rt)
{
	return rt->kind->early;
}

int runtime_run(const char *bundle, const char *folder, const char *id, bool gate,
		const char *config, struct strv *argv, struct err *e)
{
	int r = strv_add(argv, "run", e);

	if (r == 0 && config)
		r = strv_addf(argv, e, "--config=%s/%s", folder, config);

	if (r == 0 && gate)
		r = strv_add(argv, "--preserve-fds=1", e);
	if (r == 0)
		r = strv_addf(argv, e, "--bundle=%s", bundle);
	if (r == 0)
		r = strv_addf(argv, e, "--pid-file=%s/pidfile", folder);
	return r == 0 ? strv_add(argv, id, e) : r;
}

int runtime_exec(const char *process, const char *id, struct strv *argv, struct err *e)
{
	int r = strv_add(argv, "exec", e);

	if (r == 0)
		r = strv_addf(argv, e, "--process=%s", process);
	return r == 0 ? strv_add(argv, id, e) : r;
}

struct runtime_copy runtime_profile_copy(const struct runtime *rt)
{
	return rt->kind->profile_copy;
}

static int run_verb(const struct runtime *rt, const char *folder, bool cgroups,
		    const char *const *words, struct err *e)
{
	auto_strv argv = { 0 };
	int r = runtime_argv(rt, folder, RUNTIME_LOG, cgroups, &argv, e);

	if (r == 0)
		r = add_words(words, &argv, e);
	return r == 0 ? proc_run((const char *const *)argv.v, -1, NULL, e) : r;
}

bool runtime_exec_hands_terminal(const struct runtime *rt)
{
	return rt->kind->exec_hands_terminal;
}

int runtime_start(const struct runtime *rt, const char *folder, const char *id, bool cgroups,
		  struct err *e)
{
	const char *const words[] = { "start", id, NULL };

	return run_verb(rt, folder, cgroups, words, e);
}

int runtime_delete(const struct runtime *rt, const char *folder, const char *id, bool cgroups,
		   struct err *e)
{
	const char *const words[] = { "delete", "--force", id, NULL };
	auto_free char *state = NULL;

	if (asprintf(&state, "%s/" RUNTIME_STATE "/%s", folder, id) < 0)
		return FAIL_NOMEM(e);
	return access(state, F_OK) < 0 ? 0 : run_verb(rt, folder, cgroups, words, e);
}

/* --- its configuration --- */

/* Whether it was there. */
static bool drop_word(json_t *words, const char *word)
{
	bool found = false;

	for (size_t i = json_array_size(words); i-- > 0;)
		if (strcmp(json_string_value(json_array_get(words, i)) ?: "", word) == 0) {
			(void)json_array_remove(words, i);
			found = true;
		}
	return found;
}

/* /proc becomes read-only with the paths that do so at last, instead of from the beginning. */
static int proc_read_only_last(json_t *config, struct err *e)
{
	json_t *paths = json_object_get(json_object_get(config, "linux"), "readonlyPaths"), *m;
	bool read_only = false;
	size_t i;

	json_array_foreach(json_object_get(config, "mounts"), i, m)
	{
		if (strcmp(json_string_or_null(m, "destination") ?: "", "/proc") == 0)
			read_only |= drop_word(json_object_get(m, "options"), "ro");
	}
	return read_only && json_array_insert_new(paths, 0, json_string("/proc")) < 0
		       ? FAIL(e, E_INTERNAL, "a configuration without read-only paths")
		       : 0;
}

bool runtime_limits_outside(const struct runtime *rt)
{
	return rt->kind->limits_outside;
}

/* From the bundle, where it works. */
static int shorten_socket(json_t *config, struct err *e)
{
	json_t *seccomp = json_object_get(json_object_get(config, "linux"), "seccomp");
	const char *path = json_string_or_null(seccomp, "listenerPath");
	auto_free char *name = NULL;

	if (!path || strlen(path) <= LIMIT_ADDRESS)
		return 0;
	name = strdup(strrchr(path, '/') + 1);
	return name ? json_put_string(seccomp, "listenerPath", name, e) : FAIL_NOMEM(e);
}

/* It has the program itself, and reads 400 calls for nothing. */
static void drop_calls(json_t *config)
{
	json_t *seccomp = json_object_get(json_object_get(config, "linux"), "seccomp");

	if (json_object_get(json_object_get(config, "annotations"), FILTER_ANNOTATION))
		(void)json_object_del(seccomp, "syscalls");
}

int runtime_adapt(const struct runtime *rt, json_t *config, struct err *e)
{
	int r = rt->kind->short_socket ? shorten_socket(config, e) : 0;

	if (rt->kind->takes_filter)
		drop_calls(config);
	if (r < 0)
		return r;
	return rt->kind->sysctls_last ? proc_read_only_last(config, e) : 0;
}

/* --- what it says --- */

/* The last line's "msg". */
static bool last_message(const char *folder, const char *log,
			 char ret[static LIMIT_RUNTIME_MESSAGE])
{
	auto_buf text = BUF_INIT(LIMIT_RUNTIME_LOG);
	auto_free char *path = NULL;
	struct str rest, line;
	bool found = false;

	if (asprintf(&path, "%s/%s", folder, log) < 0)
		return false;
	if (fs_read_user(path, LIMIT_RUNTIME_LOG, &text, NULL) < 0)
		return false;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		auto_json *j = NULL;
		const char *msg;

		if (json_parse(line.p, line.n, RUNTIME_LOG, &j, NULL) < 0)
			continue;
		msg = json_string_or_null(j, "msg");
		if (!msg || strcmp(json_string_or_null(j, "level") ?: "error", "error") != 0)
			continue;
		(void)snprintf(ret, LIMIT_RUNTIME_MESSAGE, "%s", msg);
		found = true;
	}
	if (found)
		text_sanitize(ret);
	return found;
}

int runtime_error(const struct runtime *rt, const char *folder, const char *log, int *ret_status,
		  struct err *e)
{
	char msg[LIMIT_RUNTIME_MESSAGE];

	if (!last_message(folder, log, msg))
		return 0;
	*ret_status = STATUS_FAILED;
	for (const struct refusal *f = rt->kind->refusals; f->words[0]; f++)
		if (strstr(msg, f->words[0]) && strstr(msg, f->words[1])) {
			*ret_status = f->status;
			break;
		}
	return FAIL(e, E_SYSTEM, "%s: %s", rt->kind->name, msg);
}

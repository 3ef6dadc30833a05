/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/options/resources.h"
#include "run/root/etc.h"

enum { LIMIT_OOM = 32 };

/* What of the kernel's settings belongs to the namespaces a container has of its own. */
static bool sysctl_is_own(struct str key)
{
	static const char *const own[] = {
		"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (str_eqz(key, own[i]))
			return true;
	return str_starts(key, "net.") || str_starts(key, "fs.mqueue.");
}

static int check_sysctl(const char *text, const struct share *share, struct err *e)
{
	const char *eq = strchr(text, '=');
	struct str key = { text, eq ? (size_t)(eq - text) : 0 };
	int r;

	if (!key.n || memchr(key.p, '/', key.n) || memmem(key.p, key.n, "..", 2))
		return FAIL(e, E_USAGE, "--sysctl '%s': want KEY=VALUE, the key with dots", text);
	if (sysctl_is_own(key)) {
		const enum share_kind k = str_starts(key, "net.") ? SHARE_NETWORK : SHARE_IPC;

		if (!share->host[k] && !share->of[k])
			return 0;
		return FAIL(e, E_POLICY, "--sysctl %.*s: %s says that it is not its own",
			    (int)key.n, key.p, share_option(k));
	}
	r = FAIL(e, E_POLICY, "--sysctl %.*s: this setting is the whole host's", (int)key.n, key.p);
	return err_hint(e, r, "set it on the host: sysctl -w '%s'", text);
}

/* Nobody lifts what the host's administrator set, and a container leaves no core files. */
static int check_ulimit(const char *text, struct err *e)
{
	static const struct {
		const char *type;
		__rlimit_resource_t number;
	} known[] = {
		{ "RLIMIT_CORE", RLIMIT_CORE },		{ "RLIMIT_CPU", RLIMIT_CPU },
		{ "RLIMIT_DATA", RLIMIT_DATA },		{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
		{ "RLIMIT_LOCKS", RLIMIT_LOCKS },	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
		{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE }, { "RLIMIT_NICE", RLIMIT_NICE },
		{ "RLIMIT_NOFILE", RLIMIT_NOFILE },	{ "RLIMIT_NPROC", RLIMIT_NPROC },
		{ "RLIMIT_RSS", RLIMIT_RSS },		{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
		{ "RLIMIT_RTTIME", RLIMIT_RTTIME },	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
		{ "RLIMIT_STACK", RLIMIT_STACK },
	};
	struct spec_rlimit l;
	struct rlimit host = { RLIM_INFINITY, RLIM_INFINITY };
	int r = run_parse_ulimit(text, &l, e);

	for (size_t i = 0; r == 0 && i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].type, l.type) == 0 && getrlimit(known[i].number, &host) < 0)
			return FAIL_SYS(e, "getrlimit");
	if (r == 0 && strcmp(l.type, "RLIMIT_CORE") == 0)
		host.rlim_max = 0;
	if (r < 0 || l.hard <= host.rlim_max)
		return r;
	r = FAIL(e, E_POLICY, "--ulimit %s: more than the %s limit, %llu", text,
		 strcmp(l.type, "RLIMIT_CORE") == 0 ? "profile's" : "host's hard",
		 (unsigned long long)host.rlim_max);
	return err_hint(e, r, "give at most that (ulimit -H -a shows the host's)");
}

static int each(const struct strv *l, int (*fn)(const char *text, struct err *e), struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && l && i < l->n; i++)
		r = fn(l->v[i], e);
	return r;
}

static int check_host(const char *text, struct err *e)
{
	auto_buf unused = BUF_INIT(1024);
	int r = run_parse_host(text, &unused, e);

	return r < 0 ? WRAP(e, r, "--add-host") : 0;
}

static int check_expose(const char *text, struct err *e)
{
	auto_free struct ports *unused = calloc(1, sizeof(*unused));

	return unused ? port_expose(text, unused, e) : FAIL_NOMEM(e);
}

int options_check(const struct run_opts *o, struct err *e)
{
	const struct etc etc = { .dns = o->dns,
				 .dns_search = o->dns_search,
				 .dns_options = o->dns_options };
	int r = resources_check(o, e);

	if (r == 0)
		r = etc_check(&etc, e);
	for (size_t i = 0; r == 0 && o->sysctls && i < o->sysctls->n; i++)
		r = check_sysctl(o->sysctls->v[i], &o->share, e);
	if (r == 0)
		r = each(o->ulimits, check_ulimit, e);
	if (r == 0)
		r = each(o->expose, check_expose, e);
	return r == 0 ? each(o->hosts, check_host, e) : r;
}

int options_groups(const struct run_opts *o, int root, struct user *user, struct err *e)
{
	for (size_t i = 0; o->groups && i < o->groups->n; i++) {
		auto_free char *text = NULL;
		struct user as;
		bool there = false;
		int r;

		if (asprintf(&text, "0:%s", o->groups->v[i]) < 0)
			return FAIL_NOMEM(e);
		r = user_resolve(root, text, &as, e);
		if (r < 0)
			return WRAP(e, r, "--group-add '%s'", o->groups->v[i]);
		for (size_t n = 0; n < user->groups_n; n++)
			there |= user->groups[n] == as.gid;
		if (there)
			continue;
		if (user->groups_n == LIMIT_USER_GROUPS)
			return FAIL(e, E_USAGE, "--group-add: more than %d groups",
				    LIMIT_USER_GROUPS);
		user->groups[user->groups_n++] = as.gid;
	}
	return 0;
}

static int apply_ulimits(const struct run_opts *o, json_t *process, struct err *e)
{
	json_t *list = json_object_get(process, "rlimits"), *entry;
	int r = 0;

	for (size_t i = 0; r == 0 && o->ulimits && i < o->ulimits->n; i++) {
		struct spec_rlimit l;
		size_t at;

		r = run_parse_ulimit(o->ulimits->v[i], &l, e);
		if (r < 0)
			return r;
		json_array_foreach(list, at, entry)
		{
			if (strcmp(json_string_or_null(entry, "type") ?: "", l.type) == 0) {
				(void)json_array_remove(list, at);
				break;
			}
		}
		r = json_push(list,
			      json_pack("{s:s, s:I, s:I}", "type", l.type, "soft",
					(json_int_t)l.soft, "hard", (json_int_t)l.hard),
			      e);
	}
	return r;
}

static int apply_sysctls(const struct run_opts *o, json_t *linux_, struct err *e)
{
	json_t *into = resources_object(linux_, "sysctl");
	int r = into ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && o->sysctls && i < o->sysctls->n; i++) {
		const char *text = o->sysctls->v[i];
		auto_free char *key = strndup(text, strcspn(text, "="));

		r = key ? json_put_string(into, key, text + strlen(key) + 1, e) : FAIL_NOMEM(e);
	}
	return r;
}

/* The size of a folder in memory that the profile has. */
static int apply_shm(const struct run_opts *o, json_t *config, struct err *e)
{
	json_t *mount, *option;
	size_t i, n;

	json_array_foreach(json_object_get(config, "mounts"), i, mount)
	{
		json_t *options = json_object_get(mount, "options");

		if (strcmp(json_string_or_null(mount, "destination") ?: "", "/dev/shm") != 0)
			continue;
		json_array_foreach(options, n, option)
		{
			char size[40];

			if (!starts_with(json_string_value(option), "size="))
				continue;
			(void)snprintf(size, sizeof(size), "size=%llu",
				       (unsigned long long)o->shm_size);
			return json_array_set_new(options, n, json_string(size)) < 0 ? FAIL_NOMEM(e)
										     : 0;
		}
	}
	return FAIL(e, E_INTERNAL, "--shm-size: the profile has no /dev/shm");
}

/* Given as an addition to our own, below which the kernel lets nobody go. */
static int apply_oom(const struct run_opts *o, json_t *process, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_OOM);
	int own, r = fs_read_user("/proc/self/oom_score_adj", LIMIT_OOM, &text, e);

	if (r < 0)
		return r;
	own = (int)strtol(buf_str(&text), NULL, 10);
	return json_put(process, "oomScoreAdj",
			json_integer(o->oom_score_adj > own ? o->oom_score_adj : own), e);
}

int options_apply(const struct setup *s, json_t *config, struct err *e)
{
	const struct run_opts *o = s->opts;
	json_t *process, *linux_;
	int r = json_get_object(config, "process", &process, "config.json", e);

	if (r == 0)
		r = json_get_object(config, "linux", &linux_, "config.json", e);
	if (r == 0)
		r = resources_apply(s, linux_, e);
	if (r == 0)
		r = apply_ulimits(o, process, e);
	if (r == 0)
		r = apply_sysctls(o, linux_, e);
	if (r == 0 && o->shm_size)
		r = apply_shm(o, config, e);
	if (r == 0 && o->umask >= 0)
		r = json_put_u64(json_object_get(process, "user"), "umask", (uint64_t)o->umask, e);
	return r == 0 && o->oom_score_adj ? apply_oom(o, process, e) : r;
}

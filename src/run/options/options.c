/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "confine/seccomp_file.h"
#include "run/options/allow.h"
#include "run/options/options.h"
#include "run/root/secrets.h"
#include "run/run.h"

#define MEMORY_MIN ((uint64_t)6 * 1024 * 1024) /* as docker: less cannot even start */
#define MEMORY_MAX ((uint64_t)1 << 50)

enum { CPU_MILLI_MAX = 1024 * 1000 };

int run_parse_size(const char *text, uint64_t *ret, struct err *e)
{
	struct str s = str_of(text);
	unsigned shift = 0;
	uint64_t n;

	if (s.n && strchr("bB", s.p[s.n - 1]))
		s.n--;
	if (s.n) {
		const char *units = "kmgtKMGT", *at = strchr(units, s.p[s.n - 1]);

		if (at) {
			shift = 10 * ((unsigned)(at - units) % 4 + 1);
			s.n--;
		}
	}
	if (str_u64(s, MEMORY_MAX >> shift, &n, NULL) < 0)
		return FAIL(e, E_USAGE, "size '%s': want a number and b, k, m or g", text);
	*ret = n << shift;
	return 0;
}

int run_parse_cpus(const char *text, uint64_t *ret_milli, struct err *e)
{
	struct str rest = str_of(text), whole = { "", 0 };
	uint64_t n = 0, part = 0;

	if (!str_cut(&rest, '.', &whole) || rest.n > 3 ||
	    (whole.n && str_u64(whole, CPU_MILLI_MAX / 1000, &n, NULL) < 0))
		return FAIL(e, E_USAGE, "cpus '%s': want a number such as 2 or 0.5", text);
	for (size_t i = 0; i < 3; i++) {
		const char digit = i < rest.n ? rest.p[i] : '0';

		if (digit < '0' || digit > '9')
			return FAIL(e, E_USAGE, "cpus '%s': want a number such as 2 or 0.5", text);
		part = part * 10 + (uint64_t)(digit - '0');
	}
	if (n * 1000 + part < 10)
		return FAIL(e, E_USAGE, "cpus '%s': less than a hundredth of a core", text);
	*ret_milli = n * 1000 + part;
	return 0;
}

/*
 * What --cap-add may give: of the kernel only what concerns the container's own files, processes
 * and network. The others reach the host, and wait for a policy that allows them by name.
 */
static const char *const grantable[] = {
	"CAP_AUDIT_WRITE",	"CAP_CHOWN",	"CAP_DAC_OVERRIDE", "CAP_FOWNER",
	"CAP_FSETID",		"CAP_IPC_LOCK", "CAP_KILL",	    "CAP_LEASE",
	"CAP_NET_BIND_SERVICE", "CAP_NET_RAW",	"CAP_SETFCAP",	    "CAP_SETGID",
	"CAP_SETPCAP",		"CAP_SETUID",	"CAP_SYS_CHROOT",   "CAP_SYS_NICE",
};

static int check_grantable(const char *text, unsigned number, const struct run_policy *policy,
			   struct err *e)
{
	char what[64];
	int r;

	(void)snprintf(what, sizeof(what), "cap:%s", cap_name(number) + strlen("CAP_"));
	if (run_was_allowed(policy, what))
		return 0;

	for (size_t i = 0; i < sizeof(grantable) / sizeof(*grantable); i++)
		if (strcmp(grantable[i], cap_name(number)) == 0)
			return 0;
	r = FAIL(e, E_POLICY, "--cap-add %s: this capability reaches beyond the container", text);
	return err_hint(e, r, "run without it; 'plimsoll run --help' lists what can be added");
}

/* The named set, from which single ones can be dropped. */
static bool is_service(const char *name)
{
	return strcasecmp(name, "service") == 0;
}

static bool has_service(const struct strv *add)
{
	for (size_t i = 0; add && i < add->n; i++)
		if (is_service(add->v[i]))
			return true;
	return false;
}

bool run_cap_is_free(const char *name)
{
	unsigned number;

	return is_service(name) || (cap_parse(name, &number, NULL) == 0 &&
				    check_grantable(name, number, NULL, NULL) == 0);
}

int run_parse_caps(const struct strv *add, const struct strv *drop, uint64_t base,
		   const struct run_policy *policy, uint64_t *ret, struct err *e)
{
	uint64_t set = base | (has_service(add) ? caps_of(profile_service_caps) : 0);
	unsigned number = 0;

	for (size_t i = 0; drop && i < drop->n; i++) {
		int r = strcasecmp(drop->v[i], "ALL") == 0 ? 1 : cap_parse(drop->v[i], &number, e);

		if (r < 0)
			return WRAP(e, r, "--cap-drop");
		set = r ? 0 : set & ~(1ULL << number);
	}
	for (size_t i = 0; add && i < add->n; i++) {
		int r;

		if (is_service(add->v[i]))
			continue;
		r = strcasecmp(add->v[i], "ALL") == 0
			    ? FAIL(e, E_POLICY,
				   "--cap-add ALL: every capability at once makes "
				   "root of the host")
			    : cap_parse(add->v[i], &number, e);

		if (r == 0)
			r = check_grantable(add->v[i], number, policy, e);
		if (r < 0)
			return r;
		set |= 1ULL << number;
	}
	*ret = set;
	return 0;
}

static int check_limits(const struct run_opts *o, struct err *e)
{
	if (o->memory && o->memory < MEMORY_MIN)
		return FAIL(e, E_USAGE, "--memory: at least 6m is needed");
	if (o->pids > INT32_MAX)
		return FAIL(e, E_USAGE, "--pids-limit: at most %d", INT32_MAX);
	if (o->hostname && (strlen(o->hostname) > 63 || !*o->hostname ||
			    strspn(o->hostname, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
						"XYZ0123456789-.") != strlen(o->hostname)))
		return FAIL(e, E_USAGE, "--hostname '%s': want letters, digits, '-' and '.'",
			    o->hostname);
	return 0;
}

static int check_volumes(const struct state *state, const struct run_opts *o, struct err *e)
{
	auto_free struct volumes *v = calloc(1, sizeof(*v));
	int r = v ? volumes_parse(state, o, v, e) : FAIL_NOMEM(e);

	if (v)
		volumes_free(v);
	return r;
}

int run_check(const struct state *state, const struct run_opts *o, struct err *e)
{
	uint64_t caps;
	int r = check_limits(o, e);

	if (r == 0)
		r = options_check(o, e);
	if (r == 0)
		r = health_check(&o->health, e);
	if (r == 0)
		r = secrets_check(o->secrets, e);
	if (r == 0)
		r = run_parse_caps(o->cap_add, o->cap_drop, 0, o->policy, &caps, e);
	if (r == 0)
		r = check_volumes(state, o, e);
	for (size_t i = 0; r == 0 && o->labels && i < o->labels->n; i++)
		if (o->labels->v[i][0] == '=' || !o->labels->v[i][0])
			return FAIL(e, E_USAGE, "--label '%s': want KEY=VALUE", o->labels->v[i]);
	if (r == 0 && o->seccomp_file) {
		auto_buf unused = BUF_INIT(LIMIT_SECCOMP_FILE);

		r = seccomp_file_read(o->seccomp_file, 0, &unused, e);
	}
	if (r == 0 && o->shm_size && (o->share.of[SHARE_IPC] || o->share.host[SHARE_IPC]))
		return FAIL(e, E_USAGE, "--shm-size: --ipc says that /dev/shm is not its own");
	if (r == 0 && o->no_network && o->ports && o->ports->n)
		return FAIL(e, E_USAGE,
			    "--publish needs a network of its own: drop --network none, host or "
			    "container:NAME");
	if (r == 0 && o->detach && o->auto_remove && !o->exit_command)
		return FAIL(e, E_INTERNAL, "detached --rm without an exit command");
	return r;
}

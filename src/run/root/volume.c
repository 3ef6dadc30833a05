/* SPDX-License-Identifier: Apache-2.0 */
/* Reading -v, and what of the host no container is given. */
#include "run/root/volume.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "run/options/allow.h"
#include "run/run.h"

void volume_free(struct volume *v)
{
	free(v->source);
	free(v->target);
	free(v->options);
	*v = (struct volume){ 0 };
}
#define auto_volume __attribute__((cleanup(volume_free))) struct volume

void volumes_free(struct volumes *v)
{
	for (size_t i = 0; i < v->n; i++)
		volume_free(&v->v[i]);
	v->n = 0;
}

/*
 * What of the host no container is given: whoever can write (often: read) it owns the host. A
 * folder that holds one of them is refused too.
 */
static const struct {
	const char *path, *why;
} refused[] = {
	{ "/boot", "the kernel that will boot next" },
	{ "/dev", "the host's devices" },
	{ "/etc", "accounts, keys and services of the host" },
	{ "/lib", "the host's programs and kernel modules" },
	{ "/lib64", "the host's programs" },
	{ "/bin", "the host's programs" },
	{ "/proc", "every process of the host" },
	{ "/root", "root's own keys" },
	{ "/run", "control sockets, docker.sock among them" },
	{ "/sbin", "the host's programs" },
	{ "/sys", "the kernel's settings and devices" },
	{ "/usr", "the host's programs" },
	{ "/var/lib/containerd", "other containers" },
	{ "/var/lib/containers", "other containers" },
	{ "/var/lib/docker", "other containers" },
	{ "/var/lib/dpkg", "what the host believes is installed" },
	{ "/var/lib/kubelet", "other containers and their secrets" },
	{ "/var/run", "control sockets, docker.sock among them" },
	{ "/var/spool/cron", "commands the host will run" },
};

/* Somebody's keys, wherever he lives: the last part of a path, or one on the way. */
static const char *const keys[] = { ".ssh", ".gnupg", ".aws", ".kube", ".docker" };

/* Harmless parts of the above, read-only. */
static const char *const readable[] = {
	"/etc/localtime",
	"/etc/timezone",
	"/etc/ssl/certs",
	"/usr/share",
};

static bool within(const char *path, const char *folder)
{
	const size_t n = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Has to do with plimsoll's own state: no policy opens that. */
static int check_state(const struct state *state, const char *path, struct err *e)
{
	auto_free char *volumes = NULL;
	int r;

	if (!within(path, state->path) && !within(state->path, path))
		return 0;
	r = FAIL(e, E_POLICY, "volume '%s': plimsoll's own state lies there", path);
	return err_hint(e, r, "mount another folder");
}

/* Why it is refused, or NULL. *ret_rule is the path it is about. */
static const char *sensitive(const char *path, bool read_only, const char **ret_rule)
{
	struct str rest = str_of(path), part;

	for (size_t i = 0; read_only && i < sizeof(readable) / sizeof(*readable); i++)
		if (within(path, readable[i]))
			return NULL;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (within(path, refused[i].path) || within(refused[i].path, path)) {
			*ret_rule = refused[i].path;
			return refused[i].why;
		}
	while (str_cut(&rest, '/', &part))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (str_eqz(part, keys[i])) {
				*ret_rule = path;
				return "somebody's keys";
			}
	if (ends_with(path, ".sock")) {
		*ret_rule = path;
		return "a control socket";
	}
	return NULL;
}

static int check_host(const struct state *state, const struct run_opts *o, const struct volume *v,
		      struct err *e)
{
	auto_free char *what = NULL;
	const char *rule = NULL, *why;
	struct err said = ERR_INIT;
	int r = check_state(state, v->source, e);

	if (r < 0)
		return r;
	why = sensitive(v->source, v->read_only, &rule);
	if (!why)
		return 0;
	if (asprintf(&what, "mount:%s", v->source) < 0)
		return FAIL_NOMEM(e);
	if (run_allowed(o->policy, what, o->reason, &said) == 0)
		return 0;
	r = FAIL(e, E_POLICY, "volume '%s': rule 'sensitive host paths': %s is %s", v->source, rule,
		 why);
	if (o->policy && !strstr(said.msg, "nothing that a policy"))
		return err_hint(e, r, "%s", said.hint[0] ? said.hint : said.msg);
	return err_hint(e, r, "copy what is needed to a folder of its own and mount that");
}

/* The host's real path, links followed. */
static int find_host(const struct state *state, const struct run_opts *o, struct volume *v,
		     struct err *e)
{
	auto_free char *given = v->source;

	v->source = realpath(given, NULL);
	if (!v->source)
		return err_hint(
			e, FAIL(e, E_NOTFOUND, "volume '%s': '%s' is not there", v->target, given),
			"mkdir -p %s", given);
	return check_host(state, o, v, e);
}

static int add(const struct state *state, const struct run_opts *o, struct volumes *ret,
	       const char *text, int (*parse)(const char *, struct volume *, struct err *),
	       struct err *e)
{
	auto_volume v = { 0 };
	int r = parse(text, &v, e);

	if (r == 0 && ret->n == LIMIT_VOLUMES)
		r = FAIL(e, E_USAGE, "more than %d volumes", LIMIT_VOLUMES);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		if (strcmp(ret->v[i].target, v.target) == 0)
			r = FAIL(e, E_USAGE, "'%s' is mounted on twice", v.target);
	if (r == 0 && v.kind == VOLUME_NAMED)
		r = volume_check_name(v.source, e);
	if (r == 0 && v.kind == VOLUME_BIND)
		r = find_host(state, o, &v, e);
	v.no_exec |= !v.read_only && !v.exec;
	if (r == 0) {
		ret->v[ret->n++] = v;
		v = (struct volume){ 0 };
	}
	return r;
}

int volumes_parse(const struct state *state, const struct run_opts *o, struct volumes *ret,
		  struct err *e)
{
	const struct {
		const struct strv *list;
		int (*parse)(const char *, struct volume *, struct err *);
	} kinds[] = {
		{ o->volumes, volume_parse },
		{ o->mounts, volume_parse_mount },
		{ o->tmpfs, volume_parse_tmpfs },
	};
	int r = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (size_t i = 0; r == 0 && kinds[k].list && i < kinds[k].list->n; i++)
			r = add(state, o, ret, kinds[k].list->v[i], kinds[k].parse, e);
	if (r < 0)
		volumes_free(ret);
	return r;
}

static int parse_option(struct str word, const char *text, struct volume *v, struct err *e)
{
	/* Said by others for what is so here anyway, or has no meaning. */
	static const char ignored[] = "rw z Z idmap copy private rprivate cached delegated "
				      "consistent nosuid nodev";
	auto_free char *w = str_dup(word);

	if (!w)
		return FAIL_NOMEM(e);
	if (strcmp(w, "ro") == 0)
		v->read_only = true;
	else if (strcmp(w, "nocopy") == 0)
		v->no_copy = true;
	else if (strcmp(w, "noexec") == 0)
		v->no_exec = true;
	else if (strcmp(w, "exec") == 0)
		v->exec = true;
	else if (strcmp(w, "U") == 0)
		v->own = true;
	else if (has_word("shared rshared slave rslave suid dev", w))
		return FAIL(e, E_POLICY,
			    "volume '%s': '%s' would reach the host's mounts or rights", text, w);
	else if (!has_word(ignored, w))
		return FAIL(e, E_USAGE,
			    "volume '%s': '%s' is not ro, rw, nocopy, exec, noexec, z, Z or U",
			    text, w);
	return 0;
}

int volume_parse(const char *text, struct volume *ret, struct err *e)
{
	struct str rest = str_of(text), source = { "", 0 }, target = { "", 0 }, word;
	auto_volume v = { 0 };
	int r = 0;

	if (!strchr(text, ':')) {
		v.kind = VOLUME_ANONYMOUS;
		target = rest;
		rest.n = 0;
	} else if (!str_cut(&rest, ':', &source) || !str_cut(&rest, ':', &target) || !source.n ||
		   !target.n) {
		return err_hint(e, FAIL(e, E_USAGE, "volume '%s': want HOST:CONTAINER[:ro]", text),
				"-v /srv/data:/data:ro, or -v NAME:/data");
	} else {
		v.kind = source.p[0] == '/' ? VOLUME_BIND : VOLUME_NAMED;
		v.source = str_dup(source);
		if (!v.source)
			return FAIL_NOMEM(e);
	}
	while (r == 0 && str_cut(&rest, ',', &word))
		r = parse_option(word, text, &v, e);
	if (r < 0)
		return r;
	if (target.n == 0 || target.p[0] != '/')
		return FAIL(e, E_USAGE, "volume '%s': the container's path must be absolute", text);
	v.target = str_dup(target);
	if (!v.target)
		return FAIL_NOMEM(e);
	*ret = v;
	v = (struct volume){ 0 };
	return 0;
}

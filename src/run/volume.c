/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "run/run.h"

void volume_free(struct volume *v)
{
	free(v->host);
	free(v->target);
	*v = (struct volume){ 0 };
}
#define auto_volume __attribute__((cleanup(volume_free))) struct volume

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
	{ "/proc", "every process of the host" },
	{ "/root", "root's own keys" },
	{ "/run", "control sockets, docker.sock among them" },
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

static int check_host(const struct state *state, const char *path, bool read_only, struct err *e)
{
	int r;

	if (within(path, state->path) || within(state->path, path)) {
		r = FAIL(e, E_POLICY, "volume '%s': plimsoll's own state lies there", path);
		return err_hint(e, r, "mount another folder");
	}
	for (size_t i = 0; read_only && i < sizeof(readable) / sizeof(*readable); i++)
		if (within(path, readable[i]))
			return 0;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (within(path, refused[i].path) || within(refused[i].path, path)) {
			r = FAIL(e, E_POLICY, "volume '%s': rule 'sensitive host paths': %s is %s",
				 path, refused[i].path, refused[i].why);
			return err_hint(e, r,
					"copy what is needed to a folder of its own and "
					"mount that");
		}
	return 0;
}

static int parse_mode(struct str mode, const char *text, bool *ret_ro, struct err *e)
{
	struct str word;

	while (str_cut(&mode, ',', &word)) {
		if (str_eqz(word, "ro"))
			*ret_ro = true;
		else if (!str_eqz(word, "rw") && !str_eqz(word, "z") && !str_eqz(word, "Z"))
			return FAIL(e, E_USAGE, "volume '%s': '%.*s' is neither ro nor rw", text,
				    (int)word.n, word.p);
	}
	return 0;
}

int volume_parse(const struct state *state, const char *text, struct volume *ret, struct err *e)
{
	struct str rest = str_of(text), host = { "", 0 }, target = { "", 0 };
	auto_volume v = { 0 };
	auto_free char *given = NULL;
	int r;

	if (!str_cut(&rest, ':', &host) || !str_cut(&rest, ':', &target) || !host.n || !target.n)
		return err_hint(e, FAIL(e, E_USAGE, "volume '%s': want HOST:CONTAINER[:ro]", text),
				"-v /srv/data:/data:ro");
	r = parse_mode(rest, text, &v.read_only, e);
	if (r < 0)
		return r;
	if (host.p[0] != '/')
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "volume '%s': named volumes are not there yet; the host's "
				     "path must be absolute",
				     text),
				"-v \"$PWD\"/data:/data");
	if (target.p[0] != '/')
		return FAIL(e, E_USAGE, "volume '%s': the container's path must be absolute", text);
	given = str_dup(host);
	v.target = str_dup(target);
	if (!given || !v.target)
		return FAIL_NOMEM(e);
	v.host = realpath(given, NULL);
	if (!v.host)
		return err_hint(e,
				FAIL(e, E_NOTFOUND, "volume '%s': '%s' is not there", text, given),
				"mkdir -p %s", given);
	r = check_host(state, v.host, v.read_only, e);
	if (r < 0)
		return r;
	*ret = v;
	v = (struct volume){ 0 };
	return 0;
}

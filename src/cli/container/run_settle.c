/* SPDX-License-Identifier: Apache-2.0 */
/* What was typed, as it can be kept for the next start. */
#include <stdlib.h>
#include <string.h>

#include "cli/container/run_options.h"
#include "run/root/secrets.h"

/* Files first, so that what is given by itself goes before them, as docker does. */
static int settle_env(struct run_cli_opts *o, struct err *e)
{
	struct strv env = { 0 };
	int r = 0;

	/* A name alone takes the image's away. */
	for (size_t i = 0; r == 0 && i < o->unsetenv.n; i++)
		r = strpbrk(o->unsetenv.v[i], "=*") || !o->unsetenv.v[i][0]
			    ? FAIL(e, E_USAGE, "--unsetenv '%.100s': want a name", o->unsetenv.v[i])
			    : strv_add(&env, o->unsetenv.v[i], e);
	for (size_t i = 0; r == 0 && i < o->env_file.n; i++)
		r = run_parse_env_file(o->env_file.v[i], &env, e);
	for (size_t i = 0; r == 0 && i < o->env.n; i++)
		r = run_parse_env(o->env.v[i], &env, e);
	strv_free(&o->env);
	o->env = env;
	return r;
}

static int settle_labels(struct run_cli_opts *o, struct err *e)
{
	struct strv labels = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->label_file.n; i++)
		r = run_parse_label_file(o->label_file.v[i], &labels, e);
	for (size_t i = 0; r == 0 && i < o->label.n; i++)
		r = strv_add(&labels, o->label.v[i], e);
	strv_free(&o->label);
	o->label = labels;
	return r;
}

/* "./data:/data" is this folder's, wherever it is started from later. */
static int settle_volumes(struct run_cli_opts *o, struct err *e)
{
	struct strv volumes = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->volume.n; i++) {
		const char *text = o->volume.v[i];
		auto_free char *host = strndup(text, strcspn(text, ":")), *real = NULL;

		if (!host)
			return FAIL_NOMEM(e);
		if (host[0] == '.' && strchr(text, ':'))
			real = realpath(host, NULL);
		r = real ? strv_addf(&volumes, e, "%s%s", real, text + strlen(host))
			 : strv_add(&volumes, text, e);
	}
	strv_free(&o->volume);
	o->volume = volumes;
	return r;
}

static int settle_mounts(struct run_cli_opts *o, struct err *e)
{
	struct strv mounts = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->mount.n; i++) {
		auto_free char *text = NULL;

		r = volume_settle_mount(o->mount.v[i], &text, e);
		if (r == 0)
			r = strv_add(&mounts, text, e);
	}
	strv_free(&o->mount);
	o->mount = mounts;
	return r;
}

/* The file is read at each start. */
static int settle_profile(struct run_cli_opts *o, struct strv *kept, struct err *e)
{
	auto_free char *real = o->profile ? realpath(o->profile, NULL) : NULL;
	int r;

	if (!o->profile)
		return 0;
	if (!real)
		return FAIL(e, E_NOTFOUND, "--profile: '%s' is not there", o->profile);
	r = strv_add(kept, real, e);
	if (r == 0)
		o->profile = kept->v[kept->n - 1];
	return r;
}

/* A file of seccomp is read at each start, too. */
static int settle_security(struct run_cli_opts *o, struct err *e)
{
	static const char key[] = "seccomp=";
	struct strv all = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->security_opt.n; i++) {
		const char *text = o->security_opt.v[i];
		const char *path = starts_with(text, key) && !has_word("unconfined builtin default",
								       text + strlen(key))
					   ? text + strlen(key)
					   : NULL;
		auto_free char *real = path ? realpath(path, NULL) : NULL;

		if (path && !real)
			r = FAIL(e, E_NOTFOUND, "--security-opt: '%s' is not there", path);
		else
			r = real ? strv_addf(&all, e, "%s%s", key, real) : strv_add(&all, text, e);
	}
	strv_free(&o->security_opt);
	o->security_opt = all;
	return r;
}

static int settle_secrets(struct run_cli_opts *o, struct err *e)
{
	struct strv secrets = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->secret.n; i++) {
		auto_free char *text = NULL;

		r = secret_settle(o->secret.v[i], &text, e);
		if (r == 0)
			r = strv_add(&secrets, text, e);
	}
	strv_free(&o->secret);
	o->secret = secrets;
	return r;
}

/* A time zone's file of the host over the container's; "local" is the host's own. */
static int settle_tz(struct run_cli_opts *o, struct err *e)
{
	auto_free char *path = NULL, *real = NULL;
	const char *tz = o->tz;

	if (!tz || !*tz)
		return 0;
	if (asprintf(&path, strcmp(tz, "local") == 0 ? "/etc/localtime" : "/usr/share/zoneinfo/%s",
		     tz) < 0)
		return FAIL_NOMEM(e);
	real = tz[0] == '/' || strstr(tz, "..") || strchr(tz, ':') ? NULL : realpath(path, NULL);
	if (!real || !starts_with(real, "/usr/share/zoneinfo/"))
		return err_hint(
			e,
			FAIL(e, E_NOTFOUND, "--tz '%.100s': this host has no such time zone", tz),
			"such as Europe/Berlin, or local; the package tzdata has them");
	return strv_addf(&o->volume, e, "%s:/etc/localtime:ro", real);
}

/* The one that is meant now, whatever is called so later. */
static int settle_other(const struct state *state, const char **value, struct strv *kept,
			struct err *e)
{
	auto_container found = CONTAINER_INIT;
	int r;

	if (!*value || !starts_with(*value, SHARE_OF))
		return 0;
	r = container_find(state, *value + strlen(SHARE_OF), &found, e);
	if (r == 0)
		r = strv_addf(kept, e, SHARE_OF "%s", found.id);
	if (r == 0)
		*value = kept->v[kept->n - 1];
	return r;
}

int run_options_settle(const struct state *state, struct run_cli_opts *o, struct strv *kept,
		       struct err *e)
{
	int r = settle_env(o, e);

	if (r == 0)
		r = settle_profile(o, kept, e);
	if (r == 0)
		r = settle_security(o, e);
	if (r == 0)
		r = settle_labels(o, e);
	if (r == 0)
		r = settle_secrets(o, e);
	if (r == 0)
		r = settle_volumes(o, e);
	if (r == 0)
		r = settle_mounts(o, e);
	if (r == 0)
		r = settle_tz(o, e);
	if (r == 0)
		r = settle_other(state, &o->network, kept, e);
	if (r == 0)
		r = settle_other(state, &o->pid, kept, e);
	if (r == 0)
		r = settle_other(state, &o->ipc, kept, e);
	for (size_t i = 0; r == 0 && i < o->volumes_from.n; i++)
		r = run_volumes_from(state, o->volumes_from.v[i], &o->volume, &o->mount, e);
	return r;
}

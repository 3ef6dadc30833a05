/* SPDX-License-Identifier: Apache-2.0 */
#include "run/lsm.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/userns.h"
#include "confine/apparmor.h"
#include "confine/selinux.h"
#include "run/options/allow.h"

#define SECURITYFS "/sys/kernel/security"
#define LOADED SECURITYFS "/apparmor/policy/profiles"

enum { LIMIT_ANSWER = 64, LIMIT_PROFILE_NAME = 4096 };

static bool file_says(const char *path, const char *what)
{
	auto_buf text = BUF_INIT(LIMIT_ANSWER);

	return fs_read_user(path, LIMIT_ANSWER, &text, NULL) == 0 &&
	       starts_with(buf_str(&text), what);
}

bool lsm_apparmor(void)
{
	return file_says("/sys/module/apparmor/parameters/enabled", "Y");
}

bool lsm_selinux(void)
{
	return file_says("/sys/fs/selinux/enforce", "1");
}

/* The kernel lists what is loaded as NAME.NUMBER; a profile that only complains is none. */
static bool is_loaded(const char *name)
{
	DIR *dir = opendir(LOADED);
	const struct dirent *d;
	const size_t n = strlen(name);
	bool found = false;

	while (dir && !found && (d = readdir(dir))) {
		char mode[sizeof(LOADED) + 300];

		if (strncmp(d->d_name, name, n) != 0 || d->d_name[n] != '.')
			continue;
		(void)snprintf(mode, sizeof(mode), LOADED "/%s/mode", d->d_name);
		found = file_says(mode, "enforce");
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static bool reads(const char *profile, const char *file, const char *what)
{
	auto_buf text = BUF_INIT(LIMIT_PROFILE_NAME);
	char path[sizeof(LOADED) + 300];

	(void)snprintf(path, sizeof(path), LOADED "/%s/%s", profile, file);
	return fs_read_user(path, LIMIT_PROFILE_NAME - 1, &text, NULL) == 0 &&
	       str_eqz(str_trim(str_of(buf_str(&text))), what);
}

/* By the name that the profile itself has, which may be a path. */
static bool is_chosen_loaded(const char *name, bool *ret_enforced)
{
	DIR *dir = opendir(LOADED);
	const struct dirent *d;
	bool found = false;

	*ret_enforced = false;
	while (dir && !*ret_enforced && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || !reads(d->d_name, "name", name))
			continue;
		found = true;
		*ret_enforced = reads(d->d_name, "mode", "enforce");
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

/* A machine without systemd may not have it mounted; this mount namespace is ours. */
static int see_policy(struct err *e)
{
	if (access(SECURITYFS "/apparmor", F_OK) == 0 || userns_inside())
		return 0;
	return mount("securityfs", SECURITYFS, "securityfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		     NULL) < 0
		       ? FAIL_SYS(e, "mount " SECURITYFS)
		       : 0;
}

/* What kernel and parser both know. */
static struct apparmor_kernel kernel_now(void)
{
	const char *userns = SECURITYFS "/apparmor/features/namespaces/userns_create";

	return (struct apparmor_kernel){ .abi4 = access(userns, F_OK) == 0 &&
						 access("/etc/apparmor.d/abi/4.0", F_OK) == 0 };
}

/* Never with a rule left out: a parser that takes the kernel for one which cannot enforce it drops
 * it and only warns. */
static int load(const char *file, struct err *e)
{
	const char *const argv[] = { "apparmor_parser",
				     "--replace",
				     "--skip-cache",
				     "--warn=rule-not-enforced",
				     "--Werror=rule-not-enforced",
				     file,
				     NULL };

	return proc_run(argv, -1, NULL, e);
}

/* Kept as a file, so that people can read what holds their containers. */
static int write_text(const struct state *state, const char *name, const struct buf *text,
		      char **ret, struct err *e)
{
	auto_free char *path = NULL;
	int r;

	if (asprintf(&path, "cache/apparmor/%s", name) < 0 ||
	    asprintf(ret, "%s/%s", state->path, path) < 0)
		return FAIL_NOMEM(e);
	r = fs_mkdir_p(state->fd, "cache/apparmor", 0755, e);
	return r == 0 ? fs_write_cache(state->fd, path, buf_str(text), text->n, 0644, e) : r;
}

/* The hint is ours: the program is in a package of another name. */
static int cannot(int r, struct err *e)
{
	char why[sizeof(e->msg)] = "";

	if (e)
		(void)snprintf(why, sizeof(why), "%s", e->msg);
	if (e)
		*e = (struct err)ERR_INIT;
	r = FAIL(e, r, "%s", why);
	return err_hint(e, r,
			"apt-get install apparmor; to run without it, in plimsoll.yaml: run: "
			"{without: [apparmor]}");
}

static int ensure_loaded(const struct state *state, const struct spec *spec,
			 char name[static APPARMOR_NAME + 1], struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_APPARMOR_TEXT);
	auto_free char *file = NULL;
	int r = see_policy(e);
	const struct apparmor_kernel kernel = kernel_now();

	if (r == 0)
		r = apparmor_text(spec, &kernel, &text, name, e);
	if (r < 0 || is_loaded(name))
		return r;
	r = write_text(state, name, &text, &file, e);
	if (r == 0 && (userns_inside() || geteuid() != 0)) {
		r = FAIL(e, E_SYSTEM, "only root can load it");
		return err_hint(e, r,
				"sudo apparmor_parser --replace %s (once after each boot), or in "
				"plimsoll.yaml: run: {without: [apparmor]}",
				file);
	}
	if (r == 0)
		r = load(file, e);
	if (r == 0 && !is_loaded(name))
		r = FAIL(e, E_SYSTEM, "the kernel does not list it after it was loaded");
	return r == 0 ? 0 : cannot(r, e);
}

static bool may_lack(const struct run_policy *p, enum need n)
{
	return p && (p->without & 1U << n);
}

static int apply_apparmor(const struct setup *s, const struct spec *spec, json_t *process,
			  struct err *e)
{
	char name[APPARMOR_NAME + 1];
	int r = ensure_loaded(s->state, spec, name, e);

	if (r < 0 && r != E_NOMEM && may_lack(s->opts->policy, NEED_APPARMOR)) {
		if (e)
			*e = (struct err)ERR_INIT;
		return 0;
	}
	return r == 0 ? json_put_string(process, "apparmorProfile", name, e)
		      : WRAP(e, r, "AppArmor profile");
}

/* One that policy names. Nothing excuses that it is not there: who chose it relies on it. */
static int apply_chosen(const char *name, json_t *process, struct err *e)
{
	bool enforced = false;
	int r = lsm_apparmor() ? see_policy(e)
			       : FAIL(e, E_SYSTEM, "this kernel runs without AppArmor");

	if (r == 0 && !is_chosen_loaded(name, &enforced)) {
		r = FAIL(e, E_SYSTEM, "no profile of that name is loaded");
		r = err_hint(e, r, "as root: apparmor_parser --replace FILE; aa-status lists them");
	} else if (r == 0 && !enforced) {
		r = FAIL(e, E_SYSTEM, "it only complains, and holds nobody");
		r = err_hint(e, r, "as root: aa-enforce %s", name);
	}
	return r == 0 ? json_put_string(process, "apparmorProfile", name, e)
		      : WRAP(e, r, "AppArmor profile %s", name);
}

static int apply_selinux(const struct setup *s, json_t *process, json_t *linux_, struct err *e)
{
	struct selinux_labels labels;
	int r;

	selinux_labels(s->c->id, &labels);
	r = json_put_string(process, "selinuxLabel", labels.process, e);
	return r == 0 ? json_put_string(linux_, "mountLabel", labels.mount, e) : r;
}

int lsm_apply(const struct setup *s, const struct spec *spec, json_t *config, struct err *e)
{
	const bool needed = s->opts->policy && (s->opts->policy->require & 1U << NEED_APPARMOR);
	json_t *process, *linux_;
	int r = json_get_object(config, "process", &process, "config.json", e);

	if (r == 0)
		r = json_get_object(config, "linux", &linux_, "config.json", e);
	if (r == 0 && lsm_selinux() && !spec->profile->no_selinux)
		r = apply_selinux(s, process, linux_, e);
	if (r < 0 || spec->profile->no_apparmor)
		return r;
	if (spec->profile->apparmor)
		return apply_chosen(spec->profile->apparmor, process, e);
	if (lsm_apparmor())
		return apply_apparmor(s, spec, process, e);
	if (!needed)
		return 0;
	r = FAIL(e, E_SYSTEM, "this kernel runs without AppArmor, which plimsoll.yaml requires");
	return err_hint(e, r,
			"boot with apparmor=1 security=apparmor, or drop it from run: require");
}

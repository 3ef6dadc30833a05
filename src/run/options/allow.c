/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/allow.h"

#include <stdio.h>
#include <string.h>

#include "confine/profile.h"
#include "run/options/allow_words.h"

/* The words, each with what it opens: a refusal says so. A colon ends those that name something. */
static const struct {
	const char *word, *why;
} words[] = {
	{ "privileged", "root in it would be root of the host" },
	{ "network-host", "services on the host's loopback would trust the container" },
	{ "pid-host", "it would see and signal the host's processes" },
	{ "ipc-host", "it would share the host's memory and message queues" },
	{ "uts-host", "it would rename the host" },
	{ "cgroupns-host", "it would see the host's control groups" },
	{ "userns-host", "its root would have the host's root's id" },
	{ "seccomp-unconfined", "it could make every system call" },
	{ "landlock-unconfined", "it could write and execute wherever its root lets it" },
	{ "apparmor-unconfined", "no AppArmor profile would hold it" },
	{ "selinux-unconfined", "no SELinux label would hold it" },
	{ "proc-writable", "it could write read-only files by /proc/self/mem (CVE-2016-5195)" },
	{ "syscalls", "system calls that are refused for a reason (plimsoll profile)" },
	{ "proc-unmasked", "it would see and set what the kernel shows of the host in /proc" },
	{ "new-privileges", "its programs could gain privileges by setuid" },
	{ "apparmor:", "that profile would hold it instead of the one made for it" },
	{ "cap:", "this capability reaches the host" },
	{ "device:", "it would speak to a device of the host" },
	{ "mount:", "who writes or reads that path controls the host" },
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* Absolute, and nothing in it that could be read as another path. One "*" as its last part. */
static bool path_ok(const char *path, bool pattern)
{
	struct str rest, part;
	size_t n = strlen(path);

	if (path[0] != '/')
		return false;
	if (pattern && n > 2 && strcmp(path + n - 2, "/*") == 0)
		n -= 2;
	if (n == 1)
		return true;
	if (path[n - 1] == '/')
		return false;
	rest = (struct str){ path + 1, n - 1 };
	while (str_cut(&rest, '/', &part))
		if (part.n == 0 || str_eqz(part, ".") || str_eqz(part, ".."))
			return false;
	return true;
}

/* "NET_ADMIN", as capabilities(7) writes it without its beginning. */
static bool cap_ok(const char *name)
{
	unsigned n;

	return cap_parse(name, &n, NULL) == 0 && strcmp(cap_name(n) + 4, name) == 0;
}

/* A name of AppArmor's that means itself alone: no pattern, namespace or stack of several. */
static bool apparmor_ok(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._+@/-";

	return *name && strspn(name, plain) == strlen(name) && strcmp(name, "unconfined") != 0;
}

/* As they were called before the options were there. */
const char *allow_canonical(const char *what)
{
	if (strcmp(what, "cgroup-host") == 0)
		return "cgroupns-host";
	return strcmp(what, "user-host") == 0 ? "userns-host" : what;
}

int allow_find_word(const char *what, bool pattern)
{
	for (int i = 0; i < WORDS; i++) {
		const char *word = words[i].word;
		const size_t n = strlen(word);

		if (word[n - 1] != ':') {
			if (strcmp(what, word) == 0)
				return i;
		} else if (strncmp(what, word, n) == 0) {
			const bool ok = strcmp(word, "cap:") == 0 ? cap_ok(what + n)
					: strcmp(word, "apparmor:") == 0
						? apparmor_ok(what + n)
						: path_ok(what + n, pattern);

			return ok ? i : -1;
		}
	}
	return -1;
}

bool run_allow_word(const char *what)
{
	return allow_find_word(what, false) >= 0;
}

static bool in_scope(const char *scope, const char *repository)
{
	size_t n = strlen(scope);
	const bool below = n > 2 && strcmp(scope + n - 2, "/*") == 0;

	if (strcmp(scope, "*") == 0)
		return true;
	n -= below ? 2 : 0;
	return strncmp(scope, repository, n) == 0 &&
	       (repository[n] == '/' || (!below && repository[n] == '\0'));
}

static bool covers(const struct run_allowance *a, const char *repository)
{
	const json_t *scope;
	size_t i;

	if (!a->images)
		return true;
	json_array_foreach(a->images, i, scope)
	{
		if (in_scope(json_string_value(scope), repository))
			return true;
	}
	return false;
}

bool run_allowance_covers(const struct run_policy *p, size_t i)
{
	return covers(&p->v[i], p->repository);
}

/* "mount:/srv/\*" takes what is below, not /srv itself; without the star just that path. */
static bool matches(const char *allowed, const char *what)
{
	const size_t n = strlen(allowed);

	if (n > 2 && strcmp(allowed + n - 2, "/*") == 0 && strchr(allowed, ':'))
		return strncmp(allowed, what, n - 1) == 0 && what[n - 1];
	return strcmp(allowed, what) == 0;
}

static int refuse(const struct run_policy *p, const char *what, int word, bool elsewhere,
		  struct err *e)
{
	int r;

	if (elsewhere)
		r = FAIL(e, E_POLICY, "%s: the policy allows it for other images, not for %s", what,
			 p->repository[0] ? p->repository : "one without a name");
	else
		r = FAIL(e, E_POLICY, "%s: %s; the policy does not allow it", what,
			 words[word].why);
	return err_hint(e, r, "in plimsoll.yaml: run: {allow: [%s%.200s%s]}, and --reason TEXT",
			strchr(what, ':') ? "\"" : "", what, strchr(what, ':') ? "\"" : "");
}

/* The same is asked more than once on the way to a start. */
static bool is_granted(const json_t *granted, const char *what)
{
	const json_t *one;
	size_t i;

	json_array_foreach(granted, i, one)
	{
		if (strcmp(json_string_or_null(one, "what") ?: "", what) == 0)
			return true;
	}
	return false;
}

bool run_was_allowed(const struct run_policy *p, const char *what)
{
	return p && is_granted(p->granted, what);
}

int run_allowed(const struct run_policy *p, const char *what, const char *reason, struct err *e)
{
	const int word = allow_find_word(what, false);
	bool elsewhere = false;

	if (word < 0)
		return FAIL(e, E_POLICY, "%.200s: nothing that a policy could allow", what);
	for (size_t i = 0; p && i < p->n; i++) {
		if (!matches(p->v[i].what, what))
			continue;
		elsewhere = true;
		if (!covers(&p->v[i], p->repository))
			continue;
		if (!reason || !*reason) {
			int r = FAIL(e, E_POLICY, "%s: the policy allows it to who says why", what);

			return err_hint(e, r, "add --reason TEXT, which the trail keeps");
		}
		if (is_granted(p->granted, what))
			return 0;
		return json_push(p->granted,
				 json_pack("{s:s, s:s}", "what", what, "reason", reason), e);
	}
	return refuse(p, what, word, elsewhere, e);
}

int run_allowed_again(const struct run_policy *p, const json_t *granted, struct err *e)
{
	const json_t *one;
	size_t i;
	int r = 0;

	json_array_foreach(granted, i, one)
	{
		const char *what = json_string_or_null(one, "what");

		if (r == 0)
			r = run_allowed(p, what ? what : "", json_string_or_null(one, "reason"), e);
	}
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the section `run:`. */
#include <stdio.h>
#include <string.h>

#include "run/options/allow.h"
#include "run/options/allow_words.h"

static const char *const need_names[NEEDS] = {
	[NEED_SECCOMP] = "seccomp",	[NEED_LANDLOCK] = "landlock",
	[NEED_MEMORY] = "memory-limit", [NEED_PIDS] = "pids-limit",
	[NEED_CPU] = "cpu-limit",	[NEED_DISK] = "disk-limit",
	[NEED_APPARMOR] = "apparmor",	[NEED_MEMFD_NOEXEC] = "memfd-noexec",
};

const char *need_name(enum need n)
{
	return need_names[n];
}

static int bad(struct run_policy *p, const char *word, const char *what, const char *known,
	       struct err *e)
{
	(void)snprintf(p->bad, sizeof(p->bad), "%s", word);
	return FAIL(e, E_USAGE, "%s: '%.80s' is none of: %s", what, word, known);
}

static bool scope_ok(const char *s)
{
	struct str rest = str_of(s), part;
	size_t n = strlen(s);

	if (strcmp(s, "*") == 0)
		return true;
	if (n > 2 && strcmp(s + n - 2, "/*") == 0)
		rest.n -= 2;
	if (rest.n == 0 || n >= LIMIT_ALLOW_TEXT || rest.p[rest.n - 1] == '/')
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789._-:/[]", rest.p[i]))
			return false;
	while (str_cut(&rest, '/', &part))
		if (part.n == 0 || str_eqz(part, ".") || str_eqz(part, ".."))
			return false;
	return true;
}

static int parse_images(const json_t *images, const char *what, struct run_policy *p, struct err *e)
{
	const json_t *scope;
	size_t i;

	if (!json_is_array(images) || json_array_size(images) < 1 ||
	    json_array_size(images) > LIMIT_ALLOW_SCOPES)
		return FAIL(e, E_USAGE, "allow: %.80s: 'images' is a list of 1 to %d scopes", what,
			    LIMIT_ALLOW_SCOPES);
	json_array_foreach(images, i, scope)
	{
		const char *text = json_string_value(scope);

		if (!text || !scope_ok(text))
			return bad(p, text ? text : "", "allow: images",
				   "\"*\", HOST[/PART...], local/NAME, each with or without /*", e);
	}
	return 0;
}

static int parse_allowance(const json_t *entry, struct run_policy *p, struct err *e)
{
	const char *what = json_string_value(entry);
	const json_t *images = NULL;
	int r;

	if (json_is_object(entry)) {
		what = json_string_value(json_object_get(entry, "what"));
		images = json_object_get(entry, "images");
		if (!what || json_object_size(entry) != (images ? 2U : 1U))
			return FAIL(e, E_USAGE,
				    "allow: an entry is a word, or {what: WORD, images: [...]}");
	}
	if (!what || strlen(what) >= LIMIT_ALLOW_TEXT ||
	    allow_find_word(allow_canonical(what), true) < 0)
		return bad(p, what ? what : "", "allow",
			   "privileged, network-host, pid-host, ipc-host, uts-host, cgroupns-host, "
			   "userns-host, seccomp-unconfined, landlock-unconfined, "
			   "apparmor-unconfined, selinux-unconfined, proc-writable, "
			   "syscalls, proc-unmasked, "
			   "new-privileges, apparmor:NAME, cap:NAME, device:PATH, mount:PATH",
			   e);
	r = images ? parse_images(images, what, p, e) : 0;
	if (r < 0)
		return r;
	if (p->n == LIMIT_ALLOWANCES)
		return FAIL(e, E_USAGE, "allow: more than %d entries", LIMIT_ALLOWANCES);
	p->v[p->n++] = (struct run_allowance){ allow_canonical(what), images };
	return 0;
}

static int parse_allow(const json_t *list, struct run_policy *p, struct err *e)
{
	const json_t *entry;
	size_t i;
	int r = 0;

	if (list && !json_is_array(list))
		return FAIL(e, E_USAGE, "allow: is not a list");
	json_array_foreach(list, i, entry) r = r < 0 ? r : parse_allowance(entry, p, e);
	return r;
}

static int parse_needs(const json_t *list, const char *key, unsigned *ret, struct run_policy *p,
		       struct err *e)
{
	const json_t *entry;
	size_t i;

	if (list && !json_is_array(list))
		return FAIL(e, E_USAGE, "%s: is not a list", key);
	json_array_foreach(list, i, entry)
	{
		const char *name = json_string_value(entry);
		unsigned n = 0;

		while (name && n < NEEDS && strcmp(need_names[n], name) != 0)
			n++;
		if (!name || n == NEEDS)
			return bad(p, name ? name : "", key,
				   "seccomp, landlock, memory-limit, pids-limit, cpu-limit, "
				   "apparmor, memfd-noexec",
				   e);
		*ret |= 1U << n;
	}
	return 0;
}

static int parse_refusal(const json_t *o, const char *key, enum refusal *ret, struct run_policy *p,
			 struct err *e)
{
	const json_t *v = json_object_get(o, key);
	const char *text = json_string_value(v);

	if (!v)
		return 0;
	if (!text || (strcmp(text, "report") != 0 && strcmp(text, "stop") != 0))
		return bad(p, text ? text : "", key, "report, stop", e);
	*ret = strcmp(text, "stop") == 0 ? REFUSAL_STOP : REFUSAL_REPORT;
	return 0;
}

static int parse_runtime(struct run_policy *p, struct err *e)
{
	const json_t *v = json_object_get(p->json, "runtime");

	p->runtime = json_string_value(v);
	if (!v || (p->runtime && (p->runtime[0] == '/' || has_word("crun runc", p->runtime))))
		return 0;
	return bad(p, p->runtime ? p->runtime : "", "runtime", "crun, runc, an absolute path", e);
}

static int parse_section(struct run_policy *p, struct err *e)
{
	const char *key;
	json_t *v;
	int r;

	if (!json_is_object(p->json))
		return FAIL(e, E_USAGE, "is not a mapping of keys");
	json_object_foreach(p->json, key, v)
	{
		if (!has_word("allow without require on-refusal unchecked runtime", key))
			return bad(p, key, "unknown key",
				   "allow, without, require, on-refusal, unchecked, runtime", e);
	}
	r = parse_allow(json_object_get(p->json, "allow"), p, e);
	if (r < 0 ||
	    (r = parse_needs(json_object_get(p->json, "without"), "without", &p->without, p, e)) <
		    0 ||
	    (r = parse_needs(json_object_get(p->json, "require"), "require", &p->require, p, e)) <
		    0 ||
	    (r = parse_refusal(p->json, "on-refusal", &p->on_refusal, p, e)) < 0)
		return r;
	r = parse_runtime(p, e);
	if (r < 0)
		return r;
	if (p->without & p->require)
		return FAIL(e, E_USAGE, "one thing stands in 'without' and in 'require'");
	return parse_refusal(p->json, "unchecked", &p->unchecked, p, e);
}

int run_policy_parse(const json_t *section, struct run_policy *ret, struct err *e)
{
	int r;

	*ret = (struct run_policy){ .granted = json_array() };
	if (!ret->granted)
		return FAIL_NOMEM(e);
	if (!section || json_is_null(section))
		return 0;
	ret->json = json_deep_copy(section);
	r = ret->json ? parse_section(ret, e) : FAIL_NOMEM(e);
	return r < 0 ? WRAP(e, r, "run") : 0;
}

void run_policy_free(struct run_policy *p)
{
	json_decref(p->json);
	json_decref(p->granted);
	*p = (struct run_policy){ .json = NULL };
}

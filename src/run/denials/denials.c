/* SPDX-License-Identifier: Apache-2.0 */
#include "run/denials/denials.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/denials/denials_apparmor.h"
#include "run/file.h"
#include "run/life/oom.h"

static void denial_apparmor_free(struct denial_apparmor *a)
{
	if (!a)
		return;
	free(a->what);
	free(a->mask);
	free(a->cap);
	free(a->profile);
	free(a->line);
	free(a);
}

void denials_free(struct denials *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].path);
		denial_apparmor_free(d->v[i].apparmor);
	}
	for (size_t i = 0; i < d->places_n; i++) {
		free(d->places[i].target);
		free(d->places[i].asked);
	}
	free(d->places);
	free(d->v);
	*d = (struct denials){ 0 };
}

static const char *const rules[] = {
	[DENIAL_SECCOMP] = "seccomp", [DENIAL_READONLY] = "readonly",
	[DENIAL_NOEXEC] = "noexec",   [DENIAL_CAPABILITY] = "capability",
	[DENIAL_MEMORY] = "memory",   [DENIAL_PIDS] = "pids",
	[DENIAL_OTHERS] = "others",   [DENIAL_LANDLOCK] = "landlock",
	[DENIAL_PORT] = "port",	      [DENIAL_NETWORK] = "network",
	[DENIAL_SPACE] = "space",     [DENIAL_INODES] = "inodes",
	[DENIAL_FILES] = "files",     [DENIAL_RLIMIT] = "rlimit",
	[DENIAL_ID] = "id",	      [DENIAL_SETID] = "setid",
	[DENIAL_UNMADE] = "folder",   [DENIAL_APPARMOR] = "apparmor",
};

static bool rule_of(const char *name, enum denial_rule *ret)
{
	for (size_t i = 0; name && i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(name, rules[i]) == 0) {
			*ret = (enum denial_rule)i;
			return true;
		}
	return false;
}

static json_int_t number(const json_t *j, const char *key)
{
	return json_integer_value(json_object_get(j, key));
}

/* One line of a terminal. */
static char *text_of(const json_t *j, const char *key)
{
	char *text = strdup(json_string_or_null(j, key) ?: "");

	if (text)
		text_sanitize(text);
	for (char *c = text; c && *c; c++)
		*c = *c == '\n' || *c == '\t' ? '?' : *c; /* one line is one refusal */
	return text;
}

static int add_apparmor(const json_t *j, struct denial *one, struct err *e)
{
	struct denial_apparmor *a = calloc(1, sizeof(*a));

	one->apparmor = a;
	if (!a)
		return FAIL_NOMEM(e);
	a->what = text_of(j, "what");
	a->mask = text_of(j, "mask");
	a->cap = text_of(j, "cap");
	a->profile = text_of(j, "profile");
	a->line = text_of(j, "line");
	a->shared = json_is_true(json_object_get(j, "shared"));
	return a->what && a->mask && a->cap && a->profile && a->line ? 0 : FAIL_NOMEM(e);
}

static int add_line(struct denials *d, const struct str *line, struct err *e)
{
	auto_json *j = NULL;
	struct denial one = { 0 };

	if (json_parse(line->p, line->n, "denials", &j, NULL) < 0 ||
	    !rule_of(json_string_or_null(j, "rule"), &one.rule))
		return 0;
	one.count = (uint64_t)number(j, "n");
	one.nr = (int)number(j, "nr");
	one.error = (int)number(j, "errno");
	one.cap = (unsigned)number(j, "cap");
	one.a0 = (uint64_t)number(j, "a0");
	one.a1 = (uint64_t)number(j, "a1");
	one.path = text_of(j, "path");
	if (!one.path)
		return FAIL_NOMEM(e);
	/* Freed with the others, also when it is half there. */
	d->v[d->n++] = one;
	return one.rule == DENIAL_APPARMOR ? add_apparmor(j, &d->v[d->n - 1], e) : 0;
}

static int add_lines(struct denials *d, const char *text, size_t n, struct err *e)
{
	struct str rest = { text, n }, line;
	int r = 0;

	while (r == 0 && d->n < LIMIT_DENIALS && str_line(&rest, &line))
		r = add_line(d, &line, e);
	return r;
}

int denials_parse(const char *text, size_t n, struct denials *ret, struct err *e)
{
	auto_denials d = { .v = calloc(LIMIT_DENIALS, sizeof(*d.v)) };
	int r = d.v ? add_lines(&d, text, n, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	*ret = d;
	d = (struct denials){ 0 };
	return 0;
}

bool denials_has(const struct denials *d, enum denial_rule rule)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].rule == rule)
			return true;
	return false;
}

/* Who was killed for memory, by the kernel's own log; the guard knows only that somebody was, and
 * not even that when the control group went before it looked. */
static int add_killed(int folder, struct denials *d, struct err *e)
{
	char name[OOM_NAME];
	struct denial *one = NULL;
	char *path;

	if (!oom_read(folder, name))
		return 0;
	for (size_t i = 0; !one && i < d->n; i++)
		one = d->v[i].rule == DENIAL_MEMORY ? &d->v[i] : NULL;
	if (!one && d->n == LIMIT_DENIALS)
		return 0;
	path = strdup(name);
	if (!path)
		return FAIL_NOMEM(e);
	if (!one) {
		one = &d->v[d->n++];
		*one = (struct denial){ .rule = DENIAL_MEMORY, .count = 1, .nr = -1 };
	}
	free(one->path);
	one->path = path;
	return 0;
}

static uint64_t pids_limit(int folder)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	auto_json *config = NULL;
	json_int_t n = 0;

	if (fs_read(folder, "config.json", LIMIT_STATE_JSON, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, "config.json", &config, NULL) < 0 ||
	    json_unpack(config, "{s:{s:{s:{s:I}}}}", "linux", "resources", "pids", "limit", &n) < 0)
		return 0;
	return n > 0 ? (uint64_t)n : 0;
}

/* A process that could not be made, by the same log, where the guard came too late. */
static void add_unmade(int folder, struct denials *d)
{
	if (denials_has(d, DENIAL_PIDS) || d->n == LIMIT_DENIALS ||
	    faccessat(folder, FORKS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	d->v[d->n] = (struct denial){ .rule = DENIAL_PIDS,
				      .count = 1,
				      .nr = -1,
				      .a0 = pids_limit(folder),
				      .path = strdup("") };
	d->n += d->v[d->n].path != NULL;
}

int denials_read(int folder, struct denials *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DENIALS_FILE), log = BUF_INIT(LIMIT_DENIALS_FILE);
	auto_denials d = { 0 };
	/* There is one without the other. */
	const bool logged = fs_read(folder, APPARMOR_DENIALS, LIMIT_DENIALS_FILE, &log, NULL) == 0;
	int r = fs_read(folder, "denials", LIMIT_DENIALS_FILE, &text, logged ? NULL : e);

	if (r == 0 || (r == E_NOTFOUND && logged))
		r = denials_parse(buf_str(&text), text.n, &d, e);
	if (r == 0 && logged)
		r = add_lines(&d, buf_str(&log), log.n, e);
	if (r == 0)
		r = add_killed(folder, &d, e);
	if (r == 0)
		add_unmade(folder, &d);
	if (r < 0)
		return r;
	if (d.n)
		denials_read_places(folder, &d);
	*ret = d;
	d = (struct denials){ 0 };
	return 0;
}

int denial_json(const struct denials *all, const struct denial *d, json_t **ret, struct err *e)
{
	auto_buf what = BUF_INIT(2048), why = BUF_INIT(2048), remedy = BUF_INIT(2048),
		 instead = BUF_INIT(2048);
	char *call = d->nr >= 0 ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, d->nr) : NULL;

	denial_what(d, &what);
	denial_why(d, &why);
	denial_remedy(all, d, &remedy);
	denial_instead(all, d, &instead);
	*ret = json_pack("{s:s, s:s*, s:s*, s:I, s:i, s:s, s:s, s:s*, s:s*, s:b}", "rule",
			 rules[d->rule], "syscall", call, "path", *d->path ? d->path : NULL,
			 "count", (json_int_t)d->count, "errno", d->error, "what", buf_str(&what),
			 "why", buf_str(&why), "allow", remedy.n ? buf_str(&remedy) : NULL,
			 "instead", instead.n ? buf_str(&instead) : NULL, "usual", denial_usual(d));
	free(call);
	return *ret ? 0 : FAIL_NOMEM(e);
}

int denials_json(const struct denials *d, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	int r = list ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < d->n; i++) {
		json_t *one = NULL;

		r = denial_json(d, &d->v[i], &one, e);
		if (r == 0)
			r = json_push(list, one, e);
	}
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

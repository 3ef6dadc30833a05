/* SPDX-License-Identifier: Apache-2.0 */
/* The checks that look at words after substitution. Words that cannot be replaced are left to the
 * build, which says why. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "dockerfile/lint_impl.h"

enum { FAR = 32 }; /* edits: more than any guess is away */

/* The variable most like a misspelt one, or NULL; owned. */
static char *guess(const char *name, const struct vars *const *sets, size_t n)
{
	unsigned best = FAR;
	char *found = NULL;

	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < sets[k]->v.n; i++) {
			const char *entry = sets[k]->v.v[i];
			char *one = strndup(entry, strcspn(entry, "="));

			if (one && df_near(str_of(name), one, &best)) {
				free(found);
				found = one;
			} else {
				free(one);
			}
		}
	}
	return found;
}

static int report_missing(struct linting *l, const struct df_node *n, size_t at, size_t len,
			  const char *name, const struct vars *const *sets, size_t sets_n,
			  struct err *e)
{
	auto_free char *like = guess(name, sets, sets_n);

	return lint_report(l, n, at, len, e, "$%.100s is not set%s%.100s%s", name,
			   like ? " (did you mean $" : "", like ? like : "", like ? "?)" : "");
}

int lint_from_args(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct vars *const sets[] = { &l->globals, l->o->platform };
	const struct df_flag *f = df_find_flag(n, "platform");
	auto_strv missing = { 0 };
	struct expand x = { .escape = l->d->escape,
			    .sets = { sets[0], sets[1] },
			    .missing = &missing };
	auto_free char *base = NULL, *platform = NULL;
	size_t of_base;
	int r = 0;

	(void)expand_string(n->args[0].s, &x, &base, NULL);
	of_base = missing.n;
	if (f && f->value)
		(void)expand_string(f->value, &x, &platform, NULL);
	for (size_t i = 0; r == 0 && i < missing.n; i++) {
		bool in_base = i < of_base;

		if (strv_has(&l->declared, missing.v[i]))
			continue;
		r = report_missing(l, n, in_base ? n->args[0].at : f->at,
				   in_base ? n->args[0].len : f->len, missing.v[i], sets, 2, e);
	}
	return r;
}

int lint_from_defaults(struct linting *l, const struct df_node *n, struct err *e)
{
	struct expand x = { .escape = l->d->escape, .sets = { &l->defaults, l->o->platform } };
	const struct df_word *w = &n->args[0];
	auto_free char *base = NULL;

	if (!strchr(w->s, '$') || !l->o->is_reference || expand_string(w->s, &x, &base, NULL) < 0)
		return 0;
	if (*base && l->o->is_reference(base))
		return 0;
	return lint_report(l, n, w->at, w->len, e,
			   "%.100s without build arguments is '%.100s', no name of an image", w->s,
			   base);
}

int lint_workdir(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct lint_stage *s = lint_stage(l);
	struct expand x = { .escape = l->d->escape };
	auto_free char *path = NULL;

	if (!s || s->workdir)
		return 0;
	x.sets[0] = &s->words;
	if (expand_string(n->args[0].s, &x, &path, NULL) < 0 || path[0] == '/')
		return 0;
	return lint_report(l, n, n->args[0].at, n->args[0].len, e,
			   "where '%.100s' is depends on the base image", path);
}

/* The unset variables of one word. seen: those that this instruction was told of already. */
static int undefined_in(struct linting *l, const struct df_node *n, const char *word, size_t at,
			size_t len, struct strv *seen, struct err *e)
{
	const struct lint_stage *s = lint_stage(l);
	const struct vars *const sets[] = { &s->words };
	auto_strv missing = { 0 };
	struct expand x = { .escape = l->d->escape, .sets = { &s->words }, .missing = &missing };
	auto_free char *text = NULL;
	int r = 0;

	if (!word || !strchr(word, '$'))
		return 0;
	(void)expand_string(word, &x, &text, NULL);
	for (size_t i = 0; r == 0 && i < missing.n; i++) {
		const char *name = missing.v[i];

		/* An ARG without a value is set by whoever builds. $1 and $@ are no variables. */
		if (strv_has(seen, name) || strv_has(&s->args, name) ||
		    (!isalpha((unsigned char)*name) && *name != '_'))
			continue;
		r = strv_add(seen, name, e);
		if (r == 0)
			r = report_missing(l, n, at, len, name, sets, 1, e);
	}
	return r;
}

int lint_undefined(struct linting *l, const struct df_node *n, struct err *e)
{
	auto_strv seen = { 0 };
	int r = 0;

	if (!lint_stage(l))
		return 0;
	for (size_t i = 0; r == 0 && i < n->args_n; i++) {
		if (n->op == DF_ARG && i % 2 == 0)
			continue;
		r = undefined_in(l, n, n->args[i].s, n->args[i].at, n->args[i].len, &seen, e);
	}
	for (size_t i = 0; r == 0 && i < n->flags_n; i++)
		if (strcmp(n->flags[i].name, "from") != 0)
			r = undefined_in(l, n, n->flags[i].value, n->flags[i].at, n->flags[i].len,
					 &seen, e);
	return r;
}

/* The ports of one word of EXPOSE. */
static int split_ports(const struct linting *l, const struct df_word *w, struct strv *ret)
{
	struct expand x = { .escape = l->d->escape };

	if (lint_stage(l))
		x.sets[0] = &lint_stage(l)->words;
	return expand_split(str_of(w->s), &x, ret, NULL);
}

int lint_expose_casing(struct linting *l, const struct df_node *n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->args_n; i++) {
		auto_strv ports = { 0 };

		if (split_ports(l, &n->args[i], &ports) < 0)
			continue;
		for (size_t k = 0; r == 0 && k < ports.n; k++) {
			const char *p = strrchr(ports.v[k], '/');

			while (p && *p && !isupper((unsigned char)*p))
				p++;
			if (p && *p)
				r = lint_report(l, n, n->args[i].at, n->args[i].len, e,
						"the protocol of '%.60s' has capital letters",
						ports.v[k]);
		}
	}
	return r;
}

int lint_expose_format(struct linting *l, const struct df_node *n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->args_n; i++) {
		auto_strv ports = { 0 };

		if (split_ports(l, &n->args[i], &ports) < 0)
			continue;
		for (size_t k = 0; r == 0 && k < ports.n; k++)
			if (strchr(ports.v[k], ':'))
				r = lint_report(l, n, n->args[i].at, n->args[i].len, e,
						"'%.60s' names an address or a port of the host",
						ports.v[k]);
	}
	return r;
}

/* Of a path with wildcards, the folders before them are asked about. */
static bool may_come_back(const struct ignore *g, char *path)
{
	char *special = strpbrk(path, "*?[\\"), *slash;

	if (special) {
		*special = '\0';
		slash = strrchr(path, '/');
		*(slash ? slash : path) = '\0';
	}
	return ignore_leads(g, path);
}

/* All of the context: only where a pattern names it all, and nothing is taken back behind it. */
static bool all_ignored(const struct ignore *g)
{
	bool all = false;

	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].take_back)
			all = false;
		else if (strcmp(g->v[i].glob, "*") == 0 || strcmp(g->v[i].glob, "**") == 0)
			all = true;
	}
	return all;
}

int lint_copy_ignored(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct lint_stage *s = lint_stage(l);
	const struct ignore *ignore = l->o->ignore;
	int r = 0;

	if (!s || !ignore || ignore->n == 0 || df_flag(n, "from"))
		return 0;
	for (size_t i = 0; r == 0 && i + 1 < n->args_n; i++) {
		struct expand x = { .escape = l->d->escape, .sets = { &s->words } };
		const struct df_word *w = &n->args[i];
		auto_buf path = BUF_INIT(LIMIT_EXPANDED + 2);
		auto_free char *tried = NULL;
		char *p;

		if ((n->docs_n && strstr(w->s, "<<")) || strstr(w->s, "://") ||
		    expand_word(str_of(w->s), &x, &path, NULL) < 0)
			continue;
		buf_put(&path, "\0", 2); /* path_clean() wants room */
		if (!(p = path.p) || path.failed)
			continue;
		path_clean(p);
		p += *p == '/';
		tried = strdup(p);
		if (!tried)
			return FAIL_NOMEM(e);
		if (!*p || strcmp(p, ".") == 0
			    ? all_ignored(ignore)
			    : ignore_match(ignore, p) && !may_come_back(ignore, tried))
			r = lint_report(l, n, w->at, w->len, e,
					".dockerignore leaves '%.200s' out of the context",
					*p ? p : ".");
	}
	return r;
}

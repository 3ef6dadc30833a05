/* SPDX-License-Identifier: Apache-2.0 */
/* The table of build checks, and the walk through a Dockerfile that asks them. */
#include "dockerfile/lint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "dockerfile/lint_impl.h"

#define FROM LINT_OP(DF_FROM)
#define ALL (LINT_OP(DF_OPS) - 1)
#define WORDS                                                                                      \
	(LINT_OP(DF_ADD) | LINT_OP(DF_ARG) | LINT_OP(DF_COPY) | LINT_OP(DF_ENV) |                  \
	 LINT_OP(DF_EXPOSE) | LINT_OP(DF_LABEL) | LINT_OP(DF_STOPSIGNAL) | LINT_OP(DF_USER) |      \
	 LINT_OP(DF_VOLUME) | LINT_OP(DF_WORKDIR))

static const struct lint_rule rules[] = {
	{ "StageNameCasing", "names of stages are written in small letters", FROM, false,
	  lint_stage_name_casing },
	{ "FromAsCasing", "FROM and AS are written in one case", FROM, false, lint_from_as_casing },
	{ "NoEmptyContinuation", "an empty line amid continuation lines will end the instruction",
	  ALL, false, lint_empty_continuation },
	{ "ConsistentInstructionCasing", "all instructions are written in one case", ALL, false,
	  lint_instruction_casing },
	{ "DuplicateStageName", "no two stages have one name", FROM, false, lint_duplicate_stage },
	{ "ReservedStageName", "scratch and context have a meaning of their own", FROM, false,
	  lint_reserved_stage },
	{ "JSONArgsRecommended",
	  "a shell around CMD and ENTRYPOINT gets the signals in their stead",
	  LINT_OP(DF_CMD) | LINT_OP(DF_ENTRYPOINT), false, lint_json_args },
	{ "MaintainerDeprecated", "a label says who made an image", LINT_OP(DF_MAINTAINER), false,
	  lint_maintainer },
	{ "UndefinedArgInFrom", "FROM uses ARGs that stand before the first FROM", FROM, false,
	  lint_from_args },
	{ "WorkdirRelativePath", "a relative WORKDIR depends on the base image",
	  LINT_OP(DF_WORKDIR), false, lint_workdir },
	{ "UndefinedVar", "variables are set before they are used", WORDS, false, lint_undefined },
	{ "MultipleInstructionsDisallowed", "only the last one in a stage has an effect",
	  LINT_OP(DF_CMD) | LINT_OP(DF_ENTRYPOINT) | LINT_OP(DF_HEALTHCHECK), false,
	  lint_multiple },
	{ "LegacyKeyValueFormat", "NAME=VALUE is clear about where the value ends",
	  LINT_OP(DF_ENV) | LINT_OP(DF_LABEL), false, lint_legacy_pairs },
	{ "RedundantTargetPlatform", "a stage is built for the target's platform anyway", FROM,
	  false, lint_target_platform },
	{ "SecretsUsedInArgOrEnv", "ARG and ENV stay readable in the image",
	  LINT_OP(DF_ARG) | LINT_OP(DF_ENV), false, lint_secrets },
	{ "InvalidDefaultArgInFrom", "without build arguments the base has no valid name", FROM,
	  false, lint_from_defaults },
	{ "FromPlatformFlagConstDisallowed", "a fixed platform makes an image for that one only",
	  FROM, false, lint_const_platform },
	{ "CopyIgnoredFile", ".dockerignore leaves out what is to be copied",
	  LINT_OP(DF_COPY) | LINT_OP(DF_ADD), false, lint_copy_ignored },
	{ "InvalidDefinitionDescription",
	  "a comment right above begins with the name of what it describes", FROM | LINT_OP(DF_ARG),
	  true, lint_description },
	{ "ExposeProtoCasing", "the protocol of a port is written in small letters",
	  LINT_OP(DF_EXPOSE), false, lint_expose_casing },
	{ "ExposeInvalidFormat", "EXPOSE knows no addresses and ports of the host",
	  LINT_OP(DF_EXPOSE), false, lint_expose_format },
};
enum { RULES = sizeof(rules) / sizeof(rules[0]) };

/* Which rules are asked: bit i is rules[i]. */
static uint32_t experimental_rules(void)
{
	uint32_t set = 0;

	for (size_t i = 0; i < RULES; i++)
		set |= (uint32_t)rules[i].experimental << i;
	return set;
}

static int rule_set(struct str list, uint32_t *ret, struct lint *out, struct err *e)
{
	struct str name;
	int r = 0;

	while (r == 0 && str_cut(&list, ',', &name)) {
		bool found = false;

		name = str_trim(name);
		if (str_eqz(name, "all")) {
			*ret = UINT32_MAX;
			continue;
		}
		for (size_t i = 0; i < RULES; i++) {
			if (!str_eqz(name, rules[i].name))
				continue;
			*ret |= UINT32_C(1) << i;
			found = true;
		}
		if (!found && name.n)
			r = strv_addf(&out->unknown, e, "%.*s", (int)(name.n > 80 ? 80 : name.n),
				      name.p);
	}
	return r;
}

/* "skip=A,B;error=true;experimental=C" */
static int read_options(const char *text, uint32_t *ret_rules, struct lint *out, struct err *e)
{
	struct str rest = str_of(text), option, key;
	uint32_t skip = 0, more = 0;

	while (str_cut(&rest, ';', &option)) {
		struct str value = option;
		int r = 0;

		if (!memchr(option.p, '=', option.n) || !str_cut(&value, '=', &key))
			return FAIL(e, E_FORMAT, "checks: '%.*s' is not NAME=VALUE",
				    (int)(option.n > 100 ? 100 : option.n), option.p);
		key = str_trim(key);
		value = str_trim(value);
		if (str_eqz(key, "skip"))
			r = rule_set(value, &skip, out, e);
		else if (str_eqz(key, "experimental"))
			r = rule_set(value, &more, out, e);
		else if (!str_eqz(key, "error"))
			return FAIL(e, E_FORMAT,
				    "checks: the options are skip, error and experimental, not "
				    "'%.*s'",
				    (int)(key.n > 100 ? 100 : key.n), key.p);
		else if (!str_eqz(value, "true") && !str_eqz(value, "false"))
			return FAIL(e, E_FORMAT, "checks: error is true or false");
		else
			out->error = str_eqz(value, "true");
		if (r < 0)
			return r;
	}
	if (more == UINT32_MAX) /* "all" means those that are */
		more = experimental_rules();
	*ret_rules = (~experimental_rules() & ~skip) | more;
	return 0;
}

int lint_report(struct linting *l, const struct df_node *n, size_t at, size_t len, struct err *e,
		const char *fmt, ...)
{
	struct lint_finding f = { .rule = l->rule->name, .reason = l->rule->reason };
	struct lint_finding *v;
	struct err shown = ERR_INIT;
	va_list ap;
	int r;

	if (l->out->n == LIMIT_FINDINGS)
		return 0;
	v = reallocarray(l->out->v, l->out->n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	l->out->v = v;
	va_start(ap, fmt);
	r = vasprintf(&f.message, fmt, ap);
	va_end(ap);
	if (r < 0)
		return FAIL_NOMEM(e);
	text_sanitize(f.message);
	df_place(n, at, &f.line, &f.column);
	(void)df_fail(l->d, n, at, len, &shown, "%s: %.600s", f.rule, f.message);
	f.text = strdup(shown.msg);
	if (!f.text) {
		free(f.message);
		return FAIL_NOMEM(e);
	}
	v[l->out->n++] = f;
	return 0;
}

long lint_find_stage(const struct linting *l, const char *name, bool own)
{
	for (size_t i = l->n - !own; i-- > 0;)
		if (l->stages[i].name && strcasecmp(l->stages[i].name, name) == 0)
			return (long)i;
	return -1;
}

/* An ARG before the first FROM. */
static int global_arg(struct linting *l, const struct df_node *n, struct err *e)
{
	struct vars *const sets[] = { &l->globals, &l->defaults };
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < n->args_n; i += 2) {
		const char *name = n->args[i].s, *given = vars_get(l->o->build_args, name);

		r = strv_add(&l->declared, name, e);
		for (size_t k = 0; r == 0 && k < 2; k++) {
			struct expand x = { .escape = l->d->escape,
					    .sets = { sets[k], l->o->platform } };
			auto_free char *value = NULL;

			if (k == 0 && given)
				r = vars_set(sets[k], name, given, e);
			else if (n->args[i + 1].s &&
				 expand_string(n->args[i + 1].s, &x, &value, NULL) == 0)
				r = vars_set(sets[k], name, value, e);
		}
	}
	return r;
}

static int begin_stage(struct linting *l, const struct df_node *n, struct err *e)
{
	struct expand x = { .escape = l->d->escape, .sets = { &l->globals, l->o->platform } };
	struct lint_stage *stages = reallocarray(l->stages, l->n + 1, sizeof(*stages)), *s;
	auto_free char *base = NULL;
	long at;
	int r;

	if (!stages)
		return FAIL_NOMEM(e);
	l->stages = stages;
	s = &stages[l->n++];
	*s = (struct lint_stage){ .name = n->args_n > 2 ? n->args[2].s : NULL };
	if (expand_string(n->args[0].s, &x, &base, NULL) < 0)
		return 0;
	at = lint_find_stage(l, base, false);
	if (at >= 0) {
		s->shell = stages[at].shell;
		s->workdir = stages[at].workdir;
		return vars_copy(&s->words, &stages[at].words, e);
	}
	r = l->o->base_env ? l->o->base_env(l->o->arg, base, &s->words) : 0;
	return r > 0 && vars_get(&s->words, "PATH") ? 0 : vars_set(&s->words, "PATH", "/bin", e);
}

/* What ENV and ARG make of the variables. Words that fail are the build's to refuse. */
static int set_words(struct linting *l, const struct df_node *n, struct err *e)
{
	struct lint_stage *s = lint_stage(l);
	auto_vars env = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < n->args_n; i += 2) {
		struct expand x = { .escape = l->d->escape, .sets = { &s->words } };
		auto_free char *key = NULL, *value = NULL;
		const char *v = NULL;

		if (n->op == DF_ENV) {
			if (expand_string(n->args[i].s, &x, &key, NULL) == 0 &&
			    expand_string(n->args[i + 1].s, &x, &value, NULL) == 0 && *key &&
			    !strchr(key, '='))
				r = vars_set(&env, key, value, e);
			continue;
		}
		v = vars_get(l->o->build_args, n->args[i].s);
		if (!v && n->args[i + 1].s &&
		    expand_string(n->args[i + 1].s, &x, &value, NULL) == 0)
			v = value;
		if (!v && !n->args[i + 1].s)
			v = vars_get(&l->globals, n->args[i].s);
		if (!v && !n->args[i + 1].s)
			v = vars_get(l->o->platform, n->args[i].s);
		r = strv_add(&s->args, n->args[i].s, e);
		if (r == 0 && v)
			r = vars_set(&s->words, n->args[i].s, v, e);
	}
	return r < 0 ? r : vars_copy(&s->words, &env, e);
}

/* What an instruction leaves for those behind it. FROM did before its rules were asked. */
static int advance(struct linting *l, const struct df_node *n, struct err *e)
{
	struct lint_stage *s = lint_stage(l);

	if (!s)
		return n->op == DF_ARG ? global_arg(l, n, e) : 0;
	s->last[n->op] = n;
	s->shell |= n->op == DF_SHELL;
	s->workdir |= n->op == DF_WORKDIR;
	return n->op == DF_ENV || n->op == DF_ARG ? set_words(l, n, e) : 0;
}

static int by_line(const void *a, const void *b)
{
	const struct lint_finding *x = a, *y = b;

	return x->line != y->line ? (x->line > y->line) - (x->line < y->line)
				  : (x->column > y->column) - (x->column < y->column);
}

static void count_casing(struct linting *l)
{
	for (size_t i = 0; i < l->d->n; i++) {
		const char *s = l->d->nodes[i].text;
		bool lower = true, upper = true;

		for (; isalpha((unsigned char)*s); s++) {
			lower &= islower((unsigned char)*s) != 0;
			upper &= isupper((unsigned char)*s) != 0;
		}
		l->lower += lower;
		l->upper += upper;
	}
}

static int ask(struct linting *l, uint32_t asked, struct err *e)
{
	int r = 0;

	count_casing(l);
	for (size_t i = 0; r == 0 && i < l->d->n; i++) {
		const struct df_node *n = &l->d->nodes[i];

		if (n->op == DF_FROM && l->n == LIMIT_STAGES)
			return 0; /* the plan refuses it */
		if (n->op == DF_FROM)
			r = begin_stage(l, n, e);
		for (size_t k = 0; r == 0 && k < RULES; k++) {
			l->rule = &rules[k];
			if (asked >> k & 1 && l->rule->ops & LINT_OP(n->op))
				r = l->rule->run(l, n, e);
		}
		if (r == 0 && n->op != DF_FROM)
			r = advance(l, n, e);
	}
	return r;
}

int lint_run(const struct dockerfile *d, const struct lint_opts *o, struct lint *ret, struct err *e)
{
	const char *given = vars_get(o->build_args, "BUILDKIT_DOCKERFILE_CHECK");
	const char *options = given ? given : d->check;
	auto_lint out = { 0 };
	struct linting l = { .d = d, .o = o, .out = &out };
	uint32_t asked = ~experimental_rules();
	int r = options ? read_options(options, &asked, &out, e) : 0;

	if (r < 0)
		return WRAP(e, r, "%.200s", given ? "BUILDKIT_DOCKERFILE_CHECK" : d->name);
	r = ask(&l, asked, e);
	for (size_t i = 0; i < l.n; i++) {
		vars_free(&l.stages[i].words);
		strv_free(&l.stages[i].args);
	}
	free(l.stages);
	vars_free(&l.globals);
	vars_free(&l.defaults);
	strv_free(&l.declared);
	if (r < 0)
		return r;
	if (out.n)
		qsort(out.v, out.n, sizeof(*out.v), by_line);
	*ret = out;
	memset(&out, 0, sizeof(out));
	return 0;
}

void lint_free(struct lint *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].message);
		free(l->v[i].text);
	}
	free(l->v);
	strv_free(&l->unknown);
	memset(l, 0, sizeof(*l));
}

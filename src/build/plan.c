/* SPDX-License-Identifier: Apache-2.0 */
#include "build/plan.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "build/named.h"
#include "dockerfile/run_mount.h"

bool plan_proxy_arg(const char *name)
{
	static const char *const names[] = { "HTTP_PROXY",  "HTTPS_PROXY", "FTP_PROXY",
					     "NO_PROXY",    "ALL_PROXY",   "http_proxy",
					     "https_proxy", "ftp_proxy",   "no_proxy",
					     "all_proxy" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* By its name: an ARG of FROM may use it already. */
static int target_stage(const struct dockerfile *df, const char *target, struct vars *ret,
			struct err *e)
{
	const struct df_node *stage = NULL;
	auto_free char *name = NULL;
	uint64_t index = 0, wanted = UINT64_MAX;

	if (target)
		(void)str_u64(str_of(target), LIMIT_STAGES, &wanted, NULL);
	for (size_t i = 0; i < df->n; i++) {
		const struct df_node *n = &df->nodes[i];

		if (n->op != DF_FROM)
			continue;
		if (!target || index == wanted ||
		    (n->args_n == 3 && strcasecmp(n->args[2].s, target) == 0))
			stage = n;
		index++;
	}
	name = strdup(stage && stage->args_n == 3 ? stage->args[2].s : "default");
	if (!name)
		return FAIL_NOMEM(e);
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return vars_set(ret, "TARGETSTAGE", name, e);
}

int plan_platform(const struct dockerfile *df, const struct plan_opts *o, struct vars *ret,
		  struct err *e)
{
	static const char *const sides[] = { "TARGET", "BUILD" };
	char name[32], both[64];
	int r = 0;

	(void)snprintf(both, sizeof(both), "%s/%s", o->os, o->arch);
	for (int i = 0; r == 0 && i < 2; i++) {
		const char *const parts[][2] = { { "PLATFORM", both },
						 { "OS", o->os },
						 { "ARCH", o->arch },
						 { "VARIANT", "" } };

		for (size_t k = 0; r == 0 && k < 4; k++) {
			(void)snprintf(name, sizeof(name), "%s%s", sides[i], parts[k][0]);
			r = vars_set(ret, name, parts[k][1], e);
		}
	}
	return r < 0 ? r : target_stage(df, o->target, ret, e);
}

static struct expand global_scope(const struct plan *p)
{
	return (struct expand){ .escape = p->df->escape, .sets = { &p->globals, &p->platform } };
}

/* An ARG before the first FROM: for FROM lines, and for stages that name it again. */
static int global_arg(struct plan *p, const struct df_node *n, const struct vars *build_args,
		      struct err *e)
{
	for (size_t i = 0; i + 1 < n->args_n; i += 2) {
		const char *name = n->args[i].s, *given = vars_get(build_args, name);
		struct expand x = global_scope(p);
		auto_free char *value = NULL;
		int r = 0;

		if (given)
			r = strv_add(&p->args_used, name, e);
		else if (n->args[i + 1].s)
			r = expand_string(n->args[i + 1].s, &x, &value, e);
		if (r < 0)
			return df_wrap(p->df, n, n->args[i].at, n->args[i].len, r, e);
		if (!given && !value)
			continue;
		r = vars_set(&p->globals, name, given ? given : value, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool name_ok(const char *s)
{
	if (!isalpha((unsigned char)s[0]))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			return false;
	return true;
}

static long by_name(const struct plan *p, const char *name)
{
	for (size_t i = p->n; i-- > 0;)
		if (p->stages[i].name && strcasecmp(p->stages[i].name, name) == 0)
			return (long)i;
	return -1;
}

static int stage_name(struct plan *p, struct stage *s, const struct df_node *n, struct err *e)
{
	const struct df_word *w = &n->args[2];

	if (n->args_n < 3)
		return 0;
	if (!name_ok(w->s))
		return DF_FAIL_WORD(p->df, n, w, e,
				    "'%.100s' is no name for a stage: a letter, then letters, "
				    "digits, '-', '_' and '.'",
				    w->s);
	/* A name may come again, as with docker: the later stage hides the earlier. */
	s->name = strdup(w->s);
	if (!s->name)
		return FAIL_NOMEM(e);
	for (char *c = s->name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

/* Only this machine's own platform is built for. */
static int check_platform(const struct plan *p, const struct df_node *n, struct err *e)
{
	const char *flag = df_flag(n, "platform"), *own = vars_get(&p->platform, "TARGETPLATFORM");
	struct expand x = global_scope(p);
	auto_free char *want = NULL;
	int r;

	if (!flag)
		return 0;
	r = expand_string(flag, &x, &want, e);
	if (r < 0)
		return df_wrap(p->df, n, df_find_flag(n, "platform")->at, 0, r, e);
	if (strcasecmp(want, own) != 0 && strcmp(want, strchr(own, '/') + 1) != 0)
		return DF_FAIL_FLAG(p->df, n, "platform", e,
				    "the platform '%.100s' cannot be built here, only %s", want,
				    own);
	return 0;
}

static int add_stage(struct plan *p, const struct df_node *n, struct err *e)
{
	struct expand x = global_scope(p);
	struct stage *stages, *s;
	int r;

	if (p->n == LIMIT_STAGES)
		return df_fail(p->df, n, 0, 0, e, "more than %d stages", LIMIT_STAGES);
	stages = reallocarray(p->stages, p->n + 1, sizeof(*stages));
	if (!stages)
		return FAIL_NOMEM(e);
	p->stages = stages;
	s = &stages[p->n];
	*s = (struct stage){ .from = n, .nodes = n + 1, .base_stage = -1, .steps = 1 };
	r = expand_string(n->args[0].s, &x, &s->base, e);
	if (r == 0 && !*s->base)
		r = FAIL(e, E_FORMAT, "FROM %.100s: the name of the base is empty", n->args[0].s);
	if (r < 0)
		r = df_wrap(p->df, n, n->args[0].at, n->args[0].len, r, e);
	if (r == 0)
		r = check_platform(p, n, e);
	if (r == 0)
		r = stage_name(p, s, n, e);
	if (r < 0) {
		free(s->base);
		free(s->name);
		return r;
	}
	s->base_stage = named_value(p->contexts, s->base) ? -1 : by_name(p, s->base);
	s->scratch = s->base_stage < 0 && strcmp(s->base, "scratch") == 0;
	p->n++;
	return 0;
}

static bool makes_layer(enum df_op op)
{
	return op == DF_RUN || op == DF_COPY || op == DF_ADD || op == DF_WORKDIR;
}

static int read_stages(struct plan *p, const struct vars *build_args, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->df->n; i++) {
		const struct df_node *n = &p->df->nodes[i];

		if (n->op == DF_FROM) {
			r = add_stage(p, n, e);
		} else if (p->n) {
			p->stages[p->n - 1].nodes_n++;
			p->stages[p->n - 1].steps += makes_layer(n->op);
		} else if (n->op == DF_ARG) {
			r = global_arg(p, n, build_args, e);
		} else {
			r = df_fail(p->df, n, 0, 0, e, "%s before the first FROM",
				    df_op_name(n->op));
		}
	}
	if (r == 0 && p->n == 0)
		r = FAIL(e, E_FORMAT, "%s: no FROM", p->df->name);
	return r;
}

int plan_find_stage(const struct plan *p, const char *name, long *ret, struct err *e)
{
	uint64_t index;

	if (named_value(p->contexts, name)) {
		*ret = -1;
		return 0;
	}
	*ret = by_name(p, name);
	if (*ret >= 0 || name[strspn(name, "0123456789")] != '\0')
		return 0;
	if (str_u64(str_of(name), LIMIT_STAGES, &index, NULL) < 0 || index >= p->n)
		return FAIL(e, E_FORMAT, "there is no stage %.40s; the last one is %zu", name,
			    p->n - 1);
	*ret = (long)index;
	return 0;
}

enum mark { UNSEEN, OPEN, DONE };

static int visit(struct plan *p, size_t i, enum mark *marks, const struct df_node *why,
		 struct err *e);

/* The stage that a flag of stage i's "from" names, if it is one, comes first. */
static int visit_from(struct plan *p, size_t i, const struct df_node *n, const struct df_flag *f,
		      const char *from, enum mark *marks, struct err *e)
{
	long at = -1;
	int r = 0;

	if (strchr(from, '$'))
		r = FAIL(e, E_FORMAT,
			 "variables are not replaced in %sfrom; name a stage by 'FROM %.100s AS "
			 "...' instead",
			 n->op == DF_RUN ? "" : "--", from);
	if (r == 0)
		r = plan_find_stage(p, from, &at, e);
	if (r == 0 && at > (long)i)
		r = FAIL(e, E_FORMAT, "stage %.100s is further down: only stages above can be used",
			 from);
	if (r == 0 && at >= 0)
		return visit(p, (size_t)at, marks, n, e);
	return r < 0 ? df_wrap(p->df, n, f->at, f->len, r, e) : 0;
}

/* COPY --from=STAGE, RUN --mount=from=STAGE. */
static int visit_node(struct plan *p, size_t stage, const struct df_node *n, enum mark *marks,
		      struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->flags_n; i++) {
		const struct df_flag *f = &n->flags[i];
		auto_free char *within = NULL;

		if (n->op == DF_COPY && strcmp(f->name, "from") == 0) {
			r = visit_from(p, stage, n, f, f->value, marks, e);
		} else if (n->op == DF_RUN && strcmp(f->name, "mount") == 0) {
			r = run_mount_from(f->value, &within, e);
			if (r < 0)
				r = df_wrap(p->df, n, f->at, f->len, r, e);
			else if (within && strcasecmp(within, "scratch") != 0)
				r = visit_from(p, stage, n, f, within, marks, e);
		}
	}
	return r;
}

static int visit_sources(struct plan *p, size_t i, enum mark *marks, struct err *e)
{
	const struct stage *s = &p->stages[i];
	int r = 0;

	for (size_t k = 0; r == 0 && k < s->nodes_n; k++)
		r = visit_node(p, i, &s->nodes[k], marks, e);
	return r;
}

static int visit(struct plan *p, size_t i, enum mark *marks, const struct df_node *why,
		 struct err *e)
{
	struct stage *s = &p->stages[i];
	int r = 0;

	if (marks[i] == DONE)
		return 0;
	if (marks[i] == OPEN)
		return df_fail(p->df, why, 0, 0, e, "stage '%s' needs itself",
			       s->name ? s->name : s->base);
	marks[i] = OPEN;
	if (s->base_stage >= 0)
		r = visit(p, (size_t)s->base_stage, marks, s->from, e);
	if (r == 0)
		r = visit_sources(p, i, marks, e);
	if (r < 0)
		return r;
	marks[i] = DONE;
	s->needed = true;
	p->order[p->order_n++] = i;
	return 0;
}

static int find_target(struct plan *p, const char *target, struct err *e)
{
	uint64_t index;
	long at;

	p->target = p->n - 1;
	if (!target)
		return 0;
	at = by_name(p, target);
	if (at < 0 && str_u64(str_of(target), p->n - 1, &index, NULL) == 0)
		at = (long)index;
	if (at < 0)
		return FAIL(e, E_FORMAT, "%s: there is no stage '%.100s'", p->df->name, target);
	p->target = (size_t)at;
	return 0;
}

int plan_make(const struct dockerfile *df, const struct plan_opts *o, struct plan *ret,
	      struct err *e)
{
	enum mark marks[LIMIT_STAGES] = { UNSEEN };
	auto_plan p = { .df = df, .contexts = o->contexts };
	int r = plan_platform(df, o, &p.platform, e);

	if (r == 0)
		r = read_stages(&p, o->build_args, e);
	if (r == 0)
		r = find_target(&p, o->target, e);
	if (r == 0)
		r = visit(&p, p.target, marks, p.stages ? p.stages[p.target].from : NULL, e);
	if (r < 0)
		return r;
	*ret = p;
	memset(&p, 0, sizeof(p));
	return 0;
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->stages[i].name);
		free(p->stages[i].base);
	}
	free(p->stages);
	vars_free(&p->platform);
	vars_free(&p->globals);
	strv_free(&p->args_used);
	memset(p, 0, sizeof(*p));
}

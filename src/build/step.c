/* SPDX-License-Identifier: Apache-2.0 */
/* What all steps share: progress, the layer and history entry they end in. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/work.h"

void step_begin(struct stage_work *s, const struct df_node *n)
{
	char what[256];
	int at;

	s->step++;
	if (s->stage->name)
		at = snprintf(what, sizeof(what), "[%.40s %zu/%zu] ", s->stage->name, s->step,
			      s->steps);
	else
		at = snprintf(what, sizeof(what), "[stage-%zu %zu/%zu] ", s->index, s->step,
			      s->steps);
	(void)snprintf(what + at, sizeof(what) - (size_t)at, "%s", n->text);
	remote_hide(what);
	text_sanitize(what);
	progress_begin(s->w->o->progress, what, 0);
	s->open = true;
}

int stage_pause(struct work *w, size_t waits_for, struct err *e)
{
	w->paused = true;
	w->waits_for = waits_for;
	return FAIL(e, E_INTERNAL, "the stage was paused");
}

int step_warn(const struct stage_work *s, const struct df_node *n, struct err *e, const char *fmt,
	      ...)
{
	auto_buf line = BUF_INIT(4096);
	va_list ap;
	int r;

	if (s->again)
		return 0;
	buf_printf(&line, "warning: %s:%d: ", s->scope.df->name, df_line(n));
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	r = buf_check(&line, "warning", e);
	if (r == 0)
		progress_line(s->w->o->progress, buf_str(&line));
	return r;
}

int step_end(struct stage_work *s, const struct cached *c, bool hit, bool settled,
	     const char *created_by, struct err *e)
{
	struct draft *d = &s->scope.draft;
	int r = c->empty ? 0 : draft_add_layer(d, &c->layer, &c->diff_id, e);

	if (r == 0)
		r = draft_add_history(d, created_by, c->empty, e);
	if (r < 0)
		return r;
	if (c->epoch > d->epoch)
		d->epoch = c->epoch;
	d->settled &= settled;
	s->w->res.steps++;
	s->w->res.cached += hit;
	progress_end(s->w->o->progress, hit ? "cached" : NULL);
	s->open = false;
	return 0;
}

int find_base(struct work *w, const char *name, struct desc *ret, struct err *e)
{
	struct build_result *res = &w->res;
	struct build_base *bases;
	int r;

	for (size_t i = 0; i < res->bases_n; i++) {
		if (strcmp(res->bases[i].name, name) == 0) {
			*ret = res->bases[i].image;
			return 0;
		}
	}
	if (w->forked)
		return stage_pause(w, SIZE_MAX, e);
	r = w->o->hooks.base(w->o->hooks.arg, name, ret, e);
	if (r < 0)
		return r;
	bases = reallocarray(res->bases, res->bases_n + 1, sizeof(*bases));
	if (!bases)
		return FAIL_NOMEM(e);
	res->bases = bases;
	bases[res->bases_n] = (struct build_base){ strdup(name), *ret };
	return bases[res->bases_n++].name ? 0 : FAIL_NOMEM(e);
}

int do_node(struct stage_work *s, const struct df_node *n, struct err *e)
{
	if (scope_only(n->op))
		return scope_apply(&s->scope, n, e);
	if (n->op == DF_RUN)
		return do_run(s, n, e);
	if (n->op == DF_WORKDIR)
		return do_workdir(s, n, e);
	return do_copy(s, n, e);
}

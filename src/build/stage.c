/* SPDX-License-Identifier: Apache-2.0 */
/* One stage on its way: FROM, what its base asks for, its own instructions. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/work.h"
#include "dockerfile/run_mount.h"

int stage_draft(struct work *w, size_t index, const struct draft **ret, struct err *e)
{
	if (w->stages[index].state != STAGE_DONE)
		return stage_pause(w, index, e);
	*ret = &w->stages[index].scope.draft;
	return 0;
}

static bool mounts_from(const struct df_node *n)
{
	bool any = false;

	for (size_t i = 0; i < n->flags_n; i++) {
		auto_free char *from = NULL;

		if (strcmp(n->flags[i].name, "mount") == 0)
			any |= run_mount_from(n->flags[i].value, &from, NULL) == 0 && from;
	}
	return any;
}

/*
 * COPY --from of a trigger may name an image. A stage's name would mean one of whoever builds on
 * the base: the plan is made before bases are opened, so that stage may never be built.
 */
static int trigger_from(const struct stage_work *s, const struct dockerfile *df,
			const struct df_node *n, struct err *e)
{
	long at;
	int r = plan_find_stage(&s->w->plan, df_flag(n, "from"), &at, e);

	if (r == 0 && at >= 0)
		r = FAIL(e, E_FORMAT,
			 "--from behind ONBUILD may name an image, not the stage '%.100s'",
			 df_flag(n, "from"));
	return r < 0 ? df_wrap(df, n, df_find_flag(n, "from")->at, df_find_flag(n, "from")->len, r,
			       e)
		     : 0;
}

/* What a base asks to be done in images built from it. They are instructions like others. */
static int read_triggers(struct stage_work *s, const json_t *list, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DOCKERFILE);
	struct dockerfile *df = &s->triggers;
	const json_t *v;
	size_t i;
	int r;

	json_array_foreach(list, i, v) buf_printf(&text, "%s\n", json_string_value(v));
	r = buf_check(&text, "ONBUILD of the base", e);
	if (r == 0)
		r = dockerfile_parse((struct str){ buf_str(&text), text.n }, "ONBUILD of the base",
				     df, e);
	for (size_t k = 0; r == 0 && k < df->n; k++) {
		const struct df_node *n = &df->nodes[k];

		s->steps += !scope_only(n->op);
		if (n->op == DF_FROM || n->op == DF_ONBUILD)
			r = df_fail(df, n, 0, 0, e, "%s cannot stand behind ONBUILD",
				    df_op_name(n->op));
		else if (n->op == DF_COPY && df_flag(n, "from"))
			r = trigger_from(s, df, n, e);
		else if (n->op == DF_RUN && mounts_from(n))
			r = df_fail(df, n, 0, 0, e,
				    "RUN --mount with a from behind ONBUILD is not supported yet");
	}
	return r;
}

static int start_from(struct stage_work *s, struct draft *ret, struct err *e)
{
	const struct df_node *n = s->stage->from;
	const struct draft *other;
	struct desc image;
	int r;

	if (s->stage->scratch)
		return draft_scratch(ret, e);
	if (s->stage->base_stage >= 0) {
		r = stage_draft(s->w, (size_t)s->stage->base_stage, &other, e);
		return r < 0 ? r : draft_from_draft(other, ret, e);
	}
	r = named_draft(s->w, s->stage->base, true, ret, e);
	if (r > 0)
		return 0;
	if (r == 0)
		r = find_base(s->w, s->stage->base, &image, e);
	if (r == 0)
		r = draft_from_image(s->w->o->store, &image, ret, e);
	return r < 0 ? df_wrap(s->scope.df, n, n->args[0].at, n->args[0].len, r, e) : 0;
}

int do_from(struct stage_work *s, struct err *e)
{
	struct work *w = s->w;
	json_t *triggers;
	int r;

	s->steps = s->stage->steps;
	s->scope.df = &w->df;
	s->scope.globals = &w->plan.globals;
	s->scope.platform = &w->plan.platform;
	s->scope.build_args = &w->build_args;
	s->scope.args_used = &w->args_used;
	step_begin(s, s->stage->from);
	r = start_from(s, &s->scope.draft, e);
	if (r == 0)
		r = scope_start(&s->scope,
				s->stage->base_stage < 0 ? NULL
							 : &w->stages[s->stage->base_stage].scope,
				e);
	if (r < 0)
		return r;
	progress_end(w->o->progress, NULL);
	s->open = false;
	triggers = json_object_get(s->scope.draft.config, "OnBuild");
	if (json_is_array(triggers))
		r = read_triggers(s, triggers, e);
	(void)json_object_del(s->scope.draft.config, "OnBuild");
	return r;
}

/* The next instruction, or FROM. */
static int step_next(struct stage_work *s, struct err *e)
{
	size_t i = s->next;
	int r;

	if (!s->begun) {
		r = do_from(s, e);
		s->begun = r == 0;
		return r;
	}
	if (i < s->triggers.n) {
		s->scope.df = &s->triggers;
		r = do_node(s, &s->triggers.nodes[i], e);
		s->scope.df = &s->w->df;
	} else {
		r = do_node(s, &s->stage->nodes[i - s->triggers.n], e);
	}
	s->next += r == 0;
	return r;
}

int stage_advance(struct stage_work *s, struct err *e)
{
	struct work *w = s->w;
	int r = 0;

	w->opts.progress = s->progress;
	while (r == 0 && (!s->begun || s->next < s->triggers.n + s->stage->nodes_n)) {
		size_t step = s->step;

		w->paused = false;
		r = step_next(s, e);
		s->again = r < 0 && w->paused;
		if (!s->again)
			continue;
		w->paused = false;
		if (s->open)
			progress_drop(w->o->progress);
		s->open = false;
		s->step = step;
		s->waits_for = w->waits_for;
		s->state = w->only_known && s->waits_for == SIZE_MAX ? STAGE_READY : STAGE_WAITS;
		return 0;
	}
	s->state = r < 0 ? STAGE_FAILED : STAGE_DONE;
	if (r == 0)
		w->res.stages++;
	return r < 0 ? r : 1;
}

void stage_free(struct stage_work *s)
{
	scope_free(&s->scope);
	dockerfile_free(&s->triggers);
}

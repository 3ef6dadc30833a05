/* SPDX-License-Identifier: Apache-2.0 */
/* What all steps share: progress, times, the layer and history entry they end in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/run_mount.h"
#include "build/work.h"

int64_t step_epoch(const struct stage_work *s, int64_t newest)
{
	const struct work *w = s->w;
	int64_t t = w->ctx.commit_time >= 0 ? w->ctx.commit_time : w->ctx.dockerfile_mtime;

	if (w->o->source_date_epoch >= 0)
		return w->o->source_date_epoch;
	if (s->scope.draft.epoch > t)
		t = s->scope.draft.epoch;
	return newest > t ? newest : t;
}

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
	text_sanitize(what);
	progress_begin(s->w->o->progress, what, 0);
}

int step_end(struct stage_work *s, const struct cached *c, bool hit, const char *created_by,
	     struct err *e)
{
	struct draft *d = &s->scope.draft;
	int r = c->empty ? 0 : draft_add_layer(d, &c->layer, &c->diff_id, e);

	if (r == 0)
		r = draft_add_history(d, created_by, c->empty, e);
	if (r < 0)
		return r;
	d->epoch = c->epoch;
	s->w->res.steps++;
	s->w->res.cached += hit;
	progress_end(s->w->o->progress, hit ? "cached" : NULL);
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

/* What a base asks to be done in images built from it. They are instructions like others. */
static int run_triggers(struct stage_work *s, json_t *triggers, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DOCKERFILE);
	auto_dockerfile df = { 0 };
	const struct dockerfile *own = s->scope.df;
	json_t *v;
	size_t i;
	int r;

	json_array_foreach(triggers, i, v) buf_printf(&text, "%s\n", json_string_value(v));
	r = buf_check(&text, "ONBUILD of the base", e);
	if (r == 0)
		r = dockerfile_parse((struct str){ buf_str(&text), text.n }, "ONBUILD of the base",
				     &df, e);
	s->scope.df = &df;
	for (size_t k = 0; k < df.n; k++)
		s->steps += !scope_only(df.nodes[k].op);
	for (size_t k = 0; r == 0 && k < df.n; k++) {
		const struct df_node *n = &df.nodes[k];

		if (n->op == DF_FROM || n->op == DF_ONBUILD)
			r = df_fail(&df, n, 0, 0, e, "%s cannot stand behind ONBUILD",
				    df_op_name(n->op));
		else if (n->op == DF_COPY && df_flag(n, "from"))
			r = df_fail(&df, n, 0, 0, e,
				    "COPY --from behind ONBUILD is not supported yet");
		else if (n->op == DF_RUN && mounts_from(n))
			r = df_fail(&df, n, 0, 0, e,
				    "RUN --mount with a from behind ONBUILD is not supported yet");
		else
			r = do_node(s, n, e);
	}
	s->scope.df = own;
	return r;
}

static int start_from(struct stage_work *s, struct err *e)
{
	struct draft *d = &s->scope.draft;
	const struct df_node *n = s->stage->from;
	struct desc image;
	int r;

	if (s->stage->scratch)
		return draft_scratch(d, e);
	if (s->stage->base_stage >= 0)
		return draft_from_draft(&s->w->stages[s->stage->base_stage].scope.draft, d, e);
	r = find_base(s->w, s->stage->base, &image, e);
	if (r == 0)
		r = draft_from_image(s->w->o->store, &image, d, e);
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
	r = start_from(s, e);
	if (r < 0)
		return r;
	progress_end(w->o->progress, NULL);
	triggers = json_incref(json_object_get(s->scope.draft.config, "OnBuild"));
	if (!json_is_array(triggers)) {
		json_decref(triggers);
		return 0;
	}
	(void)json_object_del(s->scope.draft.config, "OnBuild");
	r = run_triggers(s, triggers, e);
	json_decref(triggers);
	return r;
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

/* The folder of WORKDIR: made in a layer of its own when it is not there. */
static int make_workdir(struct stage_work *s, const char *path, struct cached *c, struct err *e)
{
	static const struct owner root = { 0, 0 };
	int64_t epoch = step_epoch(s, 0);
	auto_mounted m = MOUNTED_NONE;
	int r = mount_draft(s->w, &s->scope.draft, MOUNT_CHANGE, &m, e);

	if (r < 0)
		return r;

	auto_close int fd = tree_mkdir(m.root, path, &root, epoch, e);

	if (fd < 0)
		return fd;
	close_release(&fd);
	return mount_commit(s->w, &s->scope.draft, &m, epoch, c, e);
}

int do_workdir(struct stage_work *s, const struct df_node *n, struct err *e)
{
	auto_free char *word = NULL, *path = NULL, *text = NULL;
	struct work *w = s->w;
	struct cached c = { 0 };
	struct digest parent, key;
	auto_keyer k = { 0 };
	bool hit;
	int r = scope_word(&s->scope, n, &n->args[0], &word, e);

	if (r == 0 && !*word)
		r = DF_FAIL_WORD(s->scope.df, n, &n->args[0], e, "WORKDIR: the path is empty");
	if (r == 0)
		r = scope_path(&s->scope, word, &path, e);
	if (r < 0)
		return r;
	step_begin(s, n);
	draft_digest(&s->scope.draft, &parent);
	r = keyer_new(&k, "WORKDIR", &parent, e);
	if (r < 0)
		return r;
	keyer_put(&k, path);
	keyer_put(&k, w->o->source_date_epoch >= 0 ? "epoch" : "");
	if (w->o->source_date_epoch >= 0)
		sha256_update(k.h, &w->o->source_date_epoch, sizeof(w->o->source_date_epoch));
	keyer_end(&k, &key);
	hit = step_known(s, &key, &c);
	if (!hit)
		r = make_workdir(s, path, &c, e);
	if (!hit && r == 0)
		r = step_learn(s, &key, &c, e);
	if (r == 0)
		r = json_put_string(s->scope.draft.config, "WorkingDir", path, e);
	if (r == 0 && asprintf(&text, "WORKDIR %s", path) < 0)
		r = FAIL_NOMEM(e);
	if (r == 0)
		r = step_end(s, &c, hit, text, e);
	return r < 0 ? df_wrap(s->scope.df, n, n->args[0].at, n->args[0].len, r, e) : 0;
}

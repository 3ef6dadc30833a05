/* SPDX-License-Identifier: Apache-2.0 */
/* What all steps share: progress, times, the layer and history entry they end in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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
	s->open = true;
}

int stage_pause(struct work *w, size_t waits_for, struct err *e)
{
	w->paused = true;
	w->waits_for = waits_for;
	return FAIL(e, E_INTERNAL, "the stage was paused");
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
	r = step_known(s, &key, &c, &hit, e);
	if (!hit && r == 0)
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

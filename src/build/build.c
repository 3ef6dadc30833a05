/* SPDX-License-Identifier: Apache-2.0 */
#include "build/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/worker.h"
#include "oci/overlay.h"

static void work_free(struct work *w)
{
	for (size_t i = 0; w->stages && i < w->plan.n; i++)
		stage_free(&w->stages[i]);
	free(w->stages);
	plan_free(&w->plan);
	dockerfile_free(&w->df);
	vars_free(&w->build_args);
	strv_free(&w->args_used);
	context_close(&w->ctx);
	file_memo_free(&w->memo);
	area_close(&w->area);
	build_result_free(&w->res);
}
#define auto_work __attribute__((cleanup(work_free))) struct work

int work_pairs(const struct strv *from, const char *what, struct vars *ret, struct err *e)
{
	for (size_t i = 0; from && i < from->n; i++) {
		const char *eq = strchr(from->v[i], '=');
		auto_free char *name = eq ? strndup(from->v[i], (size_t)(eq - from->v[i])) : NULL;
		int r;

		if (!eq || eq == from->v[i])
			return FAIL(e, E_USAGE, "%s '%.100s' is not NAME=VALUE", what, from->v[i]);
		r = name ? vars_set(ret, name, eq + 1, e) : FAIL_NOMEM(e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_opts(const struct build_opts *o, struct err *e)
{
	auto_buf own = BUF_INIT(64);
	auto_vars annotations = { 0 };

	buf_printf(&own, "linux/%s", oci_architecture());
	if (o->platform && strcmp(o->platform, buf_str(&own)) != 0)
		return FAIL(e, E_USAGE, "the platform '%.100s' cannot be built here, only %s",
			    o->platform, buf_str(&own));
	for (size_t i = 0; o->tags && i < o->tags->n; i++) {
		struct ref ref;
		int r = ref_parse(o->tags->v[i], &ref, e);

		if (r == 0 && ref.digest.s[0])
			r = FAIL(e, E_FORMAT, "'%.200s' has a digest", o->tags->v[i]);
		if (r < 0)
			return err_set(e, __FILE__, __LINE__, E_USAGE, 0,
				       "'%.200s' is no name for an image", o->tags->v[i]);
	}
	return named_check(o->contexts, e) < 0
		       ? E_USAGE
		       : work_pairs(o->annotations, "annotation", &annotations, e);
}

/* A context that was fetched is another folder every time. */
static int open_local(struct work *w, bool ask_git, struct err *e)
{
	const struct build_opts *o = w->o;
	struct stat st;
	int r = context_open(&w->ctx, o->context, o->dockerfile, ask_git, e);

	if (r < 0)
		return r;
	if (fstat(w->ctx.fd, &st) < 0)
		return FAIL_SYS(e, "read build context");
	if (w->ctx.git.dir && w->ctx.git.shallow)
		progress_line(
			o->progress,
			"warning: the context is a shallow clone: files that did not change in it "
			"have the time of its first commit, and a cache of another commit may give "
			"another digest; git fetch --unshallow, or SOURCE_DATE_EPOCH");
	file_memo_open(&w->memo, o->state, &st);
	return 0;
}

static int open_context(struct work *w, struct err *e)
{
	const struct build_opts *o = w->o;
	const bool ask_git = o->source_date_epoch < 0;
	struct context_at at = CONTEXT_AT_NONE;
	int r = context_fetch(w, &at, e);

	if (r == 0 && at.fd < 0)
		return open_local(w, ask_git, e);
	if (r == 0)
		r = context_open_at(&w->ctx, at.fd, o->dockerfile, at.text, at.text_n,
				    ask_git ? at.commit_time : -1, e);
	free(at.text);
	return r;
}

/* Everything that can be refused before the first step runs. */
static int prepare(struct work *w, struct err *e)
{
	const struct build_opts *o = w->o;
	struct plan_opts po = { .build_args = &w->build_args,
				.target = o->target,
				.contexts = o->contexts,
				.os = "linux",
				.arch = oci_architecture() };
	int r = work_pairs(o->build_args, "build argument", &w->build_args, e);

	if (r == 0)
		r = open_context(w, e);
	if (r == 0)
		r = dockerfile_parse((struct str){ w->ctx.dockerfile, w->ctx.dockerfile_n },
				     w->ctx.dockerfile_name, &w->df, e);
	if (r == 0)
		r = plan_make(&w->df, &po, &w->plan, e);
	if (r == 0)
		r = known_check(w, e);
	if (r == 0)
		r = work_check(w, e);
	if (r < 0)
		return r;
	digest_of(w->ctx.dockerfile, w->ctx.dockerfile_n, &w->res.dockerfile);
	if (w->df.syntax && !(w->res.syntax = strdup(w->df.syntax)))
		return FAIL_NOMEM(e);
	w->stages = calloc(w->plan.n, sizeof(*w->stages));
	if (!w->stages)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < w->plan.n; i++)
		w->stages[i] = (struct stage_work){
			.w = w, .stage = &w->plan.stages[i], .index = i, .progress = o->progress
		};
	return 0;
}

/* An argument that no ARG asked for is most often a slip: said, as docker does. */
static int warn_unused(const struct work *w, struct err *e)
{
	for (size_t i = 0; i < w->build_args.v.n; i++) {
		auto_strv line = { 0 };
		auto_free char *name = strdup(w->build_args.v.v[i]);
		int r;

		if (!name)
			return FAIL_NOMEM(e);
		*strchr(name, '=') = '\0';
		if (strv_has(&w->args_used, name) || strv_has(&w->plan.args_used, name) ||
		    plan_proxy_arg(name) || starts_with(name, "BUILDKIT_"))
			continue;
		r = strv_addf(&line, e, "warning: no ARG asks for the build argument %s", name);
		if (r < 0)
			return r;
		progress_line(w->o->progress, line.v[0]);
	}
	return 0;
}

/* NAME=VALUE given on the command line becomes doc[key][NAME]; key is made when it is missing. */
static int put_pairs(json_t *doc, const char *key, const struct strv *given, const char *what,
		     struct err *e)
{
	auto_vars pairs = { 0 };
	json_t *o;
	int r = work_pairs(given, what, &pairs, e);

	if (r < 0 || pairs.v.n == 0)
		return r;
	o = json_object_get(doc, key);
	if (!json_is_object(o)) {
		o = json_object();
		r = json_put(doc, key, o, e);
	}
	for (size_t i = 0; r == 0 && i < pairs.v.n; i++) {
		char *eq = strchr(pairs.v.v[i], '=');

		*eq = '\0';
		r = json_put_string(o, pairs.v.v[i], eq + 1, e);
	}
	return r;
}

static int write_image(struct work *w, struct err *e)
{
	const struct stage_work *s = &w->stages[w->plan.target];
	const struct build_opts *o = w->o;
	int64_t created = step_epoch(s, 0);
	auto_json *extra = json_object();
	int r = put_pairs(s->scope.draft.config, "Labels", o->labels, "label", e);

	if (r == 0)
		r = extra ? put_pairs(extra, "annotations", o->annotations, "annotation", e)
			  : FAIL_NOMEM(e);
	if (r == 0 && o->inline_cache)
		r = known_inline(w, &s->scope.draft, extra, e);
	if (r == 0)
		r = draft_write(o->store, &s->scope.draft, created,
				json_object_get(extra, "annotations"), &w->res.image,
				&w->res.config, e);
	for (size_t i = 0; r == 0 && o->tags && i < o->tags->n; i++) {
		auto_buf name = BUF_INIT(1024);
		struct ref ref;

		r = ref_parse(o->tags->v[i], &ref, e);
		if (r < 0)
			return r;
		ref_tagged(&ref, &name);
		r = buf_check(&name, "name", e);
		if (r == 0)
			r = store_tag(o->store, buf_str(&name), &w->res.image, e);
	}
	return r;
}

int build_run(const struct build_opts *o, struct build_result *ret, struct err *e)
{
	auto_work w = { .opts = *o, .ctx = CONTEXT_NONE, .area = AREA_NONE };
	int r;

	w.o = &w.opts;
	r = check_opts(o, e);
	if (r == 0)
		r = mounts_private(e);
	if (r == 0)
		r = area_open(&w.area, o->state, e);
	if (r == 0)
		r = prepare(&w, e);
	if (r == 0)
		r = stages_build(&w, e);
	w.opts.progress = o->progress;
	if (r == 0)
		r = warn_unused(&w, e);
	if (r == 0)
		r = known_collect(&w, e);
	if (r == 0)
		r = materials_collect(&w, e);
	if (r == 0)
		r = fetched_collect(&w, e);
	if (r == 0)
		r = write_image(&w, e);
	if (r < 0)
		return r;
	*ret = w.res;
	memset(&w.res, 0, sizeof(w.res));
	return 0;
}

void build_result_free(struct build_result *r)
{
	for (size_t i = 0; i < r->bases_n; i++)
		free(r->bases[i].name);
	free(r->bases);
	free(r->known);
	materials_free(r->materials, r->materials_n);
	json_decref(r->fetched);
	free(r->syntax);
	memset(r, 0, sizeof(*r));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/build.h"

#include "pipeline/steps.h"
#include "run/step.h"

static int confined_step(void *arg, const struct build_step *s, int *ret_status,
			 struct buf *ret_tail, struct err *e)
{
	const struct road *road = arg;
	const struct run_step step = {
		.state = road->state,
		.rootfs = s->rootfs,
		.argv = s->argv,
		.env = s->env,
		.cwd = s->cwd,
		.user = s->user,
		.network = s->network == BUILD_NETWORK_DEFAULT,
		.in = s->in,
		.progress = s->progress,
	};

	return run_step(&step, ret_status, ret_tail, e);
}

static json_t *build_detail(const struct build_result *b)
{
	auto_json *bases = json_array();

	for (size_t i = 0; i < b->bases_n; i++)
		if (json_array_append_new(bases, json_pack("{s:s, s:s}", "name", b->bases[i].name,
							   "digest", b->bases[i].image.digest.s)) <
		    0)
			return NULL;
	return json_pack("{s:s, s:s, s:I, s:I, s:O}", "dockerfile", b->dockerfile.s, "config",
			 b->config.s, "steps", (json_int_t)b->steps, "cached",
			 (json_int_t)b->cached, "bases", bases);
}

int step_build(struct road *road, const struct build_opts *o, struct build_result *ret,
	       struct err *e)
{
	struct build_opts opts = *o;
	int r;

	opts.state = road->state;
	opts.store = road->store;
	opts.progress = road->progress;
	opts.hooks = (struct build_hooks){ .base = o->pull ? step_base_newest : step_base,
					   .step = confined_step,
					   .arg = road };
	r = build_run(&opts, ret, e);
	if (r == 0)
		road->image = ret->image;
	return road_note(road, "build", r, r < 0 ? NULL : build_detail(ret), e);
}

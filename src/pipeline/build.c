/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/build.h"

#include "pipeline/steps.h"
#include "run/step.h"

/* What run_step() tells its progress, handed to the builder's own listener. */
struct lines {
	struct progress progress;
	const struct build_step *step;
};

static void forward_line(struct progress *p, const char *text)
{
	const struct build_step *step = ((struct lines *)p)->step;

	if (step->line)
		step->line(step->line_arg, text);
}

static void ignore_begin(struct progress *p, const char *what, uint64_t total)
{
	(void)p, (void)what, (void)total;
}
static void ignore_advance(struct progress *p, uint64_t done)
{
	(void)p, (void)done;
}
static void ignore_end(struct progress *p, const char *note)
{
	(void)p, (void)note;
}

static int confined_step(void *arg, const struct build_step *s, struct err *e)
{
	const struct road *road = arg;
	struct lines lines = {
		.progress = { ignore_begin, ignore_advance, ignore_end, forward_line },
		.step = s,
	};
	const struct run_step step = {
		.state = road->state,
		.rootfs = s->rootfs,
		.argv = s->argv,
		.env = s->env,
		.cwd = s->cwd,
		.user = s->user,
		.network = s->network == BUILD_NETWORK_DEFAULT,
		.in = -1,
		.progress = &lines.progress,
	};
	int status = 0, r = run_step(&step, &status, NULL, e);

	return r < 0 ? r : status;
}

static json_t *build_detail(const struct build_result *b)
{
	auto_json *bases = json_array();
	json_t *j;

	for (size_t i = 0; i < b->bases_n; i++)
		if (json_array_append_new(bases, json_pack("{s:s, s:s}", "name", b->bases[i].name,
							   "digest", b->bases[i].image.digest.s)) <
		    0)
			return NULL;
	j = json_pack("{s:s, s:s, s:I, s:I, s:O}", "dockerfile", b->dockerfile.s, "config",
		      b->config.s, "steps", (json_int_t)b->steps, "cached", (json_int_t)b->cached,
		      "bases", bases);
	return j;
}

int step_build(struct road *road, const struct build_opts *o, struct build_result *ret,
	       struct err *e)
{
	struct build_opts opts = *o;
	int r;

	opts.state = road->state;
	opts.store = road->store;
	opts.progress = road->progress;
	opts.hooks = (struct build_hooks){ .base = step_base, .step = confined_step, .arg = road };
	r = build_run(&opts, ret, e);
	if (r == 0)
		road->image = ret->image;
	return road_note(road, "build", r, r < 0 ? NULL : build_detail(ret), e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "build/worker.h"
#include "tap.h"

TAP_MAIN()

static const char text[] = "FROM scratch AS a\nENV A=1\nCMD x\nFROM scratch\nCOPY --from=a / /\n";

struct fixture {
	struct work w;
	struct stage_work stages[2];
};

static void make(struct fixture *f)
{
	const struct vars none = { 0 };
	const struct plan_opts po = { .build_args = &none, .os = "linux", .arch = "amd64" };

	*f = (struct fixture){ .w = { .area = AREA_NONE } };
	f->w.stages = f->stages;
	CHECK(dockerfile_parse(str_of(text), "Dockerfile", &f->w.df, NULL) == 0);
	CHECK(plan_make(&f->w.df, &po, &f->w.plan, NULL) == 0);
	for (size_t i = 0; i < 2; i++)
		f->stages[i] = (struct stage_work){
			.w = &f->w, .stage = &f->w.plan.stages[i], .index = i, .waits_for = SIZE_MAX
		};
}

static void drop(struct fixture *f)
{
	for (size_t i = 0; i < 2; i++)
		stage_free(&f->stages[i]);
	strv_free(&f->w.args_used);
	plan_free(&f->w.plan);
	dockerfile_free(&f->w.df);
}
#define auto_fixture __attribute__((cleanup(drop))) struct fixture

/* A stage in which everything has a value. */
static void fill(struct stage_work *s)
{
	struct draft *d = &s->scope.draft;
	struct desc layer;
	struct digest id;

	CHECK(draft_scratch(d, NULL) == 0);
	digest_of("x", 1, &id);
	desc_of(MT_OCI_LAYER_GZIP, "y", 1, &layer);
	CHECK(draft_add_layer(d, &layer, &id, NULL) == 0);
	CHECK(draft_add_history(d, "COPY \"a\"", false, NULL) == 0);
	CHECK(vars_set(&d->env, "B", "a=b c", NULL) == 0);
	CHECK(vars_set(&s->scope.args, "V", "", NULL) == 0);
	CHECK(strv_add(&s->w->args_used, "V", NULL) == 0);
	CHECK((d->author = strdup("me")));
	d->inherited = 1;
	d->epoch = -5;
	d->settled = false;
	s->scope.cmd_set = true;
	s->next = 1;
	s->step = 2;
	s->waits_for = 1;
	s->w->res.steps = 3;
	s->w->res.cached = 2;
}

TEST(a_stage_arrives_as_it_was_sent)
{
	auto_fixture from, to;
	auto_buf sent = BUF_INIT(LIMIT_STAGE_STATE), again = BUF_INIT(LIMIT_STAGE_STATE);

	make(&from);
	make(&to);
	fill(&from.stages[0]);
	CHECK(stage_state_write(&from.stages[0], &sent, NULL) == 0);
	CHECK(draft_scratch(&to.stages[0].scope.draft, NULL) == 0);
	CHECK(stage_state_read(&to.stages[0], (struct str){ sent.p, sent.n }, NULL) == 0);
	CHECK(stage_state_write(&to.stages[0], &again, NULL) == 0);
	CHECK_STR(buf_str(&again), buf_str(&sent));
	CHECK(to.stages[0].state == STAGE_WAITS && to.stages[0].waits_for == 1);
	CHECK(!to.stages[0].scope.draft.settled && to.stages[0].scope.draft.epoch == -5);
	CHECK(to.w.res.steps == 3 && to.w.res.cached == 2);
}

TEST(a_stage_that_is_done_waits_for_nobody)
{
	auto_fixture f;
	auto_buf sent = BUF_INIT(LIMIT_STAGE_STATE);

	make(&f);
	fill(&f.stages[0]);
	f.stages[0].state = STAGE_DONE;
	CHECK(stage_state_write(&f.stages[0], &sent, NULL) == 0);
	f.stages[0].state = STAGE_RUNS;
	CHECK(stage_state_read(&f.stages[0], (struct str){ sent.p, sent.n }, NULL) == 0);
	CHECK(f.stages[0].state == STAGE_DONE && f.stages[0].next == 1);
}

TEST(what_is_no_state_is_refused_and_changes_nothing)
{
	static const char *const bad[] = { "", "{}", "[1]", "{\"done\":1,\"next\":99,\"step\":1}",
					   "{\"done\":1,\"next\":1,\"step\":1,\"args_used\":[1]}" };
	auto_fixture f;

	make(&f);
	fill(&f.stages[0]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(stage_state_read(&f.stages[0], str_of(bad[i]), NULL) < 0);
	CHECK(f.stages[0].scope.draft.n == 1 && f.stages[0].state == STAGE_NEW);
}

TEST(only_a_finished_stage_gives_its_image)
{
	auto_fixture f;
	const struct draft *d = NULL;

	make(&f);
	CHECK(stage_draft(&f.w, 0, &d, NULL) < 0 && f.w.paused && f.w.waits_for == 0 && !d);
	f.stages[0].state = STAGE_DONE;
	CHECK(stage_draft(&f.w, 0, &d, NULL) == 0 && d == &f.stages[0].scope.draft);
}

TEST(a_stage_without_files_goes_to_its_end)
{
	auto_fixture f;

	make(&f);
	f.w.opts.source_date_epoch = 1;
	f.w.o = &f.w.opts;
	CHECK(stage_advance(&f.stages[1], NULL) == 0);
	CHECK(f.stages[1].state == STAGE_WAITS && f.stages[1].waits_for == 0);
	CHECK(stage_advance(&f.stages[0], NULL) == 1);
	CHECK(f.stages[0].state == STAGE_DONE && f.w.res.stages == 1);
	CHECK_STR(vars_get(&f.stages[0].scope.draft.env, "A"), "1");
}

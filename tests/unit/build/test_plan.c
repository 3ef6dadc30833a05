/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "build/plan.h"
#include "tap.h"

TAP_MAIN()

struct made {
	struct dockerfile df;
	struct plan plan;
	struct vars args;
	struct err e;
};

static int make(struct made *m, const char *text, const char *target)
{
	struct plan_opts o = {
		.build_args = &m->args, .target = target, .os = "linux", .arch = "amd64"
	};
	int r;

	m->e = ERR_INIT;
	r = dockerfile_parse(str_of(text), "D", &m->df, &m->e);
	return r < 0 ? r : plan_make(&m->df, &o, &m->plan, &m->e);
}

static void unmake(struct made *m)
{
	plan_free(&m->plan);
	dockerfile_free(&m->df);
	vars_free(&m->args);
}

TEST(only_what_the_target_needs)
{
	struct made m = { 0 };

	CHECK(make(&m,
		   "FROM scratch AS a\nFROM scratch AS b\nFROM a AS C\nCOPY --from=0 /x /\n"
		   "FROM b\nCOPY --from=c /y /\n",
		   "c") == 0);
	CHECK(m.plan.target == 2 && m.plan.order_n == 2);
	CHECK(m.plan.order[0] == 0 && m.plan.order[1] == 2);
	CHECK(!m.plan.stages[1].needed && !m.plan.stages[3].needed);
	CHECK_STR(m.plan.stages[2].name, "c");
	CHECK(m.plan.stages[2].steps == 2);
	unmake(&m);
}

TEST(order_behind_what_is_needed)
{
	struct made m = { 0 };

	CHECK(make(&m,
		   "FROM img AS first\nFROM scratch AS a\nCOPY --from=first /x /\nFROM scratch\n"
		   "FROM a\n",
		   NULL) == 0);
	CHECK(m.plan.order_n == 3 && m.plan.order[0] == 0 && m.plan.order[1] == 1 &&
	      m.plan.order[2] == 3);
	CHECK(m.plan.stages[0].base_stage == -1 && !m.plan.stages[0].scratch);
	unmake(&m);
}

TEST(arguments_in_from)
{
	struct made m = { 0 };

	(void)vars_set(&m.args, "V", "12", &m.e);
	CHECK(make(&m,
		   "ARG V=11\nARG NAME=debian:$V\nFROM --platform=$TARGETPLATFORM "
		   "${NAME}-$TARGETARCH\n",
		   NULL) == 0);
	CHECK_STR(m.plan.stages[0].base, "debian:12-amd64");
	CHECK(strv_has(&m.plan.args_used, "V"));
	unmake(&m);
}

TEST(target_stage_by_its_name)
{
	static const char text[] = "FROM scratch AS One\nFROM scratch\nFROM a$TARGETSTAGE AS two\n";
	static const char *const cases[][2] = {
		{ NULL, "two" }, { "two", "two" },   { "ONE", "one" },
		{ "0", "one" },	 { "1", "default" }, { "2", "two" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = { 0 };

		CHECK(make(&m, text, cases[i][0]) == 0);
		CHECK_STR(vars_get(&m.plan.platform, "TARGETSTAGE"), cases[i][1]);
		CHECK_STR(m.plan.stages[2].base + 1, cases[i][1]);
		unmake(&m);
	}
}

TEST(refused)
{
	static const char *const cases[][2] = {
		{ "FROM a AS x\nCOPY --from=x a b\n", "D:2: stage 'x' needs itself" },
		{ "FROM a AS x\nRUN --mount=from=x x\n", "needs itself" },
		{ "FROM a AS x\nCOPY --from=y a b\nFROM a AS y\nCOPY --from=x a b\n",
		  "D:2: stage y is further down" },
		{ "FROM a AS x\nCOPY --from=1 a b\nFROM x\n", "D:2: stage 1 is further down" },
		{ "FROM a AS x\nRUN --mount=from=y x\nFROM a AS y\nCOPY --from=x a b\n",
		  "D:2: stage y is further down" },
		{ "FROM a\nCOPY --from=7 a b\n", "D:2: there is no stage 7; the last one is 0" },
		{ "FROM a AS 1x\n", "'1x' is no name for a stage" },
		{ "FROM $NONE\n", "the name of the base is empty" },
		{ "RUN x\nFROM a\n", "D:1: RUN before the first FROM" },
		{ "ARG x\n", "D: no FROM" },
		{ "FROM --platform=linux/s390x a\n", "'linux/s390x' cannot be built here" },
		{ "FROM a\nCOPY --chown=1 --from=$x a b\n",
		  "variables are not replaced in --from" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = { 0 };

		CHECK(make(&m, cases[i][0], NULL) == E_FORMAT);
		if (!strstr(m.e.msg, cases[i][1]))
			printf("# %s\n", m.e.msg);
		CHECK(strstr(m.e.msg, cases[i][1]) != NULL);
		unmake(&m);
	}
}

TEST(of_two_stages_with_a_name_the_later_is_meant)
{
	struct made m = { 0 };

	CHECK(make(&m,
		   "FROM one AS a\nFROM two AS A\nFROM a AS b\nFROM b AS a\nFROM scratch\n"
		   "COPY --from=a /x /\n",
		   NULL) == 0);
	CHECK(m.plan.stages[2].base_stage == 1 && m.plan.stages[3].base_stage == 2);
	CHECK(m.plan.stages[3].needed && !m.plan.stages[0].needed);
	unmake(&m);
}

TEST(no_such_target)
{
	struct made m = { 0 };

	CHECK(make(&m, "FROM a AS x\n", "y") == E_FORMAT);
	CHECK_STR(m.e.msg, "D: there is no stage 'y'");
	unmake(&m);
}

TEST(stage_limit)
{
	for (int extra = 0; extra < 2; extra++) {
		struct made m = { 0 };
		auto_buf b = BUF_INIT(65536);

		for (int i = 0; i < LIMIT_STAGES + extra; i++)
			buf_puts(&b, "FROM a\n");
		CHECK(make(&m, buf_str(&b), NULL) == (extra ? E_FORMAT : 0));
		unmake(&m);
	}
}

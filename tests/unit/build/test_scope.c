/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "build/scope.h"
#include "tap.h"

TAP_MAIN()

struct made {
	struct dockerfile df;
	struct scope s;
	struct vars globals, platform, build_args;
	struct strv used;
	struct err e;
};

/* Carries out all instructions behind FROM on an image from scratch. */
static int apply(struct made *m, const char *text)
{
	int r;

	m->e = ERR_INIT;
	r = dockerfile_parse(str_of(text), "D", &m->df, &m->e);
	if (r < 0)
		return r;
	m->s = (struct scope){ .df = &m->df,
			       .globals = &m->globals,
			       .platform = &m->platform,
			       .build_args = &m->build_args,
			       .args_used = &m->used };
	r = draft_scratch(&m->s.draft, &m->e);
	if (r == 0)
		r = scope_start(&m->s, NULL, &m->e);
	for (size_t i = 1; r == 0 && i < m->df.n; i++)
		r = scope_apply(&m->s, &m->df.nodes[i], &m->e);
	return r;
}

static void unmake(struct made *m)
{
	scope_free(&m->s);
	dockerfile_free(&m->df);
	vars_free(&m->globals);
	vars_free(&m->platform);
	vars_free(&m->build_args);
	strv_free(&m->used);
}

/* The configuration (or one member of it) as canonical JSON. */
static const char *shown(const json_t *j)
{
	static char text[4096];
	auto_buf b = BUF_INIT(sizeof(text));

	CHECK(json_canonical(j, &b, NULL) == 0);
	(void)snprintf(text, sizeof(text), "%s", buf_str(&b));
	return text;
}

static const char *config(const struct made *m, const char *key)
{
	const json_t *v = json_object_get(m->s.draft.config, key);

	return v ? shown(v) : "-";
}

static const char *history(const struct made *m, size_t i)
{
	const char *s = json_string_or_null(json_array_get(m->s.draft.history, i), "created_by");

	return s ? s : "-";
}

TEST(plain_members)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nENV P=/a Q=\"b c\"\nUSER u:$P\nLABEL l.a=1 \"k 2\"=$Q\nVOLUME /v "
			"$P/w\n"
			"STOPSIGNAL SIGTERM\nMAINTAINER me $P\nSHELL [\"/bin/bash\", \"-c\"]\n"
			"CMD echo $P\nEXPOSE 80 90-91/UDP 80/tcp\nONBUILD RUN $P\n") == 0);
	CHECK_STR(config(&m, "User"), "\"u:/a\"");
	CHECK_STR(config(&m, "Labels"), "{\"k 2\":\"b c\",\"l.a\":\"1\"}");
	CHECK_STR(config(&m, "Volumes"), "{\"/a/w\":{},\"/v\":{}}");
	CHECK_STR(config(&m, "StopSignal"), "\"SIGTERM\"");
	CHECK_STR(config(&m, "Cmd"), "[\"/bin/bash\",\"-c\",\"echo $P\"]");
	CHECK_STR(config(&m, "ExposedPorts"), "{\"80/tcp\":{},\"90/udp\":{},\"91/udp\":{}}");
	CHECK_STR(config(&m, "OnBuild"), "[\"RUN $P\"]");
	CHECK_STR(m.s.draft.author, "me $P");
	CHECK_STR(vars_get(&m.s.draft.env, "Q"), "b c");
	CHECK_STR(history(&m, 0), "ENV P=/a Q=b c");
	CHECK_STR(history(&m, 3), "VOLUME [/v /a/w]");
	CHECK_STR(history(&m, 6), "SHELL [/bin/bash -c]");
	CHECK_STR(history(&m, 7), "CMD [\"/bin/bash\" \"-c\" \"echo $P\"]");
	CHECK_STR(history(&m, 8), "EXPOSE map[80/tcp:{} 90/udp:{} 91/udp:{}]");
	CHECK(json_is_true(json_object_get(json_array_get(m.s.draft.history, 0), "empty_layer")));
	unmake(&m);
}

TEST(entrypoint_drops_what_the_base_starts)
{
	struct made m = { 0 };

	/* As if CMD came from a base: cmd_set is not on when ENTRYPOINT stands alone. */
	CHECK(apply(&m, "FROM x\nCMD [\"a\"]\n") == 0);
	m.s.cmd_set = false;

	auto_dockerfile next = { 0 };

	CHECK(dockerfile_parse(STR("FROM x\nENTRYPOINT [\"e\"]\n"), "D", &next, &m.e) == 0);
	CHECK(scope_apply(&m.s, &next.nodes[1], &m.e) == 0);
	CHECK_STR(config(&m, "Cmd"), "-");
	CHECK_STR(config(&m, "Entrypoint"), "[\"e\"]");
	unmake(&m);
}

TEST(entrypoint_keeps_the_stages_own_cmd)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nCMD [\"a\"]\nENTRYPOINT e f\n") == 0);
	CHECK_STR(config(&m, "Cmd"), "[\"a\"]");
	CHECK_STR(config(&m, "Entrypoint"), "[\"/bin/sh\",\"-c\",\"e f\"]");
	unmake(&m);
}

TEST(empty_lists_are_no_members)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nCMD [\"a\"]\nCMD []\nENTRYPOINT []\n") == 0);
	CHECK_STR(config(&m, "Cmd"), "-");
	CHECK_STR(config(&m, "Entrypoint"), "-");
	unmake(&m);
}

TEST(arguments)
{
	struct made m = { 0 };

	(void)vars_set(&m.globals, "G", "global", &m.e);
	(void)vars_set(&m.platform, "TARGETARCH", "amd64", &m.e);
	(void)vars_set(&m.build_args, "B", "given", &m.e);
	CHECK(apply(&m, "FROM x\nARG A=1 B=default C\nARG G\nARG TARGETARCH\nENV A=env\n"
			"LABEL a=$A b=$B c=$C g=$G t=$TARGETARCH h=$HTTP_PROXY\n") == 0);
	CHECK_STR(config(&m, "Labels"), "{\"a\":\"env\",\"b\":\"given\",\"c\":\"\",\"g\":"
					"\"global\",\"h\":\"\",\"t\":\"amd64\"}");
	CHECK_STR(history(&m, 0), "ARG A=1 B=given C");
	CHECK(strv_has(&m.used, "B"));
	unmake(&m);
}

TEST(the_later_of_env_and_arg_wins)
{
	struct made m = { 0 };

	(void)vars_set(&m.build_args, "B", "given", &m.e);
	CHECK(apply(&m,
		    "FROM x\nENV A=1\nARG A=2\nLABEL one=$A\nARG A\nENV B=env\nARG B=default C=$B\n"
		    "LABEL two=$A b=$B c=$C\n") == 0);
	CHECK_STR(config(&m, "Labels"),
		  "{\"b\":\"given\",\"c\":\"given\",\"one\":\"2\",\"two\":\"2\"}");
	CHECK_STR(vars_get(&m.s.words, "A"), "2");
	CHECK_STR(vars_get(&m.s.draft.env, "A"), "1");
	CHECK(m.s.args.v.n == 4);
	CHECK_STR(m.s.args.v.v[1], "A=");

	/* A stage that begins from this one: its ENV again stands over its ARG. */
	struct scope next = { .df = &m.df };

	CHECK(draft_from_draft(&m.s.draft, &next.draft, &m.e) == 0);
	CHECK(scope_start(&next, &m.s, &m.e) == 0);
	CHECK_STR(vars_get(&next.words, "A"), "1");
	CHECK_STR(vars_get(&next.words, "C"), "given");
	CHECK(next.args.v.n == 0);
	scope_free(&next);
	unmake(&m);
}

TEST(ports)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nENV P=\"1 2/udp\"\nEXPOSE $P 127.0.0.1:80:81 5000:5001/UDP 90/ "
			"[::1]:70:71 6-7:8-9 :3 10-12:4\n") == 0);
	CHECK_STR(config(&m, "ExposedPorts"),
		  "{\"1/tcp\":{},\"2/udp\":{},\"3/tcp\":{},\"4/tcp\":{},\"5001/udp\":{},\"71/"
		  "tcp\":{},\"8/tcp\":{},\"81/tcp\":{},\"9/tcp\":{},\"90/tcp\":{}}");
	unmake(&m);
}

TEST(onbuild_keeps_here_documents)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nONBUILD COPY <<A <<-B /x/\n$V\nA\n\ttab\nB\n") == 0);
	CHECK_STR(config(&m, "OnBuild"), "[\"COPY <<A <<-B /x/\\n$V\\nA\\ntab\\nB\"]");
	unmake(&m);
}

TEST(commands_of_nothing)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nENTRYPOINT\nCMD\n") == 0);
	CHECK_STR(config(&m, "Cmd"), "[\"/bin/sh\",\"-c\",\"\"]");
	CHECK_STR(config(&m, "Entrypoint"), "[\"/bin/sh\",\"-c\",\"\"]");
	unmake(&m);
}

TEST(pairs_see_the_variables_before_them)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n") == 0);
	CHECK_STR(vars_get(&m.s.draft.env, "def"), "hello");
	CHECK_STR(vars_get(&m.s.draft.env, "ghi"), "bye");
	unmake(&m);
}

TEST(health)
{
	struct made m = { 0 };

	CHECK(apply(&m, "FROM x\nHEALTHCHECK --interval=1m30s --timeout=1.5s --retries=3 "
			"--start-period=0s CMD a b\n") == 0);
	CHECK_STR(config(&m, "Healthcheck"),
		  "{\"Interval\":90000000000,\"Retries\":3,\"Test\":[\"CMD-SHELL\",\"a b\"],"
		  "\"Timeout\":1500000000}");
	unmake(&m);

	struct made none = { 0 };

	CHECK(apply(&none, "FROM x\nHEALTHCHECK none\n") == 0);
	CHECK_STR(config(&none, "Healthcheck"), "{\"Test\":[\"NONE\"]}");
	unmake(&none);
}

TEST(refused)
{
	static const char *const texts[] = {
		"EXPOSE 65536",
		"EXPOSE 9-8",
		"EXPOSE 80/icmp",
		"EXPOSE x",
		"EXPOSE -1",
		"EXPOSE a:1:2",
		"EXPOSE 1.2.3:1:2",
		"EXPOSE 1-2:1-3",
		"EXPOSE 80:",
		"EXPOSE /tcp",
		"STOPSIGNAL SIGNONE",
		"STOPSIGNAL 0",
		"STOPSIGNAL 65",
		"USER $none",
		"VOLUME $none",
		"ENV ${none}=x",
		"LABEL a=${b:?gone}",
		"HEALTHCHECK --interval=5 CMD x",
		"HEALTHCHECK --timeout=1us CMD x",
		"HEALTHCHECK --retries=x CMD x",
		"LABEL a=\"b",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct made m = { 0 };
		char text[200];

		(void)snprintf(text, sizeof(text), "FROM x\n%s\n", texts[i]);
		CHECK(apply(&m, text) == E_FORMAT);
		if (!strstr(m.e.msg, "D:2: "))
			printf("# %s: %s\n", texts[i], m.e.msg);
		CHECK(strstr(m.e.msg, "D:2: ") != NULL);
		unmake(&m);
	}
}

TEST(durations)
{
	static const struct {
		const char *s;
		int64_t ns; /* -1: refused */
	} cases[] = {
		{ "0", 0 },
		{ "1s", 1000000000 },
		{ "1.5h", 5400000000000 },
		{ "1h2m3s4ms", 3723004000000 },
		{ ".5s", 500000000 },
		{ "100ms", 100000000 },
		{ "1", -1 },
		{ "", -1 },
		{ "s", -1 },
		{ ".s", -1 },
		{ "1x", -1 },
		{ "-1s", -1 },
		{ "999us", -1 },
		{ "9999999999h", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ns = -1;
		int r = parse_duration(cases[i].s, &ns, NULL);

		if ((r == 0 ? ns : -1) != cases[i].ns)
			printf("# %s: %lld\n", cases[i].s, (long long)ns);
		CHECK((r == 0 ? ns : -1) == cases[i].ns);
	}
}

TEST(signals)
{
	CHECK(parse_signal("9", NULL) == 0 && parse_signal("sigkill", NULL) == 0);
	CHECK(parse_signal("HUP", NULL) == 0 && parse_signal("SIGRTMIN+3", NULL) == 0);
	CHECK(parse_signal("RTMIN-3", NULL) < 0 && parse_signal("", NULL) < 0);
}

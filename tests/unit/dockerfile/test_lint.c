/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "dockerfile/lint.h"
#include "tap.h"

TAP_MAIN()

/* As far as the tests need it: oci/ref.h is above this room. */
static bool is_reference(const char *name)
{
	return !strchr(name, ' ') && name[strlen(name) - 1] != ':';
}

/* The rules and lines that a text is found with: "StageNameCasing:1 UndefinedVar:3". */
static const char *found_with(const char *text, const char *ignored, const char *option)
{
	static char shown[4096];
	auto_vars args = { 0 }, platform = { 0 };
	auto_dockerfile d = { 0 };
	auto_ignore ignore = { 0 };
	auto_lint l = { 0 };
	static const char *const known[][2] = {
		{ "TARGETPLATFORM", "linux/amd64" },
		{ "TARGETOS", "linux" },
		{ "TARGETARCH", "amd64" },
		{ "BUILDPLATFORM", "linux/amd64" },
		{ "BUILDOS", "linux" },
		{ "BUILDARCH", "amd64" },
		{ "TARGETSTAGE", "default" },
	};
	struct lint_opts o = { .build_args = &args,
			       .platform = &platform,
			       .ignore = &ignore,
			       .is_reference = is_reference };
	struct err e = ERR_INIT;
	size_t at = 0;

	if (option)
		(void)vars_set(&args, "BUILDKIT_DOCKERFILE_CHECK", option, &e);
	CHECK(ignore_parse(str_of(ignored ? ignored : ""), "I", &ignore, &e) == 0);
	CHECK(dockerfile_parse(str_of(text), "D", &d, &e) == 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		CHECK(vars_set(&platform, known[i][0], known[i][1], &e) == 0);
	if (e.msg[0])
		printf("# %s\n", e.msg);
	shown[0] = '\0';
	if (lint_run(&d, &o, &l, &e) < 0) {
		(void)snprintf(shown, sizeof(shown), "%s", e.msg);
		return shown;
	}
	for (size_t i = 0; i < l.n; i++)
		at += (size_t)snprintf(shown + at, sizeof(shown) - at, "%s%s:%d", i ? " " : "",
				       l.v[i].rule, l.v[i].line);
	if (l.error)
		(void)snprintf(shown + at, sizeof(shown) - at, " error");
	return shown;
}

TEST(every_rule_and_its_good_example)
{
	static const char *const cases[][2] = {
		{ "FROM a AS Big\n", "StageNameCasing:1" },
		{ "FROM a AS big-1\n", "" },
		{ "FROM a as b\n", "FromAsCasing:1" },
		{ "from a AS b\n", "FromAsCasing:1" },
		{ "from a as b\n", "" },
		{ "FROM a As b\n", "FromAsCasing:1" },
		{ "From a as b\nRUN x\n", "ConsistentInstructionCasing:1" }, /* and no more */
		{ "FROM a\nRUN x \\\n\n  y\n", "NoEmptyContinuation:4" },
		{ "FROM a\nRUN x \\\n# c\n  y\n", "" },
		{ "FROM a\nrun x\nRUN y\n", "ConsistentInstructionCasing:2" },
		{ "from a\nrun x\nRUN y\n", "ConsistentInstructionCasing:3" },
		{ "FROM a\nRun x\n", "ConsistentInstructionCasing:2" },
		{ "from a\nrun x\n", "" },
		{ "FROM a AS x\nFROM b AS x\n", "DuplicateStageName:2" },
		{ "FROM a AS x\nFROM b AS y\n", "" },
		{ "FROM a AS scratch\nFROM b AS context\n",
		  "ReservedStageName:1 ReservedStageName:2" },
		{ "FROM a\nCMD x\nENTRYPOINT y\n", "JSONArgsRecommended:2 JSONArgsRecommended:3" },
		{ "FROM a\nCMD [\"x\"]\n", "" },
		{ "FROM a AS b\nSHELL [\"sh\", \"-c\"]\nCMD x\nFROM b\nCMD y\n", "" },
		{ "FROM a\nMAINTAINER me\n", "MaintainerDeprecated:2" },
		{ "ARG TAG=1\nFROM a:${TGA}\n", "UndefinedArgInFrom:2 InvalidDefaultArgInFrom:2" },
		{ "FROM --platform=$BULIDPLATFORM a\n", "UndefinedArgInFrom:1" },
		{ "FROM --platform=$BUILDPLATFORM a:$TARGETARCH\n", "" },
		{ "FROM a\nWORKDIR x\nWORKDIR y\n", "WorkdirRelativePath:2" },
		{ "FROM a AS b\nWORKDIR /x\nFROM b\nWORKDIR y\n", "" },
		{ "FROM a\nENV P=/x\nWORKDIR $P/y\n", "" },
		{ "FROM a\nCOPY $foo .\n", "UndefinedVar:2" },
		{ "FROM a\nARG foo\nCOPY $foo .\n", "" },
		{ "FROM a\nARG V=$foo\nENV P=$PAHT:/x\n", "UndefinedVar:2 UndefinedVar:3" },
		{ "FROM a\nENV P=$PATH:/x Q=${x:-1} R=${y:+1} S=${z#1}\n", "UndefinedVar:2" },
		{ "FROM a\nRUN $x\nCMD [\"$x\"]\nUSER '$x'\n", "" },
		{ "ARG g=1\nFROM a AS b\nARG g h=1\nFROM b\nENV X=$g$h\nFROM a\nENV X=$g\n",
		  "UndefinedVar:7" },
		{ "FROM a\nEXPOSE $p\nVOLUME $v\nLABEL $k=1\nSTOPSIGNAL $s\n",
		  "UndefinedVar:2 UndefinedVar:3 UndefinedVar:4 UndefinedVar:5" },
		{ "FROM a\nCMD [\"1\"]\nCMD [\"2\"]\nCMD [\"3\"]\nFROM a\nCMD [\"4\"]\n",
		  "MultipleInstructionsDisallowed:2 MultipleInstructionsDisallowed:3" },
		{ "FROM a\nHEALTHCHECK NONE\nHEALTHCHECK NONE\n",
		  "MultipleInstructionsDisallowed:2" },
		{ "FROM a\nENV x y\nLABEL x y\nENV z=1\n",
		  "LegacyKeyValueFormat:2 LegacyKeyValueFormat:3" },
		{ "FROM --platform=$TARGETPLATFORM a\n", "RedundantTargetPlatform:1" },
		{ "FROM a\nARG TOKEN\nENV DB_PASSWORD=1 KEYBOARD=2 PUBLIC_KEY=3 my_ApiKey_x=4\n",
		  "SecretsUsedInArgOrEnv:2 SecretsUsedInArgOrEnv:3 SecretsUsedInArgOrEnv:3" },
		{ "ARG TAG\nFROM a:$TAG\n", "InvalidDefaultArgInFrom:2" },
		{ "ARG TAG=x\nFROM a:$TAG\nFROM ${B:-scratch}\n", "" },
		{ "FROM --platform=linux/amd64 a AS b\n", "FromPlatformFlagConstDisallowed:1" },
		{ "FROM --platform=linux/amd64 a AS build_amd64\n", "" },
		{ "FROM a\nEXPOSE 80/TcP 81/udp\n", "ExposeProtoCasing:2" },
		{ "FROM a\nEXPOSE 127.0.0.1:80:80 5:5 90\n",
		  "ExposeInvalidFormat:2 ExposeInvalidFormat:2" },
		{ "# syntax=x\n# any words\nFROM a AS b\n# more\nARG c\n", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = found_with(cases[i][0], NULL, NULL);

		if (strcmp(got, cases[i][1]) != 0)
			printf("# %s# got %s\n", cases[i][0], got);
		CHECK_STR(got, cases[i][1]);
	}
}

TEST(copies_of_what_is_ignored)
{
	const char *text = "FROM a AS b\nENV D=/d/\nCOPY a.txt $D./x . /y/\nADD ok https://x/a.txt "
			   "/y/\nCOPY --from=b a.txt /\nCOPY <<a.txt /y/\nx\na.txt\n";

	CHECK_STR(found_with(text, "*.txt\nd\n", NULL), "CopyIgnoredFile:3 CopyIgnoredFile:3");
	CHECK_STR(found_with(text, NULL, NULL), "");
}

TEST(what_is_taken_back)
{
	static const struct {
		const char *source, *ignore;
		bool said;
	} cases[] = {
		{ "dir/one", "dir", true },
		/* Nothing that could be the source comes back. */
		{ "dir/one", "dir\n!dir/two", true },
		{ "dir/one", "dir\n!else/*", true },
		{ "dir/o*", "dir\n!else/*", true },
		{ "dir", "!dir/one\ndir", true },
		/* Something may. */
		{ "dir", "dir\n!dir/one", false },
		{ "dir", "dir\n!dir/sub/*.c", false },
		{ "dir", "dir\n!*/one", false },
		{ "dir/o*", "dir\n!dir/one", false },
		{ "dir/one", "**\n!dir", false },
		{ "dir/one", "dir\n!dir/one\ndir/two", false },
		/* All of the context. */
		{ ".", "*", true },
		{ "/", "*\n!one\n**", true },
		{ ".", "*\n!one", false },
		{ ".", ".*", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[100];

		(void)snprintf(text, sizeof(text), "FROM a\nCOPY %s /x/\n", cases[i].source);
		CHECK_STR(found_with(text, cases[i].ignore, NULL),
			  cases[i].said ? "CopyIgnoredFile:2" : "");
	}
}

TEST(which_rules_count)
{
	const char *text = "FROM a AS B\nMAINTAINER x\n";

	CHECK_STR(found_with(text, NULL, "skip=StageNameCasing, None;error=true"),
		  "MaintainerDeprecated:2 error");
	CHECK_STR(found_with(text, NULL, "skip=all"), "");
	CHECK_STR(found_with("# check=skip=MaintainerDeprecated\nFROM a AS B\nMAINTAINER x\n", NULL,
			     NULL),
		  "StageNameCasing:2");
	/* The argument stands in the directive's place. */
	CHECK_STR(found_with("# check=skip=all;error=true\nFROM a AS B\n", NULL, "error=false"),
		  "StageNameCasing:2");
	CHECK_STR(found_with("# no name\nFROM a AS b\n#\nARG c\n# d e\nARG c d\n# f\nARG c\n", NULL,
			     "experimental=InvalidDefinitionDescription"),
		  "InvalidDefinitionDescription:2 InvalidDefinitionDescription:8");
	/* What is asked for by name is not skipped. */
	CHECK_STR(found_with("# x\nFROM a AS b\nCMD x\n", NULL, "experimental=all;skip=all"),
		  "InvalidDefinitionDescription:2");
	CHECK(strstr(found_with(text, NULL, "nothing"), "'nothing' is not NAME=VALUE"));
	CHECK(strstr(found_with(text, NULL, "kip=all"), "skip, error and experimental"));
	CHECK(strstr(found_with(text, NULL, "error=1"), "error is true or false"));
	CHECK(strstr(found_with("# check=x\nFROM a\n", NULL, NULL), "D: checks: 'x'"));
}

static int env_of(void *arg, const char *name, struct vars *ret)
{
	(void)arg;
	return strcmp(name, "known") == 0 && vars_set(ret, "VERSION", "1", NULL) == 0;
}

TEST(a_base_brings_its_variables)
{
	auto_vars none = { 0 };
	auto_dockerfile d = { 0 };
	auto_lint l = { 0 };
	struct lint_opts o = { .build_args = &none, .platform = &none, .base_env = env_of };
	struct err e = ERR_INIT;

	CHECK(dockerfile_parse(STR("FROM known\nENV A=$VERSION\nFROM other\nENV A=$VERSOIN\nENV "
				   "VERSION=2 B=$VERSIOM\nENV C=$VERSIOM\n"),
			       "D", &d, &e) == 0);
	CHECK(lint_run(&d, &o, &l, &e) == 0);
	CHECK(l.n == 3);
	CHECK_STR(l.v[2].text, "D:6: UndefinedVar: $VERSIOM is not set (did you mean $VERSION?)\n"
			       "    ENV C=$VERSIOM\n"
			       "        ^~~~~~~~~~");
	CHECK(l.v[2].column == 5);
	CHECK_STR(l.v[2].message, "$VERSIOM is not set (did you mean $VERSION?)");
}

TEST(findings_have_a_limit)
{
	auto_vars none = { 0 };
	auto_buf b = BUF_INIT(65536);
	struct err e = ERR_INIT;

	for (int extra = 0; extra < 2; extra++) {
		auto_dockerfile d = { 0 };
		auto_lint l = { 0 };
		struct lint_opts o = { .build_args = &none, .platform = &none };

		buf_reset(&b);
		buf_puts(&b, "FROM a\n");
		for (int i = 0; i < LIMIT_FINDINGS + extra; i++)
			buf_puts(&b, "MAINTAINER x\n");
		CHECK(dockerfile_parse((struct str){ b.p, b.n }, "D", &d, &e) == 0);
		CHECK(lint_run(&d, &o, &l, &e) == 0);
		CHECK(l.n == LIMIT_FINDINGS);
	}
}

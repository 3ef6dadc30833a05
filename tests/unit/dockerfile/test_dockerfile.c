/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dockerfile/dockerfile.h"
#include "tap.h"

TAP_MAIN()

static int parse(const char *text, struct dockerfile *ret, struct err *e)
{
	return dockerfile_parse(str_of(text), "Dockerfile", ret, e);
}

/* The error that a text gives, "" when it is accepted. */
static const char *refusal(const char *text)
{
	static struct err e;
	auto_dockerfile d = { 0 };

	e = ERR_INIT;
	return parse(text, &d, &e) < 0 ? e.msg : "";
}

TEST(words_and_places)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("# c\nFROM a AS b\n\n  copy --chown=1:2 \\\n  # comment\n\n  x y \\\n z/\n", &d,
		    &e) == 0);
	CHECK(d.n == 2);
	CHECK(d.nodes[0].op == DF_FROM && d.nodes[0].args_n == 3);
	CHECK(df_line(&d.nodes[0]) == 2);

	const struct df_node *n = &d.nodes[1];

	CHECK(n->op == DF_COPY && df_line(n) == 4 && n->args_n == 3);
	CHECK_STR(df_flag(n, "chown"), "1:2");
	CHECK(df_flag(n, "from") == NULL);
	CHECK_STR(n->args[0].s, "x");
	CHECK_STR(n->args[2].s, "z/");
}

TEST(errors_point)
{
	CHECK_STR(refusal("FROM x\n\n\tRUNN apt-get update\n"),
		  "Dockerfile:3: unknown instruction 'RUNN' (did you mean RUN?)\n"
		  "    \tRUNN apt-get update\n"
		  "    \t^~~~");
	CHECK_STR(refusal("FROM x\nCOPY a \\\n # c\n --bogus=1\nFOO\n"),
		  "Dockerfile:5: unknown instruction 'FOO'\n    FOO\n    ^~~");
	CHECK_STR(refusal("FROM x\nCOPY \\\n  --chwon=1 a b\n"),
		  "Dockerfile:3: COPY has no flag --chwon (did you mean --chown?)\n"
		  "      --chwon=1 a b\n"
		  "      ^~~~~~~~~");
	/* An escape sequence in the text does not reach a terminal. */
	CHECK(strchr(refusal("\x1b[31mFROM x\n"), '\x1b') == NULL);
}

TEST(refused)
{
	static const char *const texts[] = {
		"",
		"# only\n",
		"FROM\n",
		"FROM a b\n",
		"FROM a IN b\n",
		"FROM a AS b c\n",
		"FROM a\nCOPY x\n",
		"FROM a\nENV\n",
		"FROM a\nENV x\n",
		"FROM a\nENV =y\n",
		"FROM a\nENV a=b c\n",
		"FROM a\nRUN []\n",
		"FROM a\nRUN [1]\n",
		"FROM a\nSHELL /bin/sh\n",
		"FROM a\nHEALTHCHECK x\n",
		"FROM a\nHEALTHCHECK CMD\n",
		"FROM a\nHEALTHCHECK NONE x\n",
		"FROM a\nRUN <<EOF\nx\n",
		"FROM a\nONBUILD FROM x\n",
		"FROM a\nONBUILD ONBUILD RUN x\n",
		"FROM a\nCOPY --chown=1 --chown=2 a b\n",
		"FROM a\nCOPY --chown a b\n",
		"FROM a\nCOPY --link=maybe a b\n",
		"FROM a\nARG\n",
		"# escape=x\nFROM a\n",
		"# escape=`\n# escape=`\nFROM a\n",
		"FROM \xff\n",
		"FROM a\nUSER\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!*refusal(texts[i]))
			printf("# accepted: %s\n", texts[i]);
		CHECK(*refusal(texts[i]));
	}
}

TEST(directives)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("#syntax=docker/dockerfile:1\n# Escape = `\n# check=skip=all\nFROM a\nRUN a "
		    "`\n "
		    "b\\\n",
		    &d, &e) == 0);
	CHECK_STR(d.syntax, "docker/dockerfile:1");
	CHECK_STR(d.check, "skip=all");
	CHECK(d.escape == '`' && d.n == 2);
	CHECK_STR(d.nodes[1].args[0].s, "a  b\\");
}

TEST(directives_behind_a_shebang)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("#!/usr/bin/env plimsoll\n# check=skip=all\n# escape=`\nFROM a\n", &d, &e) ==
	      0);
	CHECK_STR(d.check, "skip=all");
	CHECK(d.escape == '\\'); /* as with docker */
}

TEST(comments_need_not_be_utf8)
{
	CHECK_STR(refusal("# M\xfcller\nFROM a\nRUN x \\\n  # \xfc\n  y\n"), "");
	CHECK_STR(refusal("FROM a\nRUN \xfc\n"), "Dockerfile:2: not UTF-8 text");
	CHECK_STR(refusal("FROM a\nRUN <<E\n# \xfc\nE\n"), "Dockerfile:2: not UTF-8 text");
	CHECK_STR(refusal("# check=\xfc\nFROM a\n"), "Dockerfile:1: not UTF-8 text");
}

TEST(empty_flags_say_nothing)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM --platform= a\nCOPY --from= --chown= --link=TRUE --chmod=1 a b\n"
		    "HEALTHCHECK --interval= CMD x\n",
		    &d, &e) == 0);
	CHECK(d.nodes[0].flags_n == 0 && d.nodes[2].flags_n == 0);
	CHECK(d.nodes[1].flags_n == 2 && df_switch(&d.nodes[1], "link", false));
	CHECK(!df_flag(&d.nodes[1], "from"));
	CHECK_STR(df_flag(&d.nodes[1], "chmod"), "1");
	CHECK(*refusal("FROM a\nRUN --mount= x\n"));
}

TEST(directives_end_at_a_comment)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("# hello\n# escape=`\nFROM a\n", &d, &e) == 0);
	CHECK(d.escape == '\\');
}

TEST(continuations)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	/* Two escapes continue nothing; blanks behind one do not matter; \r\n is an end of line. */
	CHECK(parse("FROM a\r\nRUN x \\ \t\r\n  # c \\\r\n\r\n  y\r\nRUN z\\\\\n\\\nCMD q\n", &d,
		    &e) == 0);
	CHECK(d.n == 4);
	CHECK_STR(d.nodes[1].args[0].s, "x   y");
	CHECK_STR(d.nodes[2].args[0].s, "z\\\\");
	CHECK(d.nodes[3].op == DF_CMD);
}

TEST(exec_and_shell_form)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nCMD [\"a b\", \"\\u00e9\"]\nCMD [a]\nENTRYPOINT []\nCOPY [\"a b\", "
		    "\"c\"]\nHEALTHCHECK --retries=3 cmd [\"x\"]\n",
		    &d, &e) == 0);
	CHECK(d.nodes[1].exec && d.nodes[1].args_n == 2);
	CHECK_STR(d.nodes[1].args[1].s, "\xc3\xa9");
	CHECK(!d.nodes[2].exec && d.nodes[2].args_n == 1);
	CHECK(d.nodes[3].exec && d.nodes[3].args_n == 0);
	CHECK_STR(d.nodes[4].args[0].s, "a b");
	CHECK(d.nodes[5].exec && d.nodes[5].args_n == 2);
}

TEST(pairs)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nENV a=1 b=\"x y\" c=d\\ e\nENV old  style value \nARG q\nARG r=1 s\n",
		    &d, &e) == 0);
	CHECK(d.nodes[1].args_n == 6);
	CHECK_STR(d.nodes[1].args[3].s, "\"x y\"");
	CHECK_STR(d.nodes[1].args[5].s, "d\\ e");
	CHECK_STR(d.nodes[2].args[1].s, "style value");
	CHECK(d.nodes[3].args_n == 2 && d.nodes[3].args[1].s == NULL);
	CHECK(d.nodes[4].args_n == 4 && d.nodes[4].args[3].s == NULL);
}

TEST(heredocs)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nRUN <<EOF\n# kept \\\n\nEOF\nCOPY <<-'A' <<\"B\" /x/\n\tone\n\tA\ntwo "
		    "$x\nB\nRUN cat <<X && echo $((1<<2)) \"<<Y\"\nbody\nX\nCMD [\"<<EOF\"]\n",
		    &d, &e) == 0);
	CHECK(d.n == 5);
	CHECK(d.nodes[1].docs_n == 1 && d.nodes[1].docs[0].expand);
	CHECK_STR(d.nodes[1].docs[0].content, "# kept \\\n\n");
	CHECK(d.nodes[2].docs_n == 2 && !d.nodes[2].docs[0].expand && !d.nodes[2].docs[1].expand);
	CHECK_STR(d.nodes[2].docs[0].content, "one\n");
	CHECK_STR(d.nodes[2].docs[0].name, "A");
	CHECK_STR(d.nodes[2].docs[1].content, "two $x\n");
	CHECK(d.nodes[3].docs_n == 1);
	CHECK_STR(d.nodes[3].docs[0].content, "body\n");
}

TEST(heredoc_with_a_space_before_its_name)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nRUN << END\none\nEND\nRUN cat <<- 'A B' >x\n\ttwo\n\tA B\n"
		    "RUN << -END\nthree\n-END\nRUN echo $((1 << 2))\nRUN <<\nCOPY << END /x\n",
		    &d, &e) == 0);
	CHECK(d.n == 7);
	CHECK(d.nodes[1].docs_n == 1 && d.nodes[1].doc_alone && d.nodes[1].docs[0].expand);
	CHECK_STR(d.nodes[1].docs[0].content, "one\n");
	CHECK(d.nodes[2].docs_n == 1 && !d.nodes[2].doc_alone && !d.nodes[2].docs[0].expand);
	CHECK_STR(d.nodes[2].docs[0].name, "A B");
	CHECK_STR(d.nodes[2].docs[0].content, "two\n");
	CHECK_STR(d.nodes[3].docs[0].name, "-END");
	/* A shift to the left, nothing, and words of a COPY. */
	CHECK(d.nodes[4].docs_n == 0 && d.nodes[5].docs_n == 0 && d.nodes[6].docs_n == 0);
}

TEST(heredoc_name_with_an_escape_still_expands)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nCOPY <<it\\'s /x\n$y\nit's\n", &d, &e) == 0);
	CHECK(d.n == 2 && d.nodes[1].docs_n == 1 && d.nodes[1].docs[0].expand);
	CHECK_STR(d.nodes[1].docs[0].name, "it's");
}

TEST(heredoc_alone)
{
	static const struct {
		const char *run;
		bool alone;
	} t[] = {
		{ "RUN <<E\nE\n", true },
		{ "RUN  3<<-'E' \nE\n", true },
		{ "RUN <<\"A B\"\nA B\n", true },
		{ "RUN --network=none <<'A  B'\nA  B\n", true },
		{ "ONBUILD RUN <<\"A B\"\nA B\n", true },
		{ "RUN <<\"A B\" cat\nA B\n", false },
		{ "RUN cat <<E\nE\n", false },
		{ "RUN <<E <<F\nE\nF\n", false },
		{ "RUN <<E<<F\n", false },
		{ "RUN [\"<<E\"]\n", false },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		auto_dockerfile d = { 0 };
		struct err e = ERR_INIT;
		char text[128];

		(void)snprintf(text, sizeof(text), "FROM a\n%s", t[i].run);
		CHECK(parse(text, &d, &e) == 0 && d.n == 2);

		const struct df_node *n = d.nodes[1].trigger ? d.nodes[1].trigger : &d.nodes[1];

		CHECK(n->doc_alone == t[i].alone);
	}
}

TEST(heredocs_behind_onbuild_and_not_in_the_exec_form)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nONBUILD RUN <<E <<-F\none\nE\n\ttwo\n\tF\nUSER u\n", &d, &e) == 0);
	CHECK(d.n == 3 && d.nodes[1].docs_n == 0 && d.nodes[1].trigger->docs_n == 2);
	CHECK_STR(d.nodes[1].trigger->docs[0].content, "one\n");
	CHECK_STR(d.nodes[1].trigger->docs[1].content, "two\n");
	CHECK_STR(refusal("FROM a\nONBUILD RUN <<EOF\nx\n"),
		  "Dockerfile:2: here-document 'EOF' does not end\n"
		  "    ONBUILD RUN <<EOF\n"
		  "            ^~~");

	auto_dockerfile exec = { 0 };

	CHECK(parse("FROM a\nRUN [\"cat\", \"x\" , \"<<E\"]\nUSER u\n", &exec, &e) == 0);
	CHECK(exec.n == 3 && exec.nodes[1].docs_n == 0);
}

TEST(a_command_of_nothing)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nCMD\nENTRYPOINT\nRUN\n", &d, &e) == 0);
	for (size_t i = 1; i < d.n; i++) {
		CHECK(!d.nodes[i].exec && d.nodes[i].args_n == 1);
		CHECK_STR(d.nodes[i].args[0].s, "");
	}
}

TEST(what_the_checks_ask_for)
{
	auto_dockerfile d = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("FROM a\nENV old style\nENV new=style\nRUN a \\\n\n# c\n\n b\n", &d, &e) == 0);
	CHECK(d.nodes[1].legacy && !d.nodes[2].legacy);
	CHECK(d.nodes[2].empty_line == 0 && d.nodes[3].empty_line == 5);
}

TEST(onbuild_points_within)
{
	CHECK_STR(refusal("FROM a\nONBUILD \\\n  COPYY a b\n"),
		  "Dockerfile:3: unknown instruction 'COPYY' (did you mean COPY?)\n"
		  "      COPYY a b\n"
		  "      ^~~~~");
}

TEST(limits)
{
	struct err e = ERR_INIT;
	auto_free char *text = malloc(LIMIT_DOCKERFILE + 2);

	memset(text, '#', LIMIT_DOCKERFILE + 1);
	text[LIMIT_DOCKERFILE + 1] = '\0';
	memcpy(text, "FROM a\n", 7);

	auto_dockerfile d = { 0 }, over = { 0 };

	CHECK(dockerfile_parse((struct str){ text, LIMIT_DOCKERFILE }, "D", &d, &e) == 0);
	CHECK(dockerfile_parse((struct str){ text, LIMIT_DOCKERFILE + 1 }, "D", &over, &e) ==
	      E_FORMAT);

	auto_buf many = BUF_INIT(LIMIT_DOCKERFILE);

	for (int i = 0; i < LIMIT_INSTRUCTIONS; i++)
		buf_puts(&many, "FROM a\n");

	auto_dockerfile at = { 0 };

	CHECK(dockerfile_parse((struct str){ many.p, many.n }, "D", &at, &e) == 0);
	buf_puts(&many, "FROM a\n");
	CHECK(dockerfile_parse((struct str){ many.p, many.n }, "D", &over, &e) == E_FORMAT);

	auto_buf words = BUF_INIT(LIMIT_DOCKERFILE);

	buf_puts(&words, "FROM a\nEXPOSE");
	for (int i = 0; i < LIMIT_WORDS; i++)
		buf_puts(&words, " 1");

	auto_dockerfile w = { 0 };

	CHECK(dockerfile_parse((struct str){ words.p, words.n }, "D", &w, &e) == 0);
	buf_puts(&words, " 1");
	CHECK(dockerfile_parse((struct str){ words.p, words.n }, "D", &over, &e) == E_FORMAT);
}

TEST(heredoc_limit)
{
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(65536);
	auto_dockerfile d = { 0 }, over = { 0 };

	for (int extra = 0; extra < 2; extra++) {
		buf_reset(&b);
		buf_puts(&b, "FROM a\nRUN cat");
		for (int i = 0; i < LIMIT_HEREDOCS + extra; i++)
			buf_puts(&b, " <<E");
		for (int i = 0; i < LIMIT_HEREDOCS + extra; i++)
			buf_puts(&b, "\nE");
		CHECK(dockerfile_parse((struct str){ b.p, b.n }, "D", extra ? &over : &d, &e) ==
		      (extra ? E_FORMAT : 0));
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/parse.h"
#include "tap.h"

TAP_MAIN()

struct opts {
	bool flag, it, tty, so;
	const char *name, *format;
	struct strv env;
	uint64_t last;
	int more;
};

static const struct opt table[] = {
	OPT_AT(struct opts, flag, "flag", 'f', OPT_FLAG, NULL, "a flag"),
	OPT_AT(struct opts, it, "interactive", 'i', OPT_FLAG, NULL, "a flag"),
	OPT_AT(struct opts, tty, "tty", 't', OPT_FLAG, NULL, "a flag"),
	OPT_ALWAYS(struct opts, so, "so", 's', "always so"),
	OPT_AT(struct opts, name, "name", 'n', OPT_STRING, "NAME", "a name"),
	OPT_AT(struct opts, format, "format", 0, OPT_STRING, "FORMAT", "hides the global one"),
	OPT_AT(struct opts, env, "env", 'e', OPT_LIST, "K=V", "many"),
	OPT_AT(struct opts, last, "last", 'l', OPT_U64, "N", "a number"),
	OPT_AT(struct opts, more, "more", 'm', OPT_COUNT, NULL, "counted"),
	OPT_END,
};
static const struct command plain = { .name = "plain",
				      .brief = "b",
				      .args = "[ARG...]",
				      .opts = table,
				      .opts_size = sizeof(struct opts),
				      .max_args = -1 };
static const struct command stopping = { .name = "run",
					 .brief = "b",
					 .args = "IMAGE [ARG...]",
					 .opts = table,
					 .opts_size = sizeof(struct opts),
					 .min_args = 1,
					 .max_args = -1,
					 .stop_at_arg = true };
static const struct command sub = { .name = "show", .brief = "b", .args = "" };
static const struct command *const subs[] = { &sub, NULL };
static const struct command group = { .name = "trail", .brief = "b", .args = "", .subs = subs };
static const struct command *const commands_here[] = { &plain, &stopping, &group, NULL };

/* cli.c is not linked; help.c and others are not asked for. */
const struct command *const commands[] = { NULL };

struct got {
	struct parsed p;
	struct err e;
	int r;
};

static void done(struct got *g)
{
	cli_parsed_free(&g->p);
}
#define auto_got __attribute__((cleanup(done))) struct got

/* Words are split at single spaces; "''" is an empty word. */
static char line[512];
static void parse(struct got *g, const char *words)
{
	static char *argv[64];
	static char empty[] = "";
	int argc = 0;

	(void)snprintf(line, sizeof(line), "plimsoll %s", words);
	for (char *save = NULL, *w = strtok_r(line, " ", &save); w && argc < 63;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(w, "''") == 0 ? empty : w;
	argv[argc] = NULL;
	g->e = ERR_INIT;
	g->r = cli_parse(commands_here, argc, argv, &g->p, &g->e);
}

static const struct opts *opts_of(const struct got *g)
{
	return g->p.opts;
}

TEST(values_in_every_form)
{
	static const char *const forms[] = { "plain --name x y", "plain --name=x y", "plain -n x y",
					     "plain -nx y", "plain y -nx" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		auto_got g;

		parse(&g, forms[i]);
		CHECK(g.r == 0 && opts_of(&g)->name && strcmp(opts_of(&g)->name, "x") == 0);
		CHECK(g.p.argc == 1 && strcmp(g.p.argv[0], "y") == 0 && g.p.argv[1] == NULL);
	}
}

TEST(bundled_flags_and_a_value_at_their_end)
{
	auto_got g;

	parse(&g, "plain -itfmmnvalue");
	CHECK(g.r == 0);
	CHECK(opts_of(&g)->it && opts_of(&g)->tty && opts_of(&g)->flag);
	CHECK(opts_of(&g)->more == 2);
	CHECK_STR(opts_of(&g)->name, "value");
}

TEST(flags_may_say_true_or_false)
{
	auto_got a, b, c;

	parse(&a, "plain --flag=true");
	CHECK(a.r == 0 && opts_of(&a)->flag);
	parse(&b, "plain --flag --flag=false");
	CHECK(b.r == 0 && !opts_of(&b)->flag);
	parse(&c, "plain --flag=yes");
	CHECK(c.r == E_USAGE);
}

TEST(what_is_always_so_cannot_be_false)
{
	auto_got a, b, c;

	parse(&a, "plain --so");
	CHECK(a.r == 0 && opts_of(&a)->so);
	parse(&b, "plain --so=true -s");
	CHECK(b.r == 0 && opts_of(&b)->so);
	parse(&c, "plain --so=false");
	CHECK(c.r == E_USAGE && strstr(c.e.msg, "'--so'"));
}

TEST(lists_keep_order_and_strings_the_last)
{
	auto_got g;

	parse(&g, "plain -e A=1 --env B=2 -eC=3 --name x --name y");
	CHECK(g.r == 0 && opts_of(&g)->env.n == 3);
	CHECK_STR(opts_of(&g)->env.v[0], "A=1");
	CHECK_STR(opts_of(&g)->env.v[2], "C=3");
	CHECK_STR(opts_of(&g)->name, "y");
}

TEST(numbers)
{
	static const char *const bad[] = { "plain -l x",
					   "plain -l -1",
					   "plain -l 01",
					   "plain -l 1.5",
					   "plain --last=''",
					   "plain --last=",
					   "plain -l 18446744073709551616" };
	auto_got g;

	parse(&g, "plain --last 18446744073709551615");
	CHECK(g.r == 0 && opts_of(&g)->last == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_got b;

		parse(&b, bad[i]);
		CHECK(b.r == E_USAGE);
	}
}

TEST(dashes_end_options)
{
	auto_got g, h;

	parse(&g, "plain -- --name -x");
	CHECK(g.r == 0 && g.p.argc == 2);
	CHECK_STR(g.p.argv[0], "--name");
	parse(&h, "plain - --flag");
	CHECK(h.r == 0 && h.p.argc == 1 && opts_of(&h)->flag);
	CHECK_STR(h.p.argv[0], "-");
}

TEST(stop_at_arg_leaves_the_rest_alone)
{
	auto_got g;

	parse(&g, "run --flag image sh -c --help --quiet -- x");
	CHECK(g.r == 0 && opts_of(&g)->flag && !g.p.globals.help && !g.p.globals.quiet);
	CHECK(g.p.argc == 7);
	CHECK_STR(g.p.argv[3], "--help");
	CHECK_STR(g.p.argv[5], "--");
}

TEST(globals_before_and_after)
{
	auto_got g, h;

	parse(&g, "--state /a -q plain x --state=/b --debug");
	CHECK(g.r == 0 && g.p.globals.quiet && g.p.globals.debug);
	CHECK_STR(g.p.globals.state, "/b");
	parse(&h, "--state /a trail --quiet show --format json");
	CHECK(h.r == 0 && h.p.depth == 2 && h.p.globals.quiet);
	CHECK_STR(h.p.globals.format, "json");
}

TEST(own_options_hide_global_ones)
{
	auto_got g;

	parse(&g, "--format json plain --format sarif");
	CHECK(g.r == 0);
	CHECK_STR(g.p.globals.format, "json");
	CHECK_STR(opts_of(&g)->format, "sarif");
}

TEST(what_is_unknown_is_named_with_the_nearest)
{
	static const struct {
		const char *words, *says;
	} cases[] = {
		{ "plian", "unknown command 'plian', did you mean 'plain'?" },
		{ "plain --nme x", "unknown option '--nme', did you mean '--name'?" },
		{ "plain --nme=x", "unknown option '--nme', did you mean '--name'?" },
		{ "plain --stat x", "did you mean '--state'?" },
		{ "plain --zzzzzzzz", "unknown option '--zzzzzzzz' (try 'plimsoll plain --help')" },
		{ "plain -x", "unknown option '-x'" },
		{ "plain -fx", "unknown option '-x'" },
		{ "trail shwo", "unknown sub-command 'shwo', did you mean 'show'?" },
		{ "--nonsense", "unknown option '--nonsense' (try 'plimsoll --help')" },
		{ "''", "unknown command ''" },
		{ "plain --name", "option '--name' needs NAME" },
		{ "plain -n", "option '--name' needs NAME" },
		{ "run",
		  "an argument is missing (usage: plimsoll run [OPTION...] IMAGE [ARG...])" },
		{ "trail show x", "too many arguments (usage: plimsoll trail show)" },
		{ "plain --nam x", "did you mean '--name'?" }, /* no abbreviations */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_got g;

		parse(&g, cases[i].words);
		CHECK(g.r == E_USAGE);
		CHECK(strstr(g.e.msg, cases[i].says));
		CHECK(!strchr(g.e.msg, '\n'));
		if (!strstr(g.e.msg, cases[i].says))
			printf("# '%s' lacks '%s'\n", g.e.msg, cases[i].says);
	}
}

TEST(help_passes_over_mistakes_in_options_only)
{
	auto_got a, b, c;

	parse(&a, "--help plain --nonsense x");
	CHECK(a.r == 0 && a.p.globals.help && a.p.depth == 1);
	parse(&b, "run -h");
	CHECK(b.r == 0 && b.p.globals.help);
	parse(&c, "--help nonsense");
	CHECK(c.r == E_USAGE);
}

TEST(a_group_alone_and_nothing_at_all)
{
	auto_got a, b;

	parse(&a, "trail");
	CHECK(a.r == 0 && a.p.depth == 1 && a.p.path[0]->subs);
	parse(&b, "");
	CHECK(b.r == 0 && b.p.depth == 0);
}

TEST(arguments_at_the_limit_and_one_more)
{
	char **argv = calloc(LIMIT_CLI_ARGS + 2, sizeof(*argv));
	static char word[] = "plain";

	for (int i = 0; i <= LIMIT_CLI_ARGS; i++)
		argv[i] = word;
	for (int more = 0; more < 2; more++) {
		auto_got g;

		g.e = ERR_INIT;
		g.r = cli_parse(commands_here, LIMIT_CLI_ARGS + more, argv, &g.p, &g.e);
		CHECK(g.r == (more ? E_USAGE : 0));
	}
	free(argv);
}

TEST(nearest)
{
	static const char *const names[] = { "build", "run", "ps", "advisories", "push", "pull" };
	const size_t n = sizeof(names) / sizeof(*names);

	CHECK_STR(cli_nearest("biuld", names, n), "build");
	CHECK_STR(cli_nearest("rn", names, n), "run");
	CHECK_STR(cli_nearest("pusj", names, n), "push");
	CHECK_STR(cli_nearest("advis", names, n), "advisories");
	CHECK(!cli_nearest("xyzzy", names, n));
	CHECK(!cli_nearest("", names, n));
	CHECK(!cli_nearest("a-word-that-is-longer-than-all-the-words-that-any-command-line-may-"
			   "reasonably-hold",
			   names, n));
}

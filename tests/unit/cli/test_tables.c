/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed from the command table says the same everywhere, and every command says enough.
 */
#include <ctype.h>
#include <stdlib.h>

#include "cli/completion.h"
#include "cli/man.h"
#include "cli/parse.h"
#include "tap.h"

TAP_MAIN()

enum { CAP = 4 * 1024 * 1024 };

/* The printed --help of one command, or of all. Owned. */
static char *help_of(const char *path, const struct command *c)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (c)
		cli_help(f, path, c);
	else
		cli_help_all(f);
	(void)fclose(f);
	return text;
}

/* The option names "--x" of the lines that list options: two to six spaces, then "-". */
static void options_in_help(const char *text, struct strv *ret)
{
	struct str rest = str_of(text), line;

	while (str_line(&rest, &line)) {
		struct str s = str_trim(line);
		const char *at;

		if (!str_starts(line, "  ") || s.n == 0 || s.p[0] != '-')
			continue;
		at = memmem(s.p, s.n, "--", 2);
		if (!at)
			continue;

		size_t n = 2;

		while (at + n < s.p + s.n && (isalnum((unsigned char)at[n]) || at[n] == '-'))
			n++;
		(void)strv_addf(ret, NULL, "%.*s", (int)n, at);
	}
}

/* The options of a manual page: lines that begin with "*\-". */
static void options_in_man(const char *text, struct strv *ret)
{
	struct str rest = str_of(text), line;

	while (str_line(&rest, &line)) {
		auto_buf name = BUF_INIT(128);
		const char *at;

		if (!str_starts(line, "*\\-"))
			continue;
		at = memmem(line.p, line.n, "\\-\\-", 4);
		if (!at)
			continue;
		for (; at < line.p + line.n && *at != '*'; at++)
			if (*at != '\\')
				buf_putc(&name, *at);
		(void)strv_add(ret, buf_str(&name), NULL);
	}
}

static void same_sets(const char *what, const struct strv *a, const char *a_is,
		      const struct strv *b, const char *b_is)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strv_has(b, a->v[i])) {
			tap_failed = 1;
			printf("# %s: %s is in %s and not in %s\n", what, a->v[i], a_is, b_is);
		}
	for (size_t i = 0; i < b->n; i++)
		if (!strv_has(a, b->v[i])) {
			tap_failed = 1;
			printf("# %s: %s is in %s and not in %s\n", what, b->v[i], b_is, a_is);
		}
}

/* The words of options='...' in the bash script's case for path. */
static void options_in_bash(const char *script, const char *path, struct strv *ret)
{
	auto_buf head = BUF_INIT(256);
	const char *at;
	struct str words, word;

	buf_printf(&head, "\t'%s')\n", path);
	at = strstr(script, buf_str(&head));
	at = at ? strstr(at, "options='") : NULL;
	CHECK(at);
	if (!at)
		return;
	at += strlen("options='");
	words = (struct str){ at, strcspn(at, "'") };
	while (str_cut(&words, ' ', &word))
		if (str_starts(word, "--"))
			(void)strv_addf(ret, NULL, "%.*s", (int)word.n, word.p);
}

/* "-l name" of the lines that hold for path. */
static void options_in_fish(const char *script, const char *path, struct strv *ret)
{
	auto_buf head = BUF_INIT(256);
	struct str rest = str_of(script), line;

	buf_printf(&head, "complete -c plimsoll -n '__plimsoll_at \"%s\"' -l ", path);
	while (str_line(&rest, &line)) {
		if (!str_starts(line, buf_str(&head)))
			continue;
		line.p += head.n;
		line.n -= head.n;
		(void)strv_addf(ret, NULL, "--%.*s", (int)strcspn(line.p, " "), line.p);
	}
}

/* '--name:help' items in zsh's options=( ... ) for path. */
static void options_in_zsh(const char *script, const char *path, struct strv *ret)
{
	auto_buf head = BUF_INIT(256);
	const char *at, *end;

	buf_printf(&head, "\t'%s')\n", path);
	at = strstr(script, buf_str(&head));
	at = at ? strstr(at, "options=(") : NULL;
	end = at ? strstr(at, ";;\n") : NULL;
	CHECK(end);
	while (at && end && (at = strstr(at, "\n\t\t\t'--")) && at < end) {
		at += strlen("\n\t\t\t'");
		(void)strv_addf(ret, NULL, "%.*s", (int)strcspn(at, ":"), at);
	}
}

static struct buf bash, zsh, fish;

static void check_command(const char *path, const struct command *c, const struct strv *in_man)
{
	auto_strv help = { 0 }, b = { 0 }, f = { 0 }, z = { 0 };
	auto_free char *text = help_of(path, c);

	options_in_help(text, &help);
	options_in_bash(bash.p, path, &b);
	options_in_fish(fish.p, path, &f);
	options_in_zsh(zsh.p, path, &z);
	same_sets(path, &help, "--help", &b, "the bash completion");
	same_sets(path, &help, "--help", &f, "the fish completion");
	same_sets(path, &help, "--help", &z, "the zsh completion");
	/* A page holds the options of its command and of all beneath it. */
	for (size_t i = 0; i < help.n; i++)
		if (!strv_has(in_man, help.v[i])) {
			tap_failed = 1;
			printf("# %s: %s is not in the manual page\n", path, help.v[i]);
		}
	for (const struct command *const *s = c->subs; s && *s && !(*s)->hidden; s++) {
		auto_buf below = BUF_INIT(256);

		buf_printf(&below, "%s %s", path, (*s)->name);
		check_command(buf_str(&below), *s, in_man);
	}
}

/* All options of a command and of those beneath it, as --help prints them. */
static void all_help(const char *path, const struct command *c, struct strv *ret)
{
	auto_free char *text = help_of(path, c);

	options_in_help(text, ret);
	for (const struct command *const *s = c->subs; s && *s && !(*s)->hidden; s++)
		all_help(path, *s, ret);
}

TEST(help_man_and_completion_name_the_same_options)
{
	struct err e = ERR_INIT;

	bash = zsh = fish = BUF_INIT(CAP);
	CHECK(completion_bash(commands, &bash, &e) == 0);
	CHECK(completion_zsh(commands, &zsh, &e) == 0);
	CHECK(completion_fish(commands, &fish, &e) == 0);
	for (size_t i = 0; commands[i] && !commands[i]->hidden; i++) {
		auto_buf man = BUF_INIT(CAP);
		auto_strv in_man = { 0 }, in_help = { 0 };

		CHECK(man_command(commands[i], &man, &e) == 0);
		options_in_man(man.p, &in_man);
		all_help(commands[i]->name, commands[i], &in_help);
		same_sets(commands[i]->name, &in_help, "--help", &in_man, "the manual page");
		check_command(commands[i]->name, commands[i], &in_man);
	}
	buf_free(&bash);
	buf_free(&zsh);
	buf_free(&fish);
}

TEST(global_options_too)
{
	struct err e = ERR_INIT;
	auto_buf man = BUF_INIT(CAP);
	auto_strv in_man = { 0 }, in_help = { 0 };
	auto_free char *text = help_of("", NULL);

	CHECK(man_top(commands, &man, &e) == 0);
	options_in_man(man.p, &in_man);
	options_in_help(text, &in_help);
	same_sets("plimsoll", &in_help, "--help", &in_man, "plimsoll(1)");
	CHECK(in_help.n == 8);
	for (size_t i = 0; commands[i]; i++) {
		auto_buf entry = BUF_INIT(256);

		buf_printf(&entry, "*plimsoll\\-%s*(1)", commands[i]->name);
		CHECK(!strstr(man.p, buf_str(&entry)) == commands[i]->hidden);
	}
}

static void says_enough(const char *path, const struct command *c, bool top)
{
	const char *lacks =
		!c->name || !*c->name		   ? "a name"
		: top && (!c->group || !*c->group) ? "a group"
		: !c->brief || !*c->brief	   ? "a brief"
		: ends_with(c->brief, ".")	   ? "a brief without final stop"
		: !c->args			   ? "args (\"\" for none)"
		: c->hidden			   ? NULL /* no person reads its help */
		: !c->example || !*c->example	   ? "an example"
		: !starts_with(c->example, "plimsoll") && !strstr(c->example, "plimsoll ")
			? "an example that calls plimsoll"
		: !c->subs == !c->run				? "either run or subs"
		: c->opts && c->opts->name && !c->opts_size	? "opts_size"
		: c->max_args >= 0 && c->max_args < c->min_args ? "max_args"
								: NULL;

	if (lacks) {
		tap_failed = 1;
		printf("# command '%s' lacks %s\n", path, lacks);
	}
	for (const struct opt *o = c->opts; o && o->name && !o->alias; o++) {
		bool value = o->kind == OPT_STRING || o->kind == OPT_LIST || o->kind == OPT_U64;

		if (!o->help || !*o->help || ends_with(o->help, ".") || value != (o->arg != NULL)) {
			tap_failed = 1;
			printf("# '%s --%s': help (no final stop) and arg (only with a value)\n",
			       path, o->name);
		}
		for (const struct opt *p = c->opts; p < o; p++)
			if (strcmp(p->name, o->name) == 0 ||
			    (o->letter && p->letter == o->letter)) {
				tap_failed = 1;
				printf("# '%s --%s' is there twice\n", path, o->name);
			}
	}
	for (const struct command *const *s = c->subs; s && *s && !(*s)->hidden; s++) {
		auto_buf below = BUF_INIT(256);

		buf_printf(&below, "%s %s", path, (*s)->name);
		says_enough(buf_str(&below), *s, false);
	}
}

TEST(every_command_says_enough)
{
	for (size_t i = 0; commands[i]; i++) {
		says_enough(commands[i]->name, commands[i], true);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(commands[i]->name, commands[j]->name) != 0);
	}
}

/* A command of another may have the name of a hidden one, and is named: it is not hidden. */
static bool is_below(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		for (const struct command *const *s = commands[i]->subs; s && *s; s++)
			if (strcmp((*s)->name, name) == 0)
				return true;
	return false;
}

TEST(hidden_commands_are_last_and_nowhere_named)
{
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(CAP), z = BUF_INIT(CAP), f = BUF_INIT(CAP);
	auto_free char *text = help_of("", NULL);
	size_t found = 0;

	CHECK(completion_bash(commands, &b, &e) == 0);
	CHECK(completion_zsh(commands, &z, &e) == 0);
	CHECK(completion_fish(commands, &f, &e) == 0);
	for (size_t i = 0; commands[i]; i++) {
		auto_buf line = BUF_INIT(256);

		if (!commands[i]->hidden) {
			CHECK(found == 0); /* the loops above end at the first */
			continue;
		}
		found++;
		buf_printf(&line, "\n  %-12s ", commands[i]->name);
		CHECK(!strstr(text, buf_str(&line)));
		if (is_below(commands[i]->name))
			continue;
		buf_reset(&line);
		buf_printf(&line, " '%s'", commands[i]->name); /* as a word to complete after */
		CHECK(!strstr(b.p, buf_str(&line)) && !strstr(z.p, buf_str(&line)));
		buf_reset(&line);
		buf_printf(&line, "' %s'", commands[i]->name);
		CHECK(!strstr(b.p, buf_str(&line)) && !strstr(z.p, buf_str(&line)) &&
		      !strstr(f.p, buf_str(&line)));
		buf_reset(&line);
		buf_printf(&line, "'%s:", commands[i]->name);
		CHECK(!strstr(z.p, buf_str(&line)));
		buf_reset(&line);
		buf_printf(&line, " -a %s ", commands[i]->name);
		CHECK(!strstr(f.p, buf_str(&line)));
	}
	CHECK(found > 0);
}

TEST(groups_stand_together)
{
	for (size_t i = 1; commands[i] && !commands[i]->hidden; i++)
		for (size_t j = 0; j + 1 < i; j++)
			if (strcmp(commands[i]->group, commands[j]->group) == 0 &&
			    strcmp(commands[i]->group, commands[i - 1]->group) != 0) {
				tap_failed = 1;
				printf("# '%s' is apart from its group '%s'\n", commands[i]->name,
				       commands[i]->group);
			}
}

TEST(help_fits_a_terminal)
{
	auto_free char *text = help_of("", NULL);
	struct str rest = str_of(text), line;

	while (str_line(&rest, &line))
		CHECK(line.n <= 100);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/man.h"

#include <string.h>

#include "cli/config.h"
#include "cli/parse.h"

/* What scdoc would read as markup is escaped, so that texts stand as they are. */
static void text_n(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("\\*_+~`#-.[]|;<>", s.p[i]))
			buf_putc(b, '\\');
		buf_putc(b, s.p[i]);
	}
}

static void text(struct buf *b, const char *s)
{
	text_n(b, str_of(s));
}

/* Paragraphs as they are written for --help; indented lines are shown as they stand. */
static void paragraphs(struct buf *b, const char *s)
{
	struct str rest = str_of(s), line;
	bool literal = false;

	while (str_line(&rest, &line)) {
		bool indented = line.n && (line.p[0] == ' ' || line.p[0] == '\t');

		if (indented != literal && (indented || line.n)) {
			buf_puts(b, indented ? "\n```\n" : "```\n\n");
			literal = indented;
		}
		if (literal)
			buf_put(b, line.p, line.n);
		else
			text_n(b, line);
		buf_putc(b, '\n');
	}
	if (literal)
		buf_puts(b, "```\n");
}

static void literal(struct buf *b, const char *s)
{
	buf_printf(b, "```\n%s%s```\n\n", s, ends_with(s, "\n") ? "" : "\n");
}

static void option(struct buf *b, const struct opt *o)
{
	if (o->letter)
		buf_printf(b, "*\\-%c*, ", o->letter);
	buf_puts(b, "*\\-\\-");
	text(b, o->name);
	buf_putc(b, '*');
	if (o->arg) {
		buf_puts(b, " _");
		text(b, o->arg);
		buf_putc(b, '_');
	}
	buf_puts(b, "\n\t");
	text(b, o->help);
	buf_puts(b, "\n\n");
}

static void options(struct buf *b, const struct opt *table)
{
	for (const struct opt *o = table; o && o->name && !o->alias; o++)
		option(b, o);
}

static void synopsis(struct buf *b, const char *path, const struct command *c)
{
	buf_puts(b, "*plimsoll ");
	text(b, path);
	buf_putc(b, '*');
	if (c->opts && c->opts->name)
		buf_puts(b, " \\[OPTION...\\]");
	if (c->subs)
		buf_puts(b, " COMMAND");
	if (c->args && *c->args) {
		buf_putc(b, ' ');
		text(b, c->args);
	}
	buf_puts(b, "\n\n");
}

static void exit_status(struct buf *b)
{
	static const struct {
		const char *status, *meaning;
	} all[] = {
		{ "0", "Done." },
		{ "2", "The command line or the configuration is wrong." },
		{ "3", "Policy said no: a finding over the gate, an image that may not run." },
		{ "4", "A signature, a digest or a proof does not hold." },
		{ "5", "Bad input: malformed, over a limit, or not there." },
		{ "6", "The system failed: a full disk, a missing program or kernel feature." },
		{ "7", "The registry or the network failed." },
		{ "70", "A bug in plimsoll." },
		{ "130", "Interrupted by a signal, after cleaning up." },
	};

	buf_puts(b, "# EXIT STATUS\n\n");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		buf_printf(b, "*%s*\n\t%s\n\n", all[i].status, all[i].meaning);
	buf_puts(
		b,
		"*plimsoll run* and *plimsoll exec* end with the exit status of the container's\n"
		"process, or as docker does with 125 (admitted, but it could not be started), 126\n"
		"(the command cannot be run) or 127 (it was not found).\n\n");
}

static void files(struct buf *b)
{
	buf_puts(b,
		 "# FILES\n\n"
		 "_/etc/plimsoll/plimsoll.yaml_\n"
		 "\tConfiguration of the machine.\n\n"
		 "_$XDG\\_CONFIG\\_HOME/plimsoll/plimsoll.yaml_\n"
		 "\tConfiguration of the user (_~/.config_ when the variable is not set).\n"
		 "\tWhat stands here goes before the machine's.\n\n"
		 "_/var/lib/plimsoll_\n"
		 "\tThe state folder of root: images, trust, advisories, the trail, containers.\n"
		 "\tOthers have _$XDG\\_DATA\\_HOME/plimsoll_ or _~/.local/share/plimsoll_.\n\n");
}

static void environment(struct buf *b)
{
	buf_puts(b, "# ENVIRONMENT\n\n"
		    "*PLIMSOLL\\_STATE*\n\tThe state folder, when *\\-\\-state* is not given.\n\n"
		    "*PLIMSOLL\\_SECTION\\_KEY*\n"
		    "\tA scalar of the configuration: PLIMSOLL\\_GATE\\_FAIL\\_ON stands for "
		    "_fail\\-on_\n"
		    "\tin the section _gate_, and goes before the files.\n\n"
		    "*PLIMSOLL\\_PASSPHRASE\\_FILE*\n\tThe file with the signing key's "
		    "passphrase, when *\\-\\-passphrase\\-file* is not given.\n\n"
		    "*PLIMSOLL\\_STALL\\_SECONDS*\n\tHow long a silent registry is waited "
		    "for, 1 to 600 (30).\n\n"
		    "*SOURCE\\_DATE\\_EPOCH*\n\tThe time, in seconds, that *build* and *import* "
		    "put into images.\n\n"
		    "*NO\\_COLOR*\n\tWhen set and not empty, output is not coloured.\n\n");
}

static void head(struct buf *b, const char *page, const char *brief)
{
	buf_printf(b, "%s(1) \"\" \"plimsoll %s\"\n\n# NAME\n\n", page, PLIMSOLL_VERSION);
	text(b, page);
	buf_puts(b, " - ");
	text(b, brief);
	buf_puts(b, "\n\n# SYNOPSIS\n\n");
}

static void configuration(struct buf *b)
{
	buf_puts(
		b,
		"# CONFIGURATION\n\n"
		"Both files under FILES and the one given with *\\-\\-config* are read in this "
		"order\n"
		"and merged, the later one wins; then come the variables under ENVIRONMENT and at\n"
		"last the command line. A key that is not in this list, SECTION.KEY, is an\n"
		"error:\n\n");
	for (const struct config_key *k = cli_config_keys; k->name; k++) {
		buf_putc(b, '*');
		text(b, k->name);
		buf_puts(b, "*\n\t");
		text(b, k->help);
		buf_puts(b, "\n\n");
	}
}

int man_top(const struct command *const *table, struct buf *ret, struct err *e)
{
	const char *group = NULL;

	head(ret, "plimsoll", "from a Dockerfile to a locked-down, signed, recorded container");
	buf_puts(
		ret,
		"*plimsoll* \\[OPTION...\\] COMMAND\n\n# DESCRIPTION\n\n"
		"plimsoll builds an image from a Dockerfile, scans it, refuses it when a finding\n"
		"is over the gate, signs it and pushes it; it pulls an image, admits it only when\n"
		"its signature and today's findings allow, confines it and runs it. Every step is\n"
		"written to an audit trail, also when it is refused.\n\n# COMMANDS\n\n");
	for (const struct command *const *c = table; *c; c++) {
		if ((*c)->hidden)
			continue;
		if (!group || strcmp(group, (*c)->group) != 0) {
			group = (*c)->group;
			buf_puts(ret, "## ");
			text(ret, group);
			buf_puts(ret, "\n\n");
		}
		buf_printf(ret, "*%s*\n\t", (*c)->name);
		text(ret, (*c)->brief);
		buf_printf(ret, ". See *plimsoll\\-%s*(1).\n\n", (*c)->name);
	}
	buf_puts(ret, "# OPTIONS\n\nEvery command takes these, before its name or after it.\n\n");
	options(ret, cli_globals);
	buf_puts(ret, "# EXAMPLES\n\n");
	literal(ret, "plimsoll ship --push registry.example.org/web:1 .\n"
		     "plimsoll run registry.example.org/web@sha256:9f2c...");
	configuration(ret);
	exit_status(ret);
	files(ret);
	environment(ret);
	buf_puts(ret, "# SEE ALSO\n\n");
	for (const struct command *const *c = table; *c; c++)
		if (!(*c)->hidden)
			buf_printf(ret, "%s*plimsoll\\-%s*(1)", c == table ? "" : ", ", (*c)->name);
	buf_putc(ret, '\n');
	return buf_check(ret, "manual page", e);
}

/* A sub-command, as a part of its command's page. */
static void sub_command(struct buf *b, const char *above, const struct command *c)
{
	auto_buf path = BUF_INIT(256);

	buf_printf(&path, "%s %s", above, c->name);
	buf_puts(b, "## ");
	text(b, buf_str(&path));
	buf_puts(b, "\n\n");
	synopsis(b, buf_str(&path), c);
	text(b, c->brief);
	buf_puts(b, ".\n\n");
	if (c->details) {
		paragraphs(b, c->details);
		buf_putc(b, '\n');
	}
	options(b, c->opts);
	if (c->example)
		literal(b, c->example);
	for (const struct command *const *s = c->subs; s && *s; s++)
		sub_command(b, buf_str(&path), *s);
}

int man_command(const struct command *c, struct buf *ret, struct err *e)
{
	auto_buf page = BUF_INIT(256);

	buf_printf(&page, "plimsoll-%s", c->name);
	head(ret, buf_str(&page), c->brief);
	synopsis(ret, c->name, c);
	buf_puts(ret, "# DESCRIPTION\n\n");
	text(ret, c->brief);
	buf_puts(ret, ".\n\n");
	if (c->details) {
		paragraphs(ret, c->details);
		buf_putc(ret, '\n');
	}
	if (c->subs)
		buf_puts(ret, "# COMMANDS\n\n");
	for (const struct command *const *s = c->subs; s && *s; s++)
		sub_command(ret, c->name, *s);
	buf_puts(ret, "# OPTIONS\n\n");
	options(ret, c->opts);
	buf_puts(ret, "The options that every command takes are in *plimsoll*(1).\n\n");
	if (c->example) {
		buf_puts(ret, "# EXAMPLES\n\n");
		literal(ret, c->example);
	}
	exit_status(ret);
	files(ret);
	environment(ret);
	buf_puts(ret, "# SEE ALSO\n\n*plimsoll*(1)\n");
	return buf_check(ret, "manual page", e);
}

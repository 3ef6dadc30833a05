/* SPDX-License-Identifier: Apache-2.0 */
/* --help, printed from the command table. */
#include <string.h>

#include "cli/parse.h"

enum {
	LEFT = 26,  /* columns of "-f, --file FILE" */
	WIDTH = 88, /* where lines of text end: comfortable to read, and fits most terminals */
};

/* The words of s, broken into lines. at: the column where we are; indent: of further lines. */
static void words(FILE *f, struct str s, size_t at, size_t indent)
{
	struct str word;
	bool first = true;

	while (str_cut(&s, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (!first && at + 1 + word.n > WIDTH) {
			(void)fprintf(f, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			(void)fputc(' ', f);
			at++;
		}
		(void)fprintf(f, "%.*s", (int)word.n, word.p);
		at += word.n;
		first = false;
	}
	(void)fputc('\n', f);
}

/* Paragraphs, broken anew; an empty line parts them, an indented line stands as it is. */
static void paragraphs(FILE *f, const char *text)
{
	struct str rest = str_of(text), line;
	auto_buf paragraph = BUF_INIT(64 * 1024);

	for (bool more = true; more;) {
		more = str_line(&rest, &line);
		if (more && line.n && line.p[0] != ' ' && line.p[0] != '\t') {
			buf_puts(&paragraph, paragraph.n ? " " : "");
			buf_put(&paragraph, line.p, line.n);
			continue;
		}
		if (paragraph.n)
			words(f, (struct str){ paragraph.p, paragraph.n }, 0, 0);
		buf_reset(&paragraph);
		if (more)
			(void)fprintf(f, "%.*s\n", (int)line.n, line.p);
	}
}

static void option(FILE *f, const struct opt *o)
{
	char left[80];

	(void)snprintf(left, sizeof(left), "%c%c%c --%s%s%s", o->letter ? '-' : ' ',
		       o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
		       o->arg ? " " : "", o->arg ? o->arg : "");
	if (strlen(left) > LEFT)
		(void)fprintf(f, "  %s\n  %-*s  ", left, LEFT, "");
	else
		(void)fprintf(f, "  %-*s  ", LEFT, left);
	words(f, str_of(o->help), LEFT + 4, LEFT + 4);
}

static void options(FILE *f, const char *heading, const struct opt *table)
{
	if (!table || !table->name)
		return;
	(void)fprintf(f, "\n%s:\n", heading);
	for (const struct opt *o = table; o->name && !o->alias; o++)
		option(f, o);
}

/* A text of several lines, each indented. */
static void indented(FILE *f, const char *text)
{
	struct str rest = str_of(text), line;

	while (str_line(&rest, &line))
		(void)fprintf(f, "%s%.*s\n", line.n ? "  " : "", (int)line.n, line.p);
}

void cli_help(FILE *f, const char *path, const struct command *c)
{
	(void)fprintf(f, "Usage:  plimsoll %s%s%s%s%s\n\n%s\n", path, c->subs ? " COMMAND" : "",
		      c->opts && c->opts->name ? " [OPTION...]" : "",
		      c->args && *c->args ? " " : "", c->args ? c->args : "", c->brief);
	if (c->details) {
		(void)fputc('\n', f);
		paragraphs(f, c->details);
	}
	if (c->subs) {
		(void)fputs("\nCommands:\n", f);
		for (const struct command *const *s = c->subs; *s; s++)
			if (!(*s)->hidden)
				(void)fprintf(f, "  %-12s %s\n", (*s)->name, (*s)->brief);
	}
	options(f, "Options", c->opts);
	if (c->example) {
		(void)fputs("\nExamples:\n", f);
		indented(f, c->example);
	}
	if (c->subs)
		(void)fprintf(f, "\nRun 'plimsoll %s COMMAND --help' for more on a command.\n",
			      path);
	else
		(void)fputs("\nRun 'plimsoll --help' for the options that every command takes.\n",
			    f);
}

void cli_help_all(FILE *f)
{
	const char *group = NULL;

	(void)fputs("Usage:  plimsoll [OPTION...] COMMAND\n\n"
		    "From a Dockerfile to a locked-down container: build, scan, gate, sign, push;\n"
		    "pull, admit, confine, run. Every step is written to an audit trail.\n",
		    f);
	for (const struct command *const *c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		if (!group || strcmp(group, (*c)->group) != 0) {
			group = (*c)->group;
			(void)fprintf(f, "\n%s:\n", group);
		}
		(void)fprintf(f, "  %-12s %s\n", (*c)->name, (*c)->brief);
	}
	options(f, "Global options", cli_globals);
	(void)fputs("\nRun 'plimsoll COMMAND --help' for more on a command.\n", f);
}

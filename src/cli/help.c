/* SPDX-License-Identifier: Apache-2.0 */
/* --help, printed from the command table. */
#include <string.h>

#include "cli/parse.h"

enum { LEFT = 26 /* columns of "-f, --file FILE" */ };

static void option(FILE *f, const struct opt *o)
{
	char left[80];

	(void)snprintf(left, sizeof(left), "%c%c%c --%s%s%s", o->letter ? '-' : ' ',
		       o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
		       o->arg ? " " : "", o->arg ? o->arg : "");
	if (strlen(left) > LEFT)
		(void)fprintf(f, "  %s\n  %-*s  %s\n", left, LEFT, "", o->help);
	else
		(void)fprintf(f, "  %-*s  %s\n", LEFT, left, o->help);
}

static void options(FILE *f, const char *heading, const struct opt *table)
{
	if (!table || !table->name)
		return;
	(void)fprintf(f, "\n%s:\n", heading);
	for (const struct opt *o = table; o->name; o++)
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
	if (c->details)
		(void)fprintf(f, "\n%s%s", c->details, ends_with(c->details, "\n") ? "" : "\n");
	if (c->subs) {
		(void)fputs("\nCommands:\n", f);
		for (const struct command *const *s = c->subs; *s; s++)
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
		if (!group || strcmp(group, (*c)->group) != 0) {
			group = (*c)->group;
			(void)fprintf(f, "\n%s:\n", group);
		}
		(void)fprintf(f, "  %-12s %s\n", (*c)->name, (*c)->brief);
	}
	options(f, "Global options", cli_globals);
	(void)fputs("\nRun 'plimsoll COMMAND --help' for more on a command.\n", f);
}

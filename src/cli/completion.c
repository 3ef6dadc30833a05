/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All three scripts work the same way: they walk the words before the cursor, collect those that
 * name a command into a path ("trail show"), and offer what the table has at that path.
 */
#include "cli/completion.h"

#include <string.h>

#include "cli/parse.h"

/* Calls each for every command of the table and beneath, with its path. */
typedef void (*each_fn)(struct buf *b, const char *path, const struct command *c);

static void walk(const struct command *const *table, const char *above, each_fn each, struct buf *b)
{
	for (const struct command *const *c = table; c && *c; c++) {
		auto_buf path = BUF_INIT(256);

		if ((*c)->hidden)
			continue;
		buf_printf(&path, "%s%s%s", above, *above ? " " : "", (*c)->name);
		each(b, buf_str(&path), *c);
		walk((*c)->subs, buf_str(&path), each, b);
	}
}

/* s between single quotes: close with how a shell writes a quote inside of them. */
static void quoted(struct buf *b, const char *s, const char *quote)
{
	buf_putc(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_puts(b, quote);
		else
			buf_putc(b, *s);
	}
	buf_putc(b, '\'');
}

/* "build|trail|'trail show'" as the pattern of a case over "$path $word". */
static void path_pattern(struct buf *b, const char *path, const struct command *c)
{
	(void)c;
	buf_printf(b, "%s'%s%s'", b->n && b->p[b->n - 1] == '\'' ? " | " : "",
		   strchr(path, ' ') ? "" : " ", path);
}

static void bash_options(struct buf *b, const struct opt *table)
{
	for (const struct opt *o = table; o && o->name && !o->alias; o++) {
		if (o->letter)
			buf_printf(b, "-%c ", o->letter);
		buf_printf(b, "--%s ", o->name);
	}
}

static void bash_case(struct buf *b, const char *path, const struct command *c)
{
	buf_printf(b, "\t'%s')\n\t\tcommands='", path);
	for (const struct command *const *s = c->subs; s && *s; s++)
		if (!(*s)->hidden)
			buf_printf(b, "%s ", (*s)->name);
	buf_puts(b, "'\n\t\toptions='");
	bash_options(b, c->opts);
	buf_puts(b, "'\n\t\t;;\n");
}

int completion_bash(const struct command *const *table, struct buf *ret, struct err *e)
{
	const struct command top = { .name = "", .subs = table };

	buf_puts(ret, "# bash completion for plimsoll: plimsoll completion bash\n"
		      "_plimsoll()\n{\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} path= commands= options= global= i\n"
		      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		      "\t\tcase \"$path ${COMP_WORDS[i]}\" in\n\t\t");
	walk(table, "", path_pattern, ret);
	buf_puts(ret, ")\n\t\t\tpath=${path:+$path }${COMP_WORDS[i]}\n\t\t\t;;\n"
		      "\t\tesac\n\tdone\n\tcase $path in\n");
	bash_case(ret, "", &top);
	walk(table, "", bash_case, ret);
	buf_puts(ret, "\tesac\n\tglobal='");
	bash_options(ret, cli_globals);
	buf_puts(ret,
		 "'\n\tcase $cur in\n"
		 "\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options $global\" -- \"$cur\") ;;\n"
		 "\t*) mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$cur\") ;;\n"
		 "\tesac\n}\ncomplete -o default -F _plimsoll plimsoll\n");
	return buf_check(ret, "completion", e);
}

/* "name:what it does", for zsh's _describe. */
static void zsh_item(struct buf *b, const char *dashes, const char *name, const char *what)
{
	auto_buf item = BUF_INIT(1024);

	buf_printf(&item, "%s%s:%s", dashes, name, what);
	buf_puts(b, "\n\t\t\t");
	quoted(b, buf_str(&item), "'\\''");
}

static void zsh_options(struct buf *b, const struct opt *table)
{
	for (const struct opt *o = table; o && o->name && !o->alias; o++) {
		const char letter[] = { o->letter, '\0' };

		zsh_item(b, "--", o->name, o->help);
		if (o->letter)
			zsh_item(b, "-", letter, o->help);
	}
}

static void zsh_case(struct buf *b, const char *path, const struct command *c)
{
	buf_printf(b, "\t'%s')\n\t\tcommands=(", path);
	for (const struct command *const *s = c->subs; s && *s; s++)
		if (!(*s)->hidden)
			zsh_item(b, "", (*s)->name, (*s)->brief);
	buf_puts(b, ")\n\t\toptions=(");
	zsh_options(b, c->opts);
	buf_puts(b, ")\n\t\t;;\n");
}

int completion_zsh(const struct command *const *table, struct buf *ret, struct err *e)
{
	const struct command top = { .name = "", .subs = table };

	buf_puts(ret, "#compdef plimsoll\n"
		      "# zsh completion for plimsoll: plimsoll completion zsh\n"
		      "_plimsoll()\n{\n"
		      "\tlocal at= word\n\tlocal -a commands options global\n"
		      "\tfor word in \"${(@)words[2,CURRENT-1]}\"; do\n"
		      "\t\tcase \"$at $word\" in\n\t\t");
	walk(table, "", path_pattern, ret);
	buf_puts(ret, ")\n\t\t\tat=\"${at:+$at }$word\"\n\t\t\t;;\n\t\tesac\n\tdone\n"
		      "\tcase $at in\n");
	zsh_case(ret, "", &top);
	walk(table, "", zsh_case, ret);
	buf_puts(ret, "\tesac\n\tglobal=(");
	zsh_options(ret, cli_globals);
	buf_puts(ret, ")\n\tif [[ $PREFIX == -* ]]; then\n"
		      "\t\toptions+=(\"${global[@]}\")\n\t\t_describe -o option options\n"
		      "\telif (( ${#commands} )); then\n\t\t_describe command commands\n"
		      "\telse\n\t\t_files\n\tfi\n}\n"
		      "if [[ $funcstack[1] == _plimsoll ]]; then\n\t_plimsoll \"$@\"\n"
		      "else\n\tcompdef _plimsoll plimsoll\nfi\n");
	return buf_check(ret, "completion", e);
}

static void fish_options(struct buf *b, const char *path, const struct opt *table)
{
	for (const struct opt *o = table; o && o->name && !o->alias; o++) {
		buf_puts(b, "complete -c plimsoll");
		if (path)
			buf_printf(b, " -n '__plimsoll_at \"%s\"'", path);
		buf_printf(b, " -l %s", o->name);
		if (o->letter)
			buf_printf(b, " -s %c", o->letter);
		buf_puts(b, o->arg ? " -r -d " : " -d ");
		quoted(b, o->help, "\\'");
		buf_putc(b, '\n');
	}
}

static void fish_commands(struct buf *b, const char *path, const struct command *c)
{
	for (const struct command *const *s = c->subs; s && *s; s++) {
		if ((*s)->hidden)
			continue;
		buf_printf(b, "complete -c plimsoll -n '__plimsoll_at \"%s\"' -f -a %s -d ", path,
			   (*s)->name);
		quoted(b, (*s)->brief, "\\'");
		buf_putc(b, '\n');
	}
	fish_options(b, path, c->opts);
}

static void fish_pattern(struct buf *b, const char *path, const struct command *c)
{
	(void)c;
	buf_printf(b, " '%s%s'", strchr(path, ' ') ? "" : " ", path);
}

int completion_fish(const struct command *const *table, struct buf *ret, struct err *e)
{
	const struct command top = { .name = "", .subs = table };

	buf_puts(ret, "# fish completion for plimsoll: plimsoll completion fish\n"
		      "function __plimsoll_at\n    set -l at ''\n"
		      "    for word in (commandline -opc)[2..-1]\n"
		      "        switch \"$at $word\"\n            case");
	walk(table, "", fish_pattern, ret);
	buf_puts(ret, "\n                set at (string trim -- \"$at $word\")\n"
		      "        end\n    end\n    test \"$at\" = \"$argv[1]\"\nend\n");
	fish_commands(ret, "", &top);
	walk(table, "", fish_commands, ret);
	fish_options(ret, NULL, cli_globals);
	return buf_check(ret, "completion", e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/parse.h"

#include <stdlib.h>
#include <string.h>

#include "cli/container/refused.h"
#include "cli/refused_commands.h"

const struct opt cli_globals[] = {
	OPT_AT(struct globals, state, "state", 0, OPT_STRING, "DIR",
	       "state folder (default /var/lib/plimsoll; not root: ~/.local/share)"),
	OPT_AT(struct globals, format, "format", 0, OPT_STRING, "FORMAT",
	       "output as table (default) or json"),
	OPT_AT(struct globals, quiet, "quiet", 'q', OPT_FLAG, NULL,
	       "no progress; print only identifiers"),
	OPT_AT(struct globals, debug, "debug", 0, OPT_FLAG, NULL,
	       "with an error show where in the source it arose"),
	OPT_AT(struct globals, color, "color", 0, OPT_STRING, "WHEN",
	       "auto (default), always or never; NO_COLOR is honoured"),
	OPT_AT(struct globals, config, "config", 0, OPT_STRING, "FILE",
	       "read this configuration after the usual ones"),
	OPT_AT(struct globals, help, "help", 'h', OPT_FLAG, NULL, "show help and exit"),
	OPT_AT(struct globals, version, "version", 0, OPT_FLAG, NULL, "show the version and exit"),
	OPT_END,
};

/* The state of one parse: which command is current decides which options are known. */
struct parser {
	const struct command *const *words; /* what the next word may name, or NULL */
	const struct command *command;	    /* the last one named */
	struct parsed *out;
	char **argv;
	int argc, at;
	bool literal; /* "--" was seen, or stop_at_arg's first argument */
};

/* Where an option was found: its entry, and the struct its value goes into. */
struct found {
	const struct opt *opt;
	void *into;
};

static const struct opt *in_table(const struct opt *table, struct str name, char letter)
{
	for (const struct opt *o = table; o && o->name; o++)
		if (letter ? o->letter == letter : str_eqz(name, o->name))
			return o->alias ? in_table(table, str_of(o->alias), 0) : o;
	return NULL;
}

static struct found find(const struct parser *p, struct str name, char letter)
{
	struct found f = { NULL, NULL };

	if (p->command)
		f = (struct found){ in_table(p->command->opts, name, letter), p->out->opts };
	if (!f.opt)
		f = (struct found){ in_table(cli_globals, name, letter), &p->out->globals };
	return f;
}

static int fail_usage(const struct parser *p, struct err *e, const char *what, const char *word,
		      const char *nearest, const char *dashes)
{
	auto_buf path = BUF_INIT(256);
	auto_buf meant = BUF_INIT(256);

	cli_path(p->out, &path);
	if (nearest)
		buf_printf(&meant, ", did you mean '%s%s'?", dashes, nearest);
	return FAIL(e, E_USAGE, "%s '%s'%s (try 'plimsoll %s%s--help')", what, word,
		    buf_str(&meant), buf_str(&path), path.n ? " " : "");
}

static int unknown_option(const struct parser *p, const char *arg, struct err *e)
{
	const char *names[256];
	size_t n = 0;
	auto_free char *word = strndup(arg, strcspn(arg, "="));

	if (!word)
		return FAIL_NOMEM(e);
	for (const struct opt *o = p->command ? p->command->opts : NULL; o && o->name && n < 200;
	     o++)
		if (!o->alias)
			names[n++] = o->name;
	for (const struct opt *o = cli_globals; o->name; o++)
		names[n++] = o->name;
	return fail_usage(p, e, "unknown option", word,
			  starts_with(word, "--") ? cli_nearest(word + 2, names, n) : NULL, "--");
}

static int store(const struct found *f, const char *value, struct err *e)
{
	union {
		char *at;
		bool *flag;
		const char **string;
		struct strv *list;
		uint64_t *u64;
		int *count;
	} to = { .at = (char *)f->into + f->opt->offset };

	switch (f->opt->kind) {
	case OPT_FLAG:
		if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
			return FAIL(e, E_USAGE, "option '--%s' takes no value but true or false",
				    f->opt->name);
		if (f->opt->always && value && strcmp(value, "false") == 0)
			return FAIL(e, E_USAGE,
				    "option '--%s': it is always so, and cannot be false",
				    f->opt->name);
		*to.flag = (!value || strcmp(value, "true") == 0) != f->opt->inverted;
		return 0;
	case OPT_COUNT:
		if (value)
			return FAIL(e, E_USAGE, "option '--%s' takes no value", f->opt->name);
		++*to.count;
		return 0;
	case OPT_STRING: *to.string = value; return 0;
	case OPT_LIST: return strv_add(to.list, value, e);
	case OPT_U64:
		if (str_u64(str_of(value), UINT64_MAX, to.u64, e) < 0)
			return FAIL(e, E_USAGE, "option '--%s' needs a number, not '%s'",
				    f->opt->name, value);
		return 0;
	}
	return FAIL(e, E_INTERNAL, "option '--%s': unknown kind", f->opt->name);
}

static bool takes_value(const struct opt *o)
{
	return o->kind == OPT_STRING || o->kind == OPT_LIST || o->kind == OPT_U64;
}

/* Stores value, or the next word when the option needs one and has none. */
static int store_next(struct parser *p, const struct found *f, const char *value, struct err *e)
{
	if (takes_value(f->opt) && !value) {
		if (p->at + 1 >= p->argc)
			return FAIL(e, E_USAGE, "option '--%s' needs %s", f->opt->name,
				    f->opt->arg ? f->opt->arg : "a value");
		value = p->argv[++p->at];
	}
	return store(f, value, e);
}

/* What another program has. Its value may be the next word. */
static int refuse(struct parser *p, const struct refused_opt *o, const char *value, struct err *e)
{
	if (!o->flag && !value && p->at + 1 < p->argc)
		value = p->argv[++p->at];
	return refused_check(o, value, e);
}

static int long_option(struct parser *p, const char *arg, struct err *e)
{
	const char *eq = strchr(arg, '=');
	struct str name = { arg + 2, eq ? (size_t)(eq - arg) - 2 : strlen(arg) - 2 };
	struct found f = find(p, name, 0);

	if (!f.opt) {
		const struct refused_opt *o =
			p->command ? refused_find(p->command->refused, name) : NULL;

		return o ? refuse(p, o, eq ? eq + 1 : NULL, e) : unknown_option(p, arg, e);
	}
	return store_next(p, &f, eq ? eq + 1 : NULL, e);
}

/* "-it", "-n value", "-nvalue", "-itnvalue". */
static int short_options(struct parser *p, const char *arg, struct err *e)
{
	for (const char *c = arg + 1; *c; c++) {
		struct found f = find(p, (struct str){ NULL, 0 }, *c);

		if (!f.opt) {
			const char word[] = { '-', *c, '\0' };

			return unknown_option(p, c == arg + 1 ? arg : word, e);
		}
		if (takes_value(f.opt))
			/* "-n2", "-n 2", and "-n=2", as others' parsers have it. */
			return store_next(p, &f, c[1] == '=' ? c + 2 : c[1] ? c + 1 : NULL, e);

		int r = store(&f, NULL, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int unknown_command(const struct parser *p, const char *word, struct err *e)
{
	const char *names[256];
	size_t n = 0;
	const bool others = !p->command || has_word("container image", p->command->name);
	int r = others ? refused_command(word, e) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; p->words[i] && n < 256; i++)
		if (!p->words[i]->hidden)
			names[n++] = p->words[i]->name;
	return fail_usage(p, e, p->command ? "unknown sub-command" : "unknown command", word,
			  cli_nearest(word, names, n), "");
}

static int enter(struct parser *p, const char *word, struct err *e)
{
	for (size_t i = 0; p->words[i]; i++) {
		const struct command *c = p->words[i];

		if (strcmp(c->name, word) != 0)
			continue;
		if (p->out->depth == CLI_DEPTH)
			return FAIL(e, E_INTERNAL, "commands nested deeper than %d", CLI_DEPTH);
		p->out->path[p->out->depth++] = p->command = c;
		p->words = c->subs;
		if (!c->subs) {
			p->out->opts = calloc(1, c->opts_size ? c->opts_size : 1);
			if (!p->out->opts)
				return FAIL_NOMEM(e);
		}
		return 0;
	}
	return unknown_command(p, word, e);
}

static int one(struct parser *p, struct err *e)
{
	char *arg = p->argv[p->at];
	int r;

	if (p->literal || arg[0] != '-' || arg[1] == '\0') {
		if (p->words)
			return enter(p, arg, e);
		p->out->argv[p->out->argc++] = arg;
		p->literal = p->literal || p->command->stop_at_arg;
		return 0;
	}
	if (strcmp(arg, "--") == 0) {
		p->literal = true;
		return 0;
	}
	r = starts_with(arg, "--") ? long_option(p, arg, e) : short_options(p, arg, e);
	return r == E_USAGE && p->out->globals.help ? 0 : r;
}

static int check_count(const struct parser *p, struct err *e)
{
	const struct command *c = p->command;
	auto_buf path = BUF_INIT(256);
	const char *why;

	if (p->words) /* a sub-command is missing; the caller shows which there are */
		return 0;
	if (p->out->argc >= c->min_args && (c->max_args < 0 || p->out->argc <= c->max_args))
		return 0;
	why = p->out->argc < c->min_args ? "an argument is missing" : "too many arguments";
	cli_path(p->out, &path);
	return FAIL(e, E_USAGE, "%s (usage: plimsoll %s%s%s%s)", why, buf_str(&path),
		    c->opts ? " [OPTION...]" : "", c->args && *c->args ? " " : "",
		    c->args ? c->args : "");
}

int cli_parse(const struct command *const *table, int argc, char **argv, struct parsed *ret,
	      struct err *e)
{
	struct parser p = { .words = table, .out = ret, .argv = argv, .argc = argc, .at = 1 };

	*ret = (struct parsed){ 0 };
	if (argc > LIMIT_CLI_ARGS)
		return FAIL(e, E_USAGE, "more than %d arguments", LIMIT_CLI_ARGS);
	ret->argv = calloc((size_t)argc + 1, sizeof(*ret->argv));
	if (!ret->argv)
		return FAIL_NOMEM(e);
	for (; p.at < argc; p.at++) {
		int r = one(&p, e);

		if (r < 0)
			return r;
	}
	return ret->globals.help || ret->globals.version ? 0 : check_count(&p, e);
}

void cli_parsed_free(struct parsed *p)
{
	const struct command *c = p->depth ? p->path[p->depth - 1] : NULL;

	for (const struct opt *o = c && p->opts ? c->opts : NULL; o && o->name; o++) {
		union {
			char *at;
			struct strv *list;
		} to = { .at = (char *)p->opts + o->offset };

		if (o->kind == OPT_LIST && !o->alias)
			strv_free(to.list);
	}
	free(p->opts);
	free(p->argv);
	*p = (struct parsed){ 0 };
}

void cli_path(const struct parsed *p, struct buf *ret)
{
	for (int i = 0; i < p->depth; i++)
		buf_printf(ret, "%s%s", i ? " " : "", p->path[i]->name);
}

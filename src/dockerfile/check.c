/* SPDX-License-Identifier: Apache-2.0 */
/* What every instruction may look like: one table, and the checks that read it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/impl.h"

#define NONE ((const char *const[]){ NULL })
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ANY LIMIT_WORDS

static const struct df_rule rules[DF_OPS] = {
	[DF_ADD] = { "ADD", FORM_WORDS, 2, ANY, true,
		     LIST("chown", "chmod", "link", "exclude", "unpack", "checksum",
			  "keep-git-dir"),
		     "ADD [--chown=USER:GROUP] [--chmod=MODE] SOURCE... TARGET" },
	[DF_ARG] = { "ARG", FORM_OPTIONAL, 2, ANY, false, NONE, "ARG NAME[=DEFAULT]..." },
	[DF_CMD] = { "CMD", FORM_COMMAND, 0, ANY, false, NONE, "CMD COMMAND" },
	[DF_COPY] = { "COPY", FORM_WORDS, 2, ANY, true,
		      LIST("from", "chown", "chmod", "link", "parents", "exclude"),
		      "COPY [--from=STAGE|IMAGE] [--chown=USER:GROUP] [--chmod=MODE] SOURCE... "
		      "TARGET" },
	[DF_ENTRYPOINT] = { "ENTRYPOINT", FORM_COMMAND, 0, ANY, false, NONE, "ENTRYPOINT COMMAND" },
	[DF_ENV] = { "ENV", FORM_PAIRS, 2, ANY, false, NONE, "ENV NAME=VALUE..." },
	[DF_EXPOSE] = { "EXPOSE", FORM_PLAIN, 1, ANY, false, NONE,
			"EXPOSE PORT[-PORT][/tcp|udp|sctp]..." },
	[DF_FROM] = { "FROM", FORM_PLAIN, 1, 3, false, LIST("platform"),
		      "FROM [--platform=OS/ARCH] IMAGE [AS NAME]" },
	[DF_HEALTHCHECK] = { "HEALTHCHECK", FORM_HEALTH, 1, ANY, false,
			     LIST("interval", "timeout", "start-period", "start-interval",
				  "retries"),
			     "HEALTHCHECK [--interval=TIME]... CMD COMMAND, or NONE" },
	[DF_LABEL] = { "LABEL", FORM_PAIRS, 2, ANY, false, NONE, "LABEL NAME=VALUE..." },
	[DF_MAINTAINER] = { "MAINTAINER", FORM_STRING, 1, 1, false, NONE, "MAINTAINER NAME" },
	[DF_ONBUILD] = { "ONBUILD", FORM_TRIGGER, 1, 1, false, NONE, "ONBUILD INSTRUCTION" },
	[DF_RUN] = { "RUN", FORM_COMMAND, 0, ANY, true, LIST("mount", "network", "security"),
		     "RUN [--mount=...]... [--network=none|default|NAME] COMMAND" },
	[DF_SHELL] = { "SHELL", FORM_WORDS, 1, ANY, false, NONE,
		       "SHELL [\"PROGRAM\", \"ARGUMENT\"...]" },
	[DF_STOPSIGNAL] = { "STOPSIGNAL", FORM_STRING, 1, 1, false, NONE, "STOPSIGNAL SIGNAL" },
	[DF_USER] = { "USER", FORM_STRING, 1, 1, false, NONE, "USER USER[:GROUP]" },
	[DF_VOLUME] = { "VOLUME", FORM_WORDS, 1, ANY, false, NONE, "VOLUME PATH..." },
	[DF_WORKDIR] = { "WORKDIR", FORM_STRING, 1, 1, false, NONE, "WORKDIR PATH" },
};

const struct df_rule *df_rule(enum df_op op)
{
	return &rules[op];
}

const char *df_op_name(enum df_op op)
{
	return op < DF_OPS ? rules[op].name : "?";
}

enum df_op df_op_find(struct str name)
{
	for (int i = 0; i < DF_OPS; i++)
		if (strlen(rules[i].name) == name.n &&
		    strncasecmp(rules[i].name, name.p, name.n) == 0)
			return (enum df_op)i;
	return DF_OPS;
}

enum { GUESS_MAX = 32 };

/* Edits (insert, drop, change, swap of neighbours) between two short words, case ignored. */
static unsigned distance(struct str a, const char *b)
{
	unsigned d[GUESS_MAX + 1][GUESS_MAX + 1];
	size_t bn = strlen(b);

	if (a.n > GUESS_MAX || bn > GUESS_MAX)
		return GUESS_MAX;
	for (size_t i = 0; i <= a.n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= bn; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		for (size_t j = 1; j <= bn; j++) {
			int x = tolower((unsigned char)a.p[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);
			unsigned best = d[i - 1][j - 1] + (x != y);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    tolower((unsigned char)a.p[i - 2]) == y && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[a.n][bn];
}

/* At most a third of the letters may be wrong, and at least one may. */
bool df_near(struct str word, const char *name, unsigned *best)
{
	unsigned dist = distance(word, name);
	size_t allowed = strlen(name) < 6 ? 1 : strlen(name) / 3;

	if (dist > allowed || dist >= *best)
		return false;
	*best = dist;
	return true;
}

const char *df_op_guess(struct str name)
{
	const char *found = NULL;
	unsigned best = GUESS_MAX;

	for (int i = 0; i < DF_OPS; i++)
		if (df_near(name, rules[i].name, &best))
			found = rules[i].name;
	return found;
}

static bool listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static bool may_be_empty(const char *flag)
{
	return listed(LIST("from", "chown", "chmod", "checksum", "platform", "interval", "timeout",
			   "start-period", "start-interval"),
		      flag);
}

static int check_flag(const struct dockerfile *d, const struct df_node *n, size_t i, struct err *e)
{
	const struct df_rule *rule = &rules[n->op];
	const struct df_flag *f = &n->flags[i];
	const char *guess = NULL;
	unsigned best = GUESS_MAX;
	bool is_switch = listed(LIST("link", "parents", "unpack", "keep-git-dir"), f->name);
	bool repeats = listed(LIST("exclude", "mount"), f->name);

	if (!listed(rule->flags, f->name)) {
		for (const char *const *l = rule->flags; *l; l++)
			if (df_near(str_of(f->name), *l, &best))
				guess = *l;
		if (guess)
			return df_fail(d, n, f->at, f->len, e,
				       "%s has no flag --%.40s (did you mean --%s?)", rule->name,
				       f->name, guess);
		return df_fail(d, n, f->at, f->len, e, "%s has no flag --%.40s", rule->name,
			       f->name);
	}
	for (size_t k = 0; k < i && !repeats; k++)
		if (strcmp(n->flags[k].name, f->name) == 0)
			return df_fail(d, n, f->at, f->len, e, "--%s is given twice", f->name);
	if (is_switch && f->value && strcasecmp(f->value, "true") != 0 &&
	    strcasecmp(f->value, "false") != 0)
		return df_fail(d, n, f->at, f->len, e, "--%s is either true or false", f->name);
	if (!is_switch && (!f->value || (!*f->value && !may_be_empty(f->name))))
		return df_fail(d, n, f->at, f->len, e, "--%s wants a value", f->name);
	return 0;
}

void df_drop_empty_flags(struct df_node *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->flags_n; i++) {
		struct df_flag f = n->flags[i];

		if (f.value && !*f.value) {
			free(f.name);
			free(f.value);
		} else {
			n->flags[kept++] = f;
		}
	}
	n->flags_n = kept;
}

static int check_health(const struct dockerfile *d, const struct df_node *n, struct err *e)
{
	bool none = strcasecmp(n->args[0].s, "NONE") == 0;

	if (!none && strcasecmp(n->args[0].s, "CMD") != 0)
		return DF_FAIL_WORD(d, n, &n->args[0], e,
				    "HEALTHCHECK is followed by CMD or NONE, not '%.40s'",
				    n->args[0].s);
	if (none && n->args_n > 1)
		return df_fail(d, n, 0, 0, e, "HEALTHCHECK NONE takes nothing else");
	if (!none && n->args_n < 2)
		return df_fail(d, n, 0, 0, e, "HEALTHCHECK CMD: a command is missing");
	return 0;
}

static int check_trigger(const struct dockerfile *d, const struct df_node *n, struct err *e)
{
	enum df_op op = n->trigger->op;

	if (op == DF_ONBUILD || op == DF_FROM || op == DF_MAINTAINER)
		return df_fail(d, n, n->rest, strlen(df_op_name(op)), e,
			       "%s cannot stand behind ONBUILD", df_op_name(op));
	return 0;
}

static int check_from(const struct dockerfile *d, const struct df_node *n, struct err *e)
{
	if (n->args_n == 2 || (n->args_n == 3 && strcasecmp(n->args[1].s, "AS") != 0))
		return DF_FAIL_WORD(d, n, &n->args[1], e, "usage: %s", rules[DF_FROM].usage);
	return 0;
}

int df_check(const struct dockerfile *d, const struct df_node *n, struct err *e)
{
	const struct df_rule *rule = &rules[n->op];
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->flags_n; i++)
		r = check_flag(d, n, i, e);
	if (r < 0)
		return r;
	if (n->args_n < rule->min)
		return df_fail(d, n, 0, 0, e, "%s: %s missing; usage: %s", rule->name,
			       n->args_n ? "an argument is" : "arguments are", rule->usage);
	if (n->args_n > rule->max)
		return DF_FAIL_WORD(d, n, &n->args[rule->max], e, "%s: too much; usage: %s",
				    rule->name, rule->usage);
	if (n->op == DF_FROM)
		return check_from(d, n, e);
	if (n->op == DF_HEALTHCHECK)
		return check_health(d, n, e);
	if (n->op == DF_ONBUILD)
		return check_trigger(d, n, e);
	if (n->op == DF_SHELL && !n->exec)
		return DF_FAIL_WORD(d, n, &n->args[0], e,
				    "SHELL wants a JSON array of strings; usage: %s", rule->usage);
	if (n->op == DF_RUN && n->exec && n->args_n == 0)
		return df_fail(d, n, 0, 0, e, "RUN: the command is empty");
	return 0;
}

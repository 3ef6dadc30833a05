/* SPDX-License-Identifier: Apache-2.0 */
/* The checks that need nothing but the text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "dockerfile/lint_impl.h"

static bool has_upper_n(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isupper((unsigned char)s[i]))
			return true;
	return false;
}

static bool has_upper(const char *s)
{
	return has_upper_n(s, strlen(s));
}

static bool has_lower(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (islower((unsigned char)s[i]))
			return true;
	return false;
}

static size_t name_len(const struct df_node *n)
{
	return strlen(df_op_name(n->op));
}

/* The word behind AS, or NULL. */
static const struct df_word *stage_word(const struct df_node *n)
{
	return n->args_n > 2 ? &n->args[2] : NULL;
}

int lint_stage_name_casing(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct df_word *w = stage_word(n);

	if (!w || !has_upper(w->s))
		return 0;
	return lint_report(l, n, w->at, w->len, e,
			   "the name of the stage '%.100s' has capital letters", w->s);
}

int lint_from_as_casing(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct df_word *as = &n->args[1];
	bool small;

	if (!stage_word(n))
		return 0;
	small = !has_upper_n(n->text, name_len(n));
	/* "From" is in no case, which is ConsistentInstructionCasing's to say. */
	if (!small && has_lower(n->text, name_len(n)))
		return 0;
	if (small ? !has_upper(as->s) : !has_lower(as->s, as->len))
		return 0;
	return lint_report(l, n, as->at, as->len, e,
			   "'%.*s' and '%s' are written in different cases", (int)name_len(n),
			   n->text, as->s);
}

int lint_empty_continuation(struct linting *l, const struct df_node *n, struct err *e)
{
	if (!n->empty_line)
		return 0;
	/* At the end of the instruction, as docker has it: an empty line cannot be pointed at. */
	return lint_report(l, n, n->segs[n->segs_n - 1].at, 0, e,
			   "line %d is empty, and the instruction goes on behind it",
			   n->empty_line);
}

int lint_instruction_casing(struct linting *l, const struct df_node *n, struct err *e)
{
	size_t len = name_len(n);
	bool small = l->lower > l->upper, wrong = false;

	for (size_t i = 0; i < len; i++)
		wrong |= small ? isupper((unsigned char)n->text[i]) != 0
			       : islower((unsigned char)n->text[i]) != 0;
	if (!wrong)
		return 0;
	return lint_report(l, n, 0, len, e, "'%.*s': most instructions here are in %s letters",
			   (int)len, n->text, small ? "small" : "capital");
}

int lint_duplicate_stage(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct df_word *w = stage_word(n);

	if (!w || lint_find_stage(l, w->s, false) < 0)
		return 0;
	return lint_report(l, n, w->at, w->len, e,
			   "there is a stage '%.100s' before this one, which hides it", w->s);
}

int lint_reserved_stage(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct df_word *w = stage_word(n);

	if (!w || (strcasecmp(w->s, "scratch") != 0 && strcasecmp(w->s, "context") != 0))
		return 0;
	return lint_report(l, n, w->at, w->len, e, "'%s' is a reserved name", w->s);
}

int lint_json_args(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct lint_stage *s = lint_stage(l);

	if (!s || n->exec || s->shell)
		return 0;
	return lint_report(l, n, 0, 0, e,
			   "%s in the shell form: [\"PROGRAM\", \"ARGUMENT\"] starts the program "
			   "itself",
			   df_op_name(n->op));
}

int lint_maintainer(struct linting *l, const struct df_node *n, struct err *e)
{
	return lint_report(l, n, 0, 0, e,
			   "MAINTAINER is deprecated in favour of LABEL "
			   "org.opencontainers.image.authors=");
}

int lint_multiple(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct lint_stage *s = lint_stage(l);
	const struct df_node *before = s ? s->last[n->op] : NULL;

	if (!before)
		return 0;
	/* The earlier one is the one without effect. */
	return lint_report(l, before, 0, 0, e, "the %s on line %d takes the place of this one",
			   df_op_name(n->op), df_line(n));
}

int lint_legacy_pairs(struct linting *l, const struct df_node *n, struct err *e)
{
	if (!n->legacy)
		return 0;
	return lint_report(l, n, n->args[0].at, n->args[0].len, e,
			   "write %s NAME=VALUE instead of %s NAME VALUE", df_op_name(n->op),
			   df_op_name(n->op));
}

/* True when one of the parts of NAME_OF_IT is in the list. */
static bool has_part(const char *name, const char *const *list)
{
	struct str rest = str_of(name), part;

	while (str_cut(&rest, '_', &part))
		for (const char *const *p = list; *p; p++)
			if (part.n == strlen(*p) && strncasecmp(part.p, *p, part.n) == 0)
				return true;
	return false;
}

int lint_secrets(struct linting *l, const struct df_node *n, struct err *e)
{
	static const char *const secret[] = { "apikey", "auth",	  "credential", "credentials",
					      "key",	"passwd", "password",	"pword",
					      "secret", "token",  NULL };
	static const char *const not_secret[] = { "public", NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < n->args_n; i += 2) {
		const struct df_word *w = &n->args[i];

		if (has_part(w->s, secret) && !has_part(w->s, not_secret))
			r = lint_report(l, n, w->at, w->len, e,
					"%s %.100s looks like a secret, which stays in the image",
					df_op_name(n->op), w->s);
	}
	return r;
}

/* The line before an instruction as a comment's text; false when it is something else. */
static bool comment_above(const struct linting *l, const struct df_node *n, struct str *ret)
{
	static const char *const directives[] = { "syntax", "escape", "check" };
	struct str rest = { l->d->source, l->d->source_n }, line = { "", 0 };

	for (int i = 1; i < df_line(n); i++)
		if (!str_line(&rest, &line))
			return false;
	line = str_trim(line);
	if (df_line(n) < 2 || line.n == 0 || line.p[0] != '#')
		return false;
	*ret = str_trim((struct str){ line.p + 1, line.n - 1 });
	for (size_t i = 0; n == l->d->nodes && i < 3; i++)
		if (ret->n > strlen(directives[i]) &&
		    strncasecmp(ret->p, directives[i], strlen(directives[i])) == 0 &&
		    memchr(ret->p, '=', ret->n))
			return false;
	return ret->n > 0;
}

int lint_description(struct linting *l, const struct df_node *n, struct err *e)
{
	bool from = n->op == DF_FROM;
	struct str comment, first;

	if ((from && !stage_word(n)) || !comment_above(l, n, &comment))
		return 0;
	(void)str_cut(&comment, ' ', &first);
	if (from && str_eqz(first, stage_word(n)->s))
		return 0;
	for (size_t i = 0; !from && i + 1 < n->args_n; i += 2)
		if (str_eqz(first, n->args[i].s))
			return 0;
	return lint_report(l, n, 0, 0, e,
			   "the comment above is no description that begins with '%.100s'",
			   from ? stage_word(n)->s : n->args[0].s);
}

int lint_target_platform(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct df_flag *f = df_find_flag(n, "platform");

	if (!f || (strcmp(f->value, "$TARGETPLATFORM") != 0 &&
		   strcmp(f->value, "${TARGETPLATFORM}") != 0))
		return 0;
	return lint_report(l, n, f->at, f->len, e, "--platform=%s is what holds without it",
			   f->value);
}

/* A stage named after a platform is meant for that one: "FROM --platform=linux/arm64 x AS arm64".
 */
int lint_const_platform(struct linting *l, const struct df_node *n, struct err *e)
{
	const struct df_flag *f = df_find_flag(n, "platform");
	const struct df_word *w = stage_word(n);
	struct str rest, part;

	if (!f || strchr(f->value, '$'))
		return 0;
	rest = str_of(f->value);
	for (int i = 0; w && i < 2 && str_cut(&rest, '/', &part); i++) {
		auto_free char *s = str_dup(part);

		if (!s)
			return FAIL_NOMEM(e);
		if (*s && strcasestr(w->s, s))
			return 0;
	}
	return lint_report(l, n, f->at, f->len, e, "the platform is always '%.100s'", f->value);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/parts.h"
#include "scan/version/version.h"

/*
 * The order of apk-tools v3. A version is a row of components whose kinds may only follow one
 * another in the order below; two versions are compared component by component, and where they
 * part, the kinds decide.
 */
enum kind {
	FIRST_NUMBER,
	NUMBER, /* after a "." */
	LETTER,
	SUFFIX, /* "_rc" */
	SUFFIX_NUMBER,
	HASH,	  /* "~1f2e" */
	REVISION, /* "-r2" */
	END,
	INVALID,
};

/* Sorted as they rank; those before "" lead up to a release, those after follow it. */
static const char *const suffixes[] = { "alpha", "beta", "pre", "rc", "",
					"cvs",	 "svn",	 "git", "hg", "p" };
enum { SUFFIX_RELEASE = 4, SUFFIXES = sizeof(suffixes) / sizeof(*suffixes) };

struct component {
	enum kind kind;
	struct str text; /* without its mark: the digits, the letter, the hash */
	int suffix;	 /* rank in suffixes */
};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static struct component take_digits(struct str *rest, enum kind kind)
{
	struct component c = { .kind = kind, .text = take_run(rest, is_digit) };

	if (!c.text.n)
		c.kind = INVALID;
	return c;
}

static struct component take_suffix(struct str *rest)
{
	struct component c = { .kind = INVALID };

	c.text = take_run(rest, is_lower);
	for (int i = 0; i < SUFFIXES; i++)
		if (c.text.n && str_eqz(c.text, suffixes[i])) {
			c.kind = SUFFIX;
			c.suffix = i;
		}
	return c;
}

/* The component after one of kind `last`. */
static struct component next(struct str *rest, enum kind last)
{
	struct component c = { .kind = INVALID };
	char mark;

	if (!rest->n)
		return (struct component){ .kind = END };
	mark = *rest->p;
	if (is_digit(mark) && last == SUFFIX)
		return take_digits(rest, SUFFIX_NUMBER);
	if (is_lower(mark) && last <= NUMBER) {
		c = (struct component){ .kind = LETTER, .text = { rest->p, 1 } };
		drop(rest, 1);
		return c;
	}
	drop(rest, 1);
	if (mark == '.' && last <= NUMBER)
		return take_digits(rest, NUMBER);
	if (mark == '_' && last <= SUFFIX_NUMBER)
		return take_suffix(rest);
	if (mark == '~' && last < HASH) {
		c.text = take_run(rest, is_hex);
		c.kind = c.text.n ? HASH : INVALID;
	} else if (mark == '-' && last < REVISION && rest->n && *rest->p == 'r') {
		drop(rest, 1);
		return take_digits(rest, REVISION);
	}
	return c;
}

/* Two components of the same kind. */
static int compare_values(const struct component *a, const struct component *b)
{
	switch (a->kind) {
	case NUMBER:
		/* A leading zero makes it a fraction: 1.1 is after 1.08. */
		if (*a->text.p == '0' || *b->text.p == '0')
			return compare_text(a->text, b->text);
		return compare_numbers(a->text, b->text);
	case FIRST_NUMBER:
	case SUFFIX_NUMBER:
	case REVISION: return compare_numbers(a->text, b->text);
	case SUFFIX: return a->suffix - b->suffix;
	case LETTER:
	case HASH:
	case END:
	case INVALID: return compare_text(a->text, b->text);
	}
	return 0;
}

static bool before_release(const struct component *c)
{
	return c->kind == SUFFIX && c->suffix < SUFFIX_RELEASE;
}

/* Where two versions part: their components there, of one kind with r telling which is less, or of
 * two. Both are at their ends where they do not. */
static int find_parting(struct str a, struct str b, struct component *x, struct component *y)
{
	*x = take_digits(&a, FIRST_NUMBER);
	*y = take_digits(&b, FIRST_NUMBER);
	while (x->kind == y->kind && x->kind != END && x->kind != INVALID) {
		int r = compare_values(x, y);

		if (r)
			return r;
		*x = next(&a, x->kind);
		*y = next(&b, y->kind);
	}
	return 0;
}

int version_apk_compare(struct str a, struct str b)
{
	struct component x, y;
	int r = find_parting(a, b, &x, &y);

	if (r)
		return r;
	/* Two that end alike are equal, two broken ones are ordered by their text. */
	if (x.kind == y.kind)
		return x.kind == INVALID ? compare_text(a, b) : 0;
	if (before_release(&x))
		return -1;
	if (before_release(&y))
		return 1;
	/* The later its kind, the lesser the version: "1.0" < "1.0-r0" < "1.0_p1" < "1.0.1". */
	return x.kind > y.kind ? -1 : 1;
}

bool version_apk_decided(struct str a, struct str b)
{
	struct component x, y;

	if (a.n > LIMIT_VERSION || b.n > LIMIT_VERSION)
		return false;
	/* What follows a letter may be why the text is no version: then it is no letter either. */
	return find_parting(a, b, &x, &y) != 0 && x.kind != LETTER;
}

bool version_apk_valid(struct str v)
{
	struct component c;

	if (v.n > LIMIT_VERSION)
		return false;
	c = take_digits(&v, FIRST_NUMBER);
	while (c.kind != END && c.kind != INVALID)
		c = next(&v, c.kind);
	return c.kind == END;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/license.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/str.h"

/* A recursive descent over "A OR (B+ AND C WITH D)". */
struct parser {
	const char *at;
	struct buf *out;
	int depth;
};

static void skip_spaces(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

/* The next word, of the characters that identifiers are made of. */
static struct str peek_word(struct parser *p)
{
	size_t n = 0;

	skip_spaces(p);
	while (isalnum((unsigned char)p->at[n]) || (p->at[n] && strchr("-.:+", p->at[n])))
		n++;
	return (struct str){ p->at, n };
}

static bool take_word(struct parser *p, const char *word)
{
	struct str s = peek_word(p);

	if (!str_eqz(s, word))
		return false;
	p->at += s.n;
	return true;
}

static int compare(const void *key, const void *entry)
{
	const struct str *s = key;
	const char *id = *(const char *const *)entry;
	int r = strncasecmp(s->p, id, s->n);

	return r ? r : -(id[s->n] != '\0');
}

static const char *find(struct str s, const char *const *table, size_t n)
{
	const char *const *id = bsearch(&s, table, n, sizeof(*table), compare);

	return id ? *id : NULL;
}

/* "LicenseRef-x" and "DocumentRef-x:LicenseRef-y" speak of what only their own document has. */
static bool put_license(struct parser *p, struct str s)
{
	const char *id = find(s, spdx_licenses, spdx_licenses_n);
	bool plus = s.n > 1 && s.p[s.n - 1] == '+';

	if (!id && plus)
		id = find((struct str){ s.p, s.n - 1 }, spdx_licenses, spdx_licenses_n);
	else
		plus = false; /* "GPL-2.0+" is an identifier of its own */
	if (!id)
		return false;
	buf_printf(p->out, "%s%s", id, plus ? "+" : "");
	return true;
}

static bool parse_or(struct parser *p);

static bool parse_simple(struct parser *p)
{
	struct str s = peek_word(p);
	const char *exception;

	if (!s.n || !put_license(p, s))
		return false;
	p->at += s.n;
	if (!take_word(p, "WITH"))
		return true;
	s = peek_word(p);
	exception = s.n ? find(s, spdx_exceptions, spdx_exceptions_n) : NULL;
	if (!exception)
		return false;
	p->at += s.n;
	buf_printf(p->out, " WITH %s", exception);
	return true;
}

static bool parse_factor(struct parser *p)
{
	bool ok;

	skip_spaces(p);
	if (*p->at != '(')
		return parse_simple(p);
	if (++p->depth > LIMIT_LICENSE_DEPTH)
		return false;
	p->at++;
	buf_putc(p->out, '(');
	ok = parse_or(p);
	skip_spaces(p);
	if (!ok || *p->at != ')')
		return false;
	p->at++;
	p->depth--;
	buf_putc(p->out, ')');
	return true;
}

static bool parse_chain(struct parser *p, const char *word, bool (*part)(struct parser *p))
{
	if (!part(p))
		return false;
	while (take_word(p, word)) {
		buf_printf(p->out, " %s ", word);
		if (!part(p))
			return false;
	}
	return true;
}

static bool parse_and(struct parser *p)
{
	return parse_chain(p, "AND", parse_factor);
}

static bool parse_or(struct parser *p)
{
	return parse_chain(p, "OR", parse_and);
}

bool license_expression(const char *s, struct buf *ret)
{
	auto_buf out = BUF_INIT(64 * 1024);
	struct parser p = { .at = s, .out = &out };

	if (!parse_or(&p))
		return false;
	skip_spaces(&p);
	if (*p.at || out.failed)
		return false;
	buf_puts(ret, buf_str(&out));
	return true;
}

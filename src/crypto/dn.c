/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dn.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* Attribute types by the names that RFC 4514 and Notary Project's trust policies use. */
static const char *const known_types[] = { "C",	     "ST", "L",	  "O",		"OU",	       "CN",
					   "STREET", "DC", "UID", "POSTALCODE", "SERIALNUMBER" };

static const char *canonical_type(const char *s)
{
	if (strcasecmp(s, "S") == 0)
		return "ST";
	for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++)
		if (strcasecmp(s, known_types[i]) == 0)
			return known_types[i];
	return s[0] >= '0' && s[0] <= '9' && strspn(s, "0123456789.") == strlen(s) ? s : NULL;
}

int dn_add(struct dn *d, const char *type, struct str value, struct err *e)
{
	auto_free char *t = strdup(type);
	auto_free char *v = str_dup(value);

	if (d->n >= LIMIT_DN_PARTS)
		return FAIL(e, E_FORMAT, "distinguished name: more than %d parts", LIMIT_DN_PARTS);
	if (!str_utf8(value))
		return FAIL(e, E_FORMAT, "distinguished name: %s is not UTF-8", type);
	if (!t || !v)
		return FAIL_NOMEM(e);
	d->parts[d->n++] = (struct dn_part){ TAKE(t), TAKE(v) };
	return 0;
}

const char *dn_get(const struct dn *d, const char *type)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->parts[i].type, type) == 0)
			return d->parts[i].value;
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* After a backslash: a special character as it is, or two hex digits. */
static int unescape(struct str *s, struct buf *v, struct err *e)
{
	if (s->n && strchr(" \"#+,;<=>\\", s->p[0]) && s->p[0]) {
		buf_putc(v, s->p[0]);
		s->p++, s->n--;
		return 0;
	}
	if (s->n < 2 || hex_digit(s->p[0]) < 0 || hex_digit(s->p[1]) < 0)
		return FAIL(e, E_FORMAT, "distinguished name: bad escape after '\\'");
	buf_putc(v, (char)(hex_digit(s->p[0]) << 4 | hex_digit(s->p[1])));
	s->p += 2, s->n -= 2;
	return 0;
}

/* Up to the next "," that is not escaped, which is taken off too. */
static int parse_value(struct str *s, struct buf *v, struct err *e)
{
	size_t solid = 0; /* length without trailing spaces that are not escaped */

	while (s->n && s->p[0] == ' ')
		s->p++, s->n--;
	if (s->n && s->p[0] == '#')
		return FAIL(e, E_FORMAT, "distinguished name: the '#' form is not accepted");
	while (s->n && s->p[0] != ',') {
		char c = *s->p;

		s->p++, s->n--;
		if (c == '\\') {
			int r = unescape(s, v, e);

			if (r < 0)
				return r;
		} else if (c == '\0' || strchr("\"+;<>", c)) {
			return FAIL(e, E_FORMAT,
				    "distinguished name: '%c' must be escaped in a value",
				    c ? c : '0');
		} else {
			buf_putc(v, c);
		}
		solid = c == ' ' ? solid : v->n;
	}
	if (v->n > solid && !v->failed) {
		v->n = solid;
		v->p[solid] = '\0';
	}
	return buf_check(v, "distinguished name", e);
}

static int parse_part(struct str *s, struct dn *d, struct err *e)
{
	char name[64];
	const char *type;
	auto_buf v = BUF_INIT(LIMIT_DN_TEXT);
	const char *eq = memchr(s->p, '=', s->n);
	struct str t = str_trim((struct str){ s->p, eq ? (size_t)(eq - s->p) : 0 });
	int r;

	if (t.n == 0 || t.n >= sizeof(name))
		return FAIL(e, E_FORMAT, "distinguished name: want TYPE=VALUE,...");
	memcpy(name, t.p, t.n);
	name[t.n] = '\0';
	text_sanitize(name);
	type = canonical_type(name);
	if (!type)
		return FAIL(e, E_FORMAT, "distinguished name: unknown type '%s'", name);
	if (dn_get(d, type))
		return FAIL(e, E_FORMAT, "distinguished name: '%s' stands twice", type);
	s->n -= (size_t)(eq + 1 - s->p);
	s->p = eq + 1;
	r = parse_value(s, &v, e);
	if (r < 0)
		return r;
	if (v.n == 0)
		return FAIL(e, E_FORMAT, "distinguished name: '%s' is empty", type);
	return dn_add(d, type, (struct str){ v.p, v.n }, e);
}

int dn_parse(struct str s, struct dn *ret, struct err *e)
{
	auto_dn d = { .n = 0 };
	bool more = true;

	if (s.n > LIMIT_DN_TEXT)
		return FAIL(e, E_FORMAT, "distinguished name: longer than %d bytes", LIMIT_DN_TEXT);
	while (more) {
		int r = parse_part(&s, &d, e);

		if (r < 0)
			return r;
		more = s.n > 0; /* at a comma */
		if (more)
			s.p++, s.n--;
	}
	*ret = d;
	d.n = 0;
	return 0;
}

bool dn_subset(const struct dn *want, const struct dn *have)
{
	for (size_t i = 0; i < want->n; i++) {
		size_t seen = 0, equal = 0;

		for (size_t j = 0; j < have->n; j++) {
			if (strcmp(want->parts[i].type, have->parts[j].type) != 0)
				continue;
			seen++;
			equal += strcmp(want->parts[i].value, have->parts[j].value) == 0;
		}
		if (seen != 1 || equal != 1)
			return false;
	}
	return true;
}

static void put_value(const char *v, struct buf *ret)
{
	for (const char *p = v; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f)
			buf_printf(ret, "\\%02X", c);
		else if (strchr("\"+,;<=>\\", c) || (c == '#' && p == v) ||
			 (c == ' ' && (p == v || !p[1])))
			buf_printf(ret, "\\%c", c);
		else
			buf_putc(ret, *p);
	}
}

void dn_text(const struct dn *d, struct buf *ret)
{
	for (size_t i = 0; i < d->n; i++) {
		buf_printf(ret, "%s%s=", i ? "," : "", d->parts[i].type);
		put_value(d->parts[i].value, ret);
	}
}

void dn_free(struct dn *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->parts[i].type);
		free(d->parts[i].value);
	}
	d->n = 0;
}

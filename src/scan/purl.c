/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/purl.h"

#include <ctype.h>
#include <stdlib.h>

void purl_free(struct purl *p)
{
	free(p->text);
	*p = (struct purl){ 0 };
}

const char *purl_qualifier(const struct purl *p, const char *key)
{
	for (size_t i = 0; i < p->qualifiers_n; i++)
		if (strcmp(p->qualifiers[i].key, key) == 0)
			return p->qualifiers[i].value;
	return "";
}

void purl_qualify(struct purl *p, const char *key, const char *value)
{
	if (value && *value && p->qualifiers_n < LIMIT_PURL_QUALIFIERS)
		p->qualifiers[p->qualifiers_n++] = (struct purl_qualifier){ key, value };
}

/* Section 5.4: letters, digits, ".-_~" and the colon stand as they are. */
static bool plain(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || strchr(".-_~:", c));
}

static void put_encoded(struct buf *ret, const char *s, char keep)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (plain(c) || (keep && *s == keep))
			buf_putc(ret, *s);
		else
			buf_printf(ret, "%%%02X", c);
	}
}

static int by_key(const void *a, const void *b)
{
	const struct purl_qualifier *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void purl_put(const struct purl *p, struct buf *ret)
{
	struct purl sorted = *p;

	buf_printf(ret, "pkg:%s/", p->type);
	if (p->namespace && *p->namespace) {
		put_encoded(ret, p->namespace, '/');
		buf_putc(ret, '/');
	}
	put_encoded(ret, p->name, '\0');
	if (p->version && *p->version) {
		buf_putc(ret, '@');
		put_encoded(ret, p->version, '\0');
	}
	qsort(sorted.qualifiers, sorted.qualifiers_n, sizeof(*sorted.qualifiers), by_key);
	for (size_t i = 0; i < sorted.qualifiers_n; i++) {
		buf_printf(ret, "%c%s=", i ? '&' : '?', sorted.qualifiers[i].key);
		put_encoded(ret, sorted.qualifiers[i].value, '\0');
	}
	if (p->subpath && *p->subpath) {
		buf_putc(ret, '#');
		put_encoded(ret, p->subpath, '/');
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place. A stray "%" stays what it is, as decoders of URLs commonly have it. */
static int decode(char *s, struct err *e)
{
	char *to = s, *start = s;

	for (; *s; s++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1;
		int low = high >= 0 ? hex_digit(s[2]) : -1;

		if (low >= 0) {
			*to++ = (char)(high * 16 + low);
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	if (strlen(start) != (size_t)(to - start) || !str_utf8(str_of(start)))
		return FAIL(e, E_FORMAT, "purl: not UTF-8");
	return 0;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* Cuts s at its first (or last) c and gives what is behind it; NULL when there is none. */
static char *cut(char *s, char c, bool last)
{
	char *at = last ? strrchr(s, c) : strchr(s, c);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static int parse_qualifiers(struct purl *p, char *s, struct err *e)
{
	char *next;

	for (; s; s = next) {
		char *value;
		int r;

		next = cut(s, '&', false);
		value = cut(s, '=', false);
		if (!*s || !value || !*value)
			continue; /* no value is no qualifier */
		if (p->qualifiers_n == LIMIT_PURL_QUALIFIERS)
			return FAIL(e, E_FORMAT, "purl: more than %d qualifiers",
				    LIMIT_PURL_QUALIFIERS);
		lower(s);
		r = decode(value, e);
		if (r < 0)
			return r;
		p->qualifiers[p->qualifiers_n++] = (struct purl_qualifier){ s, value };
	}
	return 0;
}

/* "type/namespace/name@version", the slashes around them passed over. */
static int parse_path(struct purl *p, char *s, struct err *e)
{
	char *name, *version, *type = s + strspn(s, "/");
	size_t n;
	int r;

	s = cut(type, '/', false);
	if (!s || !isalpha((unsigned char)*type))
		return FAIL(e, E_FORMAT, "purl: no type and name");
	lower(type);
	s += strspn(s, "/");
	/* The version's "@" is the last one; a name may begin with a scope that was not encoded. */
	version = strrchr(s, '@') > strrchr(s, '/') && strrchr(s, '@') != s ? cut(s, '@', true)
									    : NULL;
	for (n = strlen(s); n && s[n - 1] == '/'; n--)
		s[n - 1] = '\0';
	name = cut(s, '/', true);
	p->type = type;
	p->namespace = name ? s : "";
	p->name = name ? name : s;
	p->version = version ? version : "";
	r = name ? decode(s, e) : 0;
	r = r < 0 ? r : decode(name ? name : s, e);
	r = r < 0 || !version ? r : decode(version, e);
	return r == 0 && !*p->name ? FAIL(e, E_FORMAT, "purl: no name") : r;
}

int purl_parse(const char *s, struct purl *ret, struct err *e)
{
	auto_purl p = { 0 };
	char *qualifiers, *subpath;
	int r;

	if (strlen(s) > LIMIT_PURL)
		return FAIL(e, E_FORMAT, "purl: longer than %d bytes", LIMIT_PURL);
	if (strncasecmp(s, "pkg:", 4) != 0)
		return FAIL(e, E_FORMAT, "purl: does not begin with pkg:");
	p.text = strdup(s + 4);
	if (!p.text)
		return FAIL_NOMEM(e);
	subpath = cut(p.text, '#', false);
	qualifiers = cut(p.text, '?', false);
	r = parse_path(&p, p.text, e);
	r = r < 0 ? r : parse_qualifiers(&p, qualifiers, e);
	r = r < 0 || !subpath ? r : decode(subpath, e);
	p.subpath = subpath ? subpath + strspn(subpath, "/") : "";
	if (r < 0)
		return r;
	*ret = p;
	p = (struct purl){ 0 };
	return 0;
}

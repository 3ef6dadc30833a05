/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/challenge.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A header value being read. */
struct scan {
	const char *p;
	struct err *e;
};

static int bad(const struct scan *s, const char *what)
{
	return FAIL(s->e, E_FORMAT, "WWW-Authenticate: %s", what);
}

static void skip_spaces(struct scan *s)
{
	s->p += strspn(s->p, " \t");
}

/* Length of the token at p. */
static size_t token_length(const char *p)
{
	size_t n = 0;

	while (http_is_token(p[n]))
		n++;
	return n;
}

/* Whether "name =" stands at p: a parameter, not the name of a further scheme. */
static bool param_follows(const char *p)
{
	size_t n = token_length(p);

	p += n;
	p += strspn(p, " \t");
	return n && *p == '=';
}

/* Credentials of other schemes, "Negotiate YII=": alphabet of base64 and "=" only at the end. */
static bool take_token68(struct scan *s)
{
	const char *p = s->p;

	while (http_is_token(*p) || *p == '/')
		p++;
	if (p == s->p)
		return false;
	p += strspn(p, "=");
	if (p[strspn(p, " \t")] != ',' && p[strspn(p, " \t")] != '\0')
		return false;
	s->p = p;
	return true;
}

/* A quoted string's content, or a token. to holds LIMIT_CHALLENGE_VALUE + 1 bytes. */
static int take_value(struct scan *s, char *to)
{
	size_t n = 0;

	if (*s->p != '"') {
		n = token_length(s->p);
		if (n == 0)
			return bad(s, "a parameter without a value");
		if (n > LIMIT_CHALLENGE_VALUE)
			return bad(s, "a parameter is too long");
		memcpy(to, s->p, n);
		to[n] = '\0';
		s->p += n;
		return 0;
	}
	for (s->p++; *s->p != '"'; s->p++) {
		if (*s->p == '\\')
			s->p++;
		if (!*s->p)
			return bad(s, "a quoted string has no end");
		if (n == LIMIT_CHALLENGE_VALUE)
			return bad(s, "a parameter is too long");
		to[n++] = *s->p;
	}
	s->p++;
	to[n] = '\0';
	return 0;
}

static int take_param(struct scan *s, struct challenge *c, unsigned *seen)
{
	const struct {
		const char *name;
		char *to;
	} known[] = { { "realm", c->realm },
		      { "service", c->service },
		      { "scope", c->scope },
		      { "error", c->error } };
	char ignored[LIMIT_CHALLENGE_VALUE + 1], *to = ignored;
	size_t n = token_length(s->p);

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strlen(known[i].name) != n || strncasecmp(s->p, known[i].name, n) != 0)
			continue;
		if (*seen & 1U << i)
			return bad(s, "a parameter stands twice");
		*seen |= 1U << i;
		to = known[i].to;
	}
	s->p += n;
	skip_spaces(s);
	s->p++; /* "=", param_follows() saw it */
	skip_spaces(s);
	return take_value(s, to);
}

/* All parameters of the challenge whose scheme was read. */
static int take_params(struct scan *s, struct challenge *c)
{
	unsigned seen = 0;

	for (int i = 0; param_follows(s->p); i++) {
		const char *comma;
		int r = i < LIMIT_CHALLENGE_PARAMS ? take_param(s, c, &seen)
						   : bad(s, "too many parameters");

		if (r < 0)
			return r;
		skip_spaces(s);
		if (*s->p != ',')
			break;
		comma = s->p;
		s->p += strspn(s->p, " \t,");
		if (!param_follows(s->p))
			s->p = comma;
	}
	return 0;
}

static enum auth_scheme scheme_of(const char *name)
{
	if (strcasecmp(name, "Bearer") == 0)
		return AUTH_BEARER;
	return strcasecmp(name, "Basic") == 0 ? AUTH_BASIC : AUTH_OTHER;
}

static int take_challenge(struct scan *s, struct challenge *c)
{
	size_t n = token_length(s->p);

	*c = (struct challenge){ 0 };
	if (n == 0 || n >= sizeof(c->name))
		return bad(s, n ? "a scheme's name is too long" : "a scheme was expected");
	memcpy(c->name, s->p, n);
	c->scheme = scheme_of(c->name);
	s->p += n;
	if (*s->p && *s->p != ' ' && *s->p != '\t' && *s->p != ',')
		return bad(s, "a scheme was expected");
	skip_spaces(s);
	if (param_follows(s->p) || *s->p == '\0' || *s->p == ',') {
		/* "Negotiate YII=" looks like a parameter until its value is missing. */
		struct scan before = *s;

		if (c->scheme == AUTH_OTHER && *s->p && *s->p != ',' && take_token68(s))
			return 0;
		*s = before;
		return take_params(s, c);
	}
	if (c->scheme == AUTH_OTHER && take_token68(s))
		return 0;
	return bad(s, "a parameter was expected");
}

bool scope_is_valid(const char *scope)
{
	for (const char *p = scope; *p; p++) {
		bool space = *p == ' ';

		if (space && (p == scope || p[1] == ' ' || p[1] == '\0'))
			return false;
		if (!space && (*p < 0x21 || *p > 0x7e || *p == '"' || *p == '\\'))
			return false;
	}
	return true;
}

int challenge_parse(const char *value, struct challenge *ret, struct err *e)
{
	struct scan s = { value, e };
	struct challenge best = *ret;

	s.p += strspn(s.p, " \t,");
	for (int i = 0; *s.p; i++) {
		struct challenge c;
		int r = i < LIMIT_CHALLENGES ? take_challenge(&s, &c)
					     : bad(&s, "too many challenges");

		if (r < 0)
			return r;
		if (!scope_is_valid(c.scope))
			return bad(&s, "the scope is malformed");
		if (c.scheme > best.scheme)
			best = c;
		skip_spaces(&s);
		if (*s.p && *s.p != ',')
			return bad(&s, "a comma was expected");
		s.p += strspn(s.p, " \t,");
	}
	if (best.scheme == AUTH_NONE)
		return bad(&s, "it is empty");
	*ret = best;
	return 0;
}

int challenge_of(const struct http_headers *h, struct challenge *ret, struct err *e)
{
	struct challenge c = { 0 };

	for (size_t i = 0; i < h->n; i++) {
		int r;

		if (strcasecmp(h->v[i].name, "www-authenticate") != 0)
			continue;
		r = challenge_parse(h->v[i].value, &c, e);
		if (r < 0)
			return r;
	}
	*ret = c;
	return 0;
}

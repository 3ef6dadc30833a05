/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/bytes.h"

enum { DNS_HEADER = 12, TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1 };

struct message {
	const unsigned char *p;
	size_t n, at;
};

void name_clean(struct str s, char ret[static LIMIT_HOST_NAME + 1])
{
	ret[0] = '\0';
	if (s.n == 0 || s.n > LIMIT_HOST_NAME)
		return;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x80 || (!isalnum(c) && c != '-' && c != '_' && c != '.')) {
			ret[0] = '\0';
			return;
		}
		ret[i] = (char)tolower(c);
	}
	ret[s.n] = '\0';
}

/* A name at m->at, which comes to stand behind it (RFC 1035 section 4.1.4). ret may be NULL. */
static bool read_name(struct message *m, char *ret)
{
	char text[LIMIT_HOST_NAME + 2];
	size_t at = m->at, n = 0;
	bool jumped = false;

	for (int jumps = 0; jumps < LIMIT_DNS_JUMPS;) {
		unsigned len;

		if (at >= m->n)
			return false;
		len = m->p[at];
		if (len >= 0xc0) {
			if (at + 2 > m->n)
				return false;
			m->at = jumped ? m->at : at + 2;
			jumped = true;
			at = be16(m->p + at) & 0x3fff;
			jumps++;
			continue;
		}
		at++;
		if (len == 0) {
			m->at = jumped ? m->at : at;
			if (ret)
				name_clean((struct str){ text, n ? n - 1 : 0 }, ret);
			return true;
		}
		if (len > 63 || at + len > m->n || n + len + 1 > sizeof(text))
			return false;
		memcpy(text + n, m->p + at, len);
		n += len;
		text[n++] = '.';
		at += len;
	}
	return false;
}

static int add(struct names *names, const struct address *a, const char *name, struct err *e)
{
	struct name *v;

	if (!names->v)
		names->v = calloc(LIMIT_HOST_NAMES, sizeof(*names->v));
	if (!names->v)
		return FAIL_NOMEM(e);
	/* The same answer again, which is the most frequent one. */
	for (size_t i = 0; i < names->n; i++)
		if (address_eq(&names->v[i].address, a) && strcmp(names->v[i].name, name) == 0)
			return 0;
	v = &names->v[names->next];
	v->address = *a;
	memcpy(v->name, name, strlen(name) + 1);
	names->next = (names->next + 1) % LIMIT_HOST_NAMES;
	names->n += names->n < LIMIT_HOST_NAMES;
	return 0;
}

/* One resource record; false at the end of what is well. */
static bool answer(struct names *names, struct message *m, const char *asked, int *r, struct err *e)
{
	struct address a = { 0 };
	unsigned type, class, n;

	if (!read_name(m, NULL) || m->at + 10 > m->n)
		return false;
	type = be16(m->p + m->at);
	class = be16(m->p + m->at + 2);
	n = be16(m->p + m->at + 8);
	m->at += 10;
	if (m->at + n > m->n)
		return false;
	a.v6 = type == TYPE_AAAA;
	if (class == CLASS_IN && ((type == TYPE_A && n == 4) || (type == TYPE_AAAA && n == 16))) {
		memcpy(a.ip, m->p + m->at, n);
		*r = add(names, &a, asked, e);
	}
	m->at += n;
	return *r == 0;
}

int names_learn(struct names *names, const unsigned char *message, size_t n, struct err *e)
{
	struct message m = { message, n, DNS_HEADER };
	char asked[LIMIT_HOST_NAME + 1] = "";
	unsigned answers;
	int r = 0;

	/* An answer, without an error, to one question. */
	if (n < DNS_HEADER || !(message[2] & 0x80) || (message[3] & 15) || be16(message + 4) != 1)
		return 0;
	answers = be16(message + 6);
	if (!read_name(&m, asked) || !asked[0] || m.at + 4 > n)
		return 0;
	m.at += 4;
	for (unsigned i = 0; i < answers && i < LIMIT_DNS_ANSWERS; i++)
		if (!answer(names, &m, asked, &r, e))
			break;
	return r;
}

const char *names_find(const struct names *names, const struct address *a)
{
	for (size_t i = 1; i <= names->n; i++) {
		const struct name *v =
			&names->v[(names->next + LIMIT_HOST_NAMES - i) % LIMIT_HOST_NAMES];

		if (address_eq(&v->address, a))
			return v->name;
	}
	return NULL;
}

void names_free(struct names *names)
{
	free(names->v);
	*names = (struct names){ 0 };
}

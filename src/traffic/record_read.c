/* SPDX-License-Identifier: Apache-2.0 */
/* A record from somebody who is not trusted, and what of it must not be told. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "traffic/record.h"

#define MASK "***"

static const char what[] = "record of what was fetched";

static const struct member {
	const char *name;
	json_type type;
	bool must;
} members[] = {
	{ "uri", JSON_STRING, true },	    { "address", JSON_STRING, true },
	{ "resolved", JSON_STRING, false }, { "method", JSON_STRING, false },
	{ "encoding", JSON_STRING, false }, { "status", JSON_INTEGER, false },
	{ "incomplete", JSON_TRUE, false }, { "cut", JSON_TRUE, false },
	{ "digest", JSON_STRING, false },   { "size", JSON_INTEGER, false },
	{ "sent", JSON_INTEGER, false },    { "received", JSON_INTEGER, false },
};

static bool printable(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

static int check_member(const char *key, const json_t *value, struct err *e)
{
	struct digest unused;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (strcmp(members[i].name, key) != 0)
			continue;
		if (json_typeof(value) != members[i].type ||
		    (json_is_integer(value) && json_integer_value(value) < 0) ||
		    (json_is_string(value) && !printable(json_string_value(value))))
			return FAIL(e, E_FORMAT, "%s: '%s' is not what it should be", what, key);
		return strcmp(key, "digest") == 0
			       ? digest_parse(str_of(json_string_value(value)), &unused, e)
			       : 0;
	}
	return FAIL(e, E_FORMAT, "%s: unknown member", what);
}

static int check_entry(json_t *entry, struct err *e)
{
	const char *key;
	json_t *value;

	if (!json_is_object(entry))
		return FAIL(e, E_FORMAT, "%s: an entry is no object", what);
	json_object_foreach(entry, key, value)
	{
		int r = check_member(key, value, e);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (members[i].must && !json_object_get(entry, members[i].name))
			return FAIL(e, E_FORMAT, "%s: an entry without '%s'", what,
				    members[i].name);
	return 0;
}

int record_parse(const char *p, size_t n, json_t **ret, struct err *e)
{
	auto_json *j = NULL;
	const json_t *more;
	json_t *list, *entry;
	size_t i;
	int r = n > LIMIT_RECORD_JSON
			? FAIL(e, E_FORMAT, "%s: more than %d bytes", what, LIMIT_RECORD_JSON)
			: json_parse(p, n, what, &j, e);

	if (r == 0)
		r = json_get_array(j, "fetched", &list, what, e);
	if (r < 0)
		return r;
	more = json_object_get(j, "more");
	if (json_object_size(j) != (more ? 2 : 1) ||
	    (more && (!json_is_integer(more) || json_integer_value(more) < 0)))
		return FAIL(e, E_FORMAT, "%s: unknown members", what);
	if (json_array_size(list) > LIMIT_RECORD_ITEMS)
		return FAIL(e, E_FORMAT, "%s: more than %d entries", what, LIMIT_RECORD_ITEMS);
	json_array_foreach(list, i, entry)
	{
		r = check_entry(entry, e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(j);
	return 0;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The text with every "%41" as the byte it stands for; at[i] is where byte i begins in s. */
struct plain {
	char *p;
	size_t *at;
	size_t n;
};

static int decode(const char *s, struct plain *ret, struct err *e)
{
	size_t len = strlen(s), n = 0;

	ret->p = malloc(len + 1);
	ret->at = calloc(len + 1, sizeof(*ret->at));
	if (!ret->p || !ret->at)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < len; n++) {
		bool coded = s[i] == '%' && digit(s[i + 1]) >= 0 && digit(s[i + 2]) >= 0;

		ret->at[n] = i;
		ret->p[n] = coded ? (char)(digit(s[i + 1]) * 16 + digit(s[i + 2])) : s[i];
		i += coded ? 3 : 1;
	}
	ret->at[n] = len;
	ret->n = n;
	return 0;
}

static bool same(char there, char secret)
{
	return tolower((unsigned char)there) == tolower((unsigned char)secret) ||
	       (there == '+' && secret == ' ');
}

/* How much of the plain text at i is a mask's: the longest, or 0. Of a text that was cut, also the
 * beginning of a mask at its end. */
static size_t masked(const struct plain *t, size_t i, const struct str *masks, size_t masks_n,
		     bool cut)
{
	const size_t left = t->n - i;
	size_t best = 0;

	for (size_t k = 0; k < masks_n; k++) {
		const struct str *m = &masks[k];
		size_t n = m->n < left ? m->n : left, at = 0;

		if (n <= best || (n < m->n && !cut))
			continue;
		while (at < n && same(t->p[i + at], m->p[at]))
			at++;
		best = at == n ? n : best;
	}
	return best;
}

static int mask_text(const char *s, bool cut, const struct str *masks, size_t masks_n,
		     struct buf *ret, struct err *e)
{
	struct plain t = { .p = NULL };
	int r = decode(s, &t, e);

	for (size_t i = 0; r == 0 && i < t.n;) {
		size_t n = masked(&t, i, masks, masks_n, cut);

		if (n)
			buf_puts(ret, MASK);
		else
			buf_put(ret, s + t.at[i], t.at[i + 1] - t.at[i]);
		i += n ? n : 1;
	}
	free(t.p);
	free(t.at);
	return r < 0 ? r : buf_check(ret, what, e);
}

static int mask_entry(json_t *entry, const struct str *masks, size_t masks_n, struct err *e)
{
	static const char *const texts[] = { "uri", "resolved", "method", "encoding" };
	const bool cut = json_object_get(entry, "cut") != NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(*texts); i++) {
		const char *s = json_string_or_null(entry, texts[i]);
		auto_buf masked = BUF_INIT(4 * LIMIT_RECORD_TEXT);

		if (!s)
			continue;
		r = mask_text(s, cut, masks, masks_n, &masked, e);
		if (r == 0 && masked.n > LIMIT_RECORD_URI) {
			masked.p[LIMIT_RECORD_URI] = '\0';
			r = json_put(entry, "cut", json_true(), e);
		}
		if (r == 0)
			r = json_put_string(entry, texts[i], buf_str(&masked), e);
	}
	return r;
}

int record_mask(json_t *record, const struct str *masks, size_t masks_n, struct err *e)
{
	json_t *list = json_object_get(record, "fetched"), *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		int r = mask_entry(entry, masks, masks_n, e);

		if (r < 0)
			return r;
	}
	return 0;
}

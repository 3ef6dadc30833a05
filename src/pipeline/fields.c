/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/fields.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

/* One field off *p, without its quotes; *p then stands at the comma or the end. */
static int take_text(const char **p, struct buf *ret, struct err *e)
{
	const char *s = *p;

	if (*s != '"') {
		size_t n = strcspn(s, ",\"");

		if (s[n] == '"')
			return FAIL(e, E_USAGE, "a quote in the middle of '%.100s'", s);
		buf_put(ret, s, n);
		*p = s + n;
		return buf_check(ret, "field", e);
	}
	for (s++; *s && !(*s == '"' && s[1] != '"'); s++) {
		s += *s == '"';
		buf_putc(ret, *s);
	}
	if (!*s)
		return FAIL(e, E_USAGE, "a quote is not closed");
	if (s[1] && s[1] != ',')
		return FAIL(e, E_USAGE, "'%.100s' behind a closing quote", s + 1);
	*p = s + 1;
	return buf_check(ret, "field", e);
}

static int add_field(struct fields *f, char *text, struct err *e)
{
	char *eq = strchr(text, '=');
	int r;

	if (eq)
		*eq = '\0';
	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!*text)
		return FAIL(e, E_USAGE, "a field without a name");
	if (strv_has(&f->names, text))
		return FAIL(e, E_USAGE, "'%.100s' is there twice", text);
	if (f->names.n == LIMIT_FIELDS)
		return FAIL(e, E_USAGE, "more than %d fields", LIMIT_FIELDS);
	r = strv_add(&f->names, text, e);
	return r < 0 ? r : strv_add(&f->values, eq ? eq + 1 : "", e);
}

int fields_parse(const char *text, struct fields *ret, struct err *e)
{
	auto_fields f = { 0 };
	const char *p = text;

	for (;;) {
		auto_buf field = BUF_INIT(LIMIT_FIELDS_TEXT);
		auto_free char *own = NULL;
		int r = take_text(&p, &field, e);

		if (r < 0)
			return r;
		own = strdup(buf_str(&field));
		r = own ? add_field(&f, own, e) : FAIL_NOMEM(e);
		if (r < 0)
			return r;
		if (!*p)
			break;
		p++;
	}
	*ret = f;
	f = (struct fields){ 0 };
	return 0;
}

void fields_free(struct fields *f)
{
	strv_free(&f->names);
	strv_free(&f->values);
}

const char *fields_get(const struct fields *f, const char *name)
{
	for (size_t i = 0; i < f->names.n; i++)
		if (strcmp(f->names.v[i], name) == 0)
			return f->values.v[i];
	return NULL;
}

int fields_bool(const struct fields *f, const char *name, bool *ret, struct err *e)
{
	const char *s = fields_get(f, name);

	if (!s)
		return 0;
	if (!*s || strcmp(s, "true") == 0 || strcmp(s, "1") == 0)
		*ret = true;
	else if (strcmp(s, "false") == 0 || strcmp(s, "0") == 0)
		*ret = false;
	else
		return FAIL(e, E_USAGE, "%s is true or false, not '%.40s'", name, s);
	return 0;
}

int fields_known(const struct fields *f, const char *const *known, struct err *e)
{
	for (size_t i = 0; i < f->names.n; i++) {
		const char *const *k = known;

		while (*k && strcmp(*k, f->names.v[i]) != 0)
			k++;
		if (!*k)
			return FAIL(e, E_USAGE, "'%.100s' is not supported here", f->names.v[i]);
	}
	return 0;
}

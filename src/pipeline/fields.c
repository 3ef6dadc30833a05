/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/fields.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "dockerfile/csv.h"

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
	r = strv_add(&f->names, text, e);
	return r < 0 ? r : strv_add(&f->values, eq ? eq + 1 : "", e);
}

int fields_parse(const char *text, struct fields *ret, struct err *e)
{
	auto_fields f = { 0 };
	auto_strv parts = { 0 };
	struct err why = ERR_INIT;
	int r = csv_split(text, &parts, &why);

	if (r < 0)
		return FAIL(e, E_USAGE, "%s", why.msg);
	if (parts.n == 0)
		return FAIL(e, E_USAGE, "a field without a name");
	for (size_t i = 0; r == 0 && i < parts.n; i++)
		r = add_field(&f, parts.v[i], e);
	if (r < 0)
		return r;
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

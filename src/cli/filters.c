/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/filters.h"

#include <regex.h>
#include <string.h>

static int fail_unknown(const char *text, const char *const *allowed, struct err *e)
{
	auto_buf known = BUF_INIT(1024);

	for (size_t i = 0; allowed[i]; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", allowed[i]);
	return FAIL(e, E_USAGE, "--filter '%.100s': want NAME=VALUE, with NAME one of %s", text,
		    buf_str(&known));
}

int filters_parse(const struct strv *list, const char *const *allowed, struct filters *ret,
		  struct err *e)
{
	struct filters f = { .n = 0 };

	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->v[i], *eq = strchr(text, '=');
		const char *name = NULL;

		for (size_t k = 0; eq && allowed[k]; k++)
			if (str_eqz((struct str){ text, (size_t)(eq - text) }, allowed[k]))
				name = allowed[k];
		if (!name)
			return fail_unknown(text, allowed, e);
		if (f.n == LIMIT_FILTERS)
			return FAIL(e, E_USAGE, "more than %d filters", LIMIT_FILTERS);
		f.v[f.n++] = (struct filter){ name, eq + 1 };
	}
	*ret = f;
	return 0;
}

bool filters_has(const struct filters *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, name) == 0)
			return true;
	return false;
}

bool filter_label(const json_t *labels, const char *wanted)
{
	const char *eq = strchr(wanted, '=');
	const size_t n = eq ? (size_t)(eq - wanted) : strlen(wanted);
	auto_free char *key = str_dup((struct str){ wanted, n });
	const json_t *value = key ? json_object_get(labels, key) : NULL;

	return value && (!eq || strcmp(json_string_value(value) ?: "", eq + 1) == 0);
}

bool filter_name(const char *name, const char *pattern)
{
	regex_t re;
	bool matches;

	if (*pattern == '/') /* names were paths once */
		pattern++;
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return strstr(name, pattern) != NULL;
	matches = regexec(&re, name, 0, NULL, 0) == 0;
	regfree(&re);
	return matches;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit_make.h"

#include <ctype.h>

int unit_check_string(const char *s, const char *what, struct err *e)
{
	if (!s || !*s)
		return FAIL(e, E_FORMAT, "%s is missing or empty", what);
	if (strlen(s) > LIMIT_ADVISORY_STRING)
		return FAIL(e, E_FORMAT, "%s is longer than %d bytes", what, LIMIT_ADVISORY_STRING);
	return 0;
}

int unit_new(json_t **ret, const char *name, const char *source, int64_t modified,
	     const char *title, struct err *e)
{
	auto_json *unit = json_object();
	struct str line = unit_title(title);
	int r;

	if (!unit)
		return FAIL_NOMEM(e);
	r = json_put_string(unit, "unit", name, e);
	r = r < 0 ? r : json_put_string(unit, "source", source, e);
	r = r < 0 ? r : json_put(unit, "modified", json_integer(modified), e);
	r = r < 0 ? r : json_put(unit, "title", json_stringn(line.p, line.n), e);
	r = r < 0 ? r : json_put(unit, "ids", json_array(), e);
	r = r < 0 ? r : json_put(unit, "ecosystems", json_array(), e);
	r = r < 0 ? r : json_put(unit, "rows", json_array(), e);
	if (r == 0)
		*ret = TAKE(unit);
	return r;
}

int unit_list_ecosystem(json_t *list, const char *ecosystem, struct err *e)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v) if (strcmp(json_string_value(v), ecosystem) == 0) return 0;
	if (json_array_size(list) >= LIMIT_ADVISORY_ECOSYSTEMS)
		return FAIL(e, E_FORMAT, "more than %d ecosystems", LIMIT_ADVISORY_ECOSYSTEMS);
	return json_push(list, json_string(ecosystem), e);
}

int unit_add_ecosystem(json_t *unit, const char *ecosystem, struct err *e)
{
	return unit_list_ecosystem(json_object_get(unit, "ecosystems"), ecosystem, e);
}

int unit_add_row(json_t *unit, const char *ecosystem, const char *package, const char *id,
		 json_t **ret, struct err *e)
{
	json_t *rows = json_object_get(unit, "rows"), *row;
	int r = unit_add_ecosystem(unit, ecosystem, e);

	if (r < 0)
		return r;
	if (json_array_size(rows) >= LIMIT_ADVISORY_VERSIONS)
		return FAIL(e, E_FORMAT, "more than %d rows", LIMIT_ADVISORY_VERSIONS);
	row = json_pack("{ss ss s[[s]] si si s[] s[]}", "e", ecosystem, "p", package, "ids", id,
			"s", 0, "c", -1, "r", "v");
	r = json_push(rows, row, e);
	if (r == 0)
		*ret = row;
	return r;
}

int unit_add_range(json_t *row, const char *fixed, struct err *e)
{
	json_t *range =
		fixed ? json_pack("[ssss]", "i", "0", "f", fixed) : json_pack("[ss]", "i", "0");

	return json_push(json_object_get(row, "r"), range, e);
}

struct str unit_title(const char *text)
{
	struct str line = STR("");

	if (!text)
		return line;
	line = (struct str){ text, strcspn(text, "\r\n") };
	if (line.n > LIMIT_ADVISORY_TITLE) {
		line.n = LIMIT_ADVISORY_TITLE;
		while (line.n && ((unsigned char)line.p[line.n] & 0xc0) == 0x80)
			line.n--;
	}
	return line;
}

bool unit_is_id(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (n < 3 || n > LIMIT_ADVISORY_STRING || !isalpha((unsigned char)*s))
		return false;
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.:", *p))
			return false;
	return strchr(s, '-') != NULL;
}

int unit_emit(const struct unit_sink *to, const json_t *unit, struct err *e)
{
	if (to->tally && json_object_get(unit, "unit"))
		to->tally->units++;
	return to->put(to->arg, unit, e);
}

int unit_pass_over(const struct unit_sink *to, const char *name, int r, struct err *e)
{
	struct unit_tally *t = to->tally;

	if (!unit_is_lenient(to) || (r != E_FORMAT && r != E_NOTFOUND))
		return r;
	if (!t->lost++)
		(void)snprintf(t->first, sizeof(t->first), "%.150s%s%.240s", name ? name : "",
			       name ? ": " : "", e->msg);
	*e = ERR_INIT;
	return 0;
}

int unit_each_line(const struct advisory_lines *lines, unit_line_fn fn, const struct unit_sink *to,
		   struct err *e)
{
	struct str line;
	size_t n = 0;
	int r;

	while ((r = lines->next(lines->arg, &line, e)) > 0) {
		n++;
		r = line.n ? fn(line, to, e) : 0;
		if (r < 0)
			return WRAP(e, r, "line %zu", n);
	}
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/checks.h"

#include <string.h>

static json_t *empty(void)
{
	return json_pack("{ss s{}}", "schema", ADVISORY_CHECKS_SCHEMA, "sources");
}

int advisory_checks_parse(const char *p, size_t n, json_t **ret, struct err *e)
{
	auto_json *j = NULL;
	const char *schema, *name;
	json_t *sources, *source;
	int r = json_parse(p, n, ADVISORY_CHECKS, &j, e);

	r = r < 0 ? r : json_get_string(j, "schema", &schema, ADVISORY_CHECKS, e);
	r = r < 0 ? r : json_get_object(j, "sources", &sources, ADVISORY_CHECKS, e);
	if (r == 0 && strcmp(schema, ADVISORY_CHECKS_SCHEMA) != 0)
		r = FAIL(e, E_FORMAT, ADVISORY_CHECKS ": schema '%.80s'", schema);
	if (r < 0)
		return r;
	json_object_foreach(sources, name, source)
	{
		uint64_t when;

		r = json_is_object(source) ? 0 : FAIL(e, E_FORMAT, "'%.80s' is no object", name);
		if (r == 0 && json_object_get(source, "checked"))
			r = json_get_u64(source, "checked", &when, name, e);
		if (r < 0)
			return WRAP(e, r, ADVISORY_CHECKS);
	}
	*ret = TAKE(j);
	return 0;
}

int advisory_checks_load(const struct state *state, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_ADVISORY_CHECKS);
	struct err own = ERR_INIT;
	int r = fs_read(state->fd, ADVISORY_CHECKS, LIMIT_ADVISORY_CHECKS, &text, &own);

	if (r == E_NOTFOUND) {
		*ret = empty();
		return *ret ? 0 : FAIL_NOMEM(e);
	}
	if (r < 0) {
		if (e)
			*e = own;
		return r;
	}
	r = advisory_checks_parse(buf_str(&text), text.n, ret, e);
	return r < 0 ? err_hint(e, r, "rm %s/" ADVISORY_CHECKS " && plimsoll advisories update",
				state->path)
		     : 0;
}

int advisory_checks_save(const struct state *state, const json_t *checks, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_ADVISORY_CHECKS);
	int r = json_canonical(checks, &text, e);

	buf_putc(&text, '\n');
	r = r < 0 ? r : buf_check(&text, ADVISORY_CHECKS, e);
	return r < 0 ? r
		     : fs_write_file(state->fd, ADVISORY_CHECKS, buf_str(&text), text.n, 0644, e);
}

int advisory_checks_note(json_t *checks, const char *source, int64_t now, const char *error,
			 uint64_t unreadable, struct err *e)
{
	json_t *sources = json_object_get(checks, "sources"), *o = json_object_get(sources, source);
	int r = 0;

	if (!o) {
		r = json_put(sources, source, json_object(), e);
		o = json_object_get(sources, source);
	}
	r = r < 0 ? r : json_put(o, "attempted", json_integer(now), e);
	if (r < 0)
		return r;
	(void)json_object_del(o, "error");
	(void)json_object_del(o, "unreadable");
	r = json_put_string(o, "error", error, e);
	if (r < 0 || (error && !unreadable))
		return r;
	if (unreadable)
		r = json_put_u64(o, "unreadable", unreadable, e);
	return r < 0 ? r : json_put(o, "checked", json_integer(now), e);
}

int64_t advisory_checks_oldest(const json_t *checks, const char **ret_source)
{
	json_t *sources = json_object_get(checks, "sources"), *source;
	bool only_imports = json_object_size(sources) == 1;
	const char *name;
	int64_t oldest = -1;

	json_object_foreach(sources, name, source)
	{
		int64_t when = json_integer_value(json_object_get(source, "checked"));

		if ((!only_imports && strcmp(name, ADVISORY_CHECKS_IMPORT) == 0) ||
		    (oldest >= 0 && when >= oldest))
			continue;
		oldest = when;
		if (ret_source)
			*ret_source = name;
	}
	return oldest;
}

int64_t advisory_checks_newest(const json_t *checks)
{
	json_t *sources = json_object_get(checks, "sources"), *source;
	const char *name;
	int64_t newest = 0;

	json_object_foreach(sources, name, source)
	{
		int64_t when = json_integer_value(json_object_get(source, "checked"));

		newest = when > newest ? when : newest;
	}
	return newest;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/osv.h"
#include "scan/version/version.h"

/* What is affected, of OSV documents: ranges and single versions. */

/* One event is an object with one member. */
static int read_event(const json_t *event, json_t *range, struct err *e)
{
	static const char *const kinds[][2] = { { "introduced", "i" },
						{ "fixed", "f" },
						{ "last_affected", "l" } };

	for (size_t i = 0; i < 3; i++) {
		const json_t *v = json_object_get(event, kinds[i][0]);
		int r;

		if (!v)
			continue;
		r = unit_check_string(json_string_value(v), "a version of an event", e);
		r = r < 0 ? r : json_push(range, json_string(kinds[i][1]), e);
		r = r < 0 ? r : json_push(range, json_string(json_string_value(v)), e);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * A range says nothing of versions from its "limit" on, of the highest where there are several; "*"
 * is none. What cannot be compared limits nothing.
 */
static int read_limit(const json_t *events, const char *ecosystem, json_t *range, struct err *e)
{
	const struct version_order *order = version_order_of(str_of(ecosystem));
	const char *highest = NULL;
	size_t i;
	json_t *event;
	int r;

	json_array_foreach(events, i, event)
	{
		const json_t *limit = json_object_get(event, "limit");
		const char *version = json_string_value(limit);

		r = limit ? unit_check_string(version, "a version of an event", e) : 0;
		if (r < 0)
			return r;
		if (limit && (!order || !order->valid(str_of(version)))) /* "*", too */
			return 0;
		if (limit && (!highest || order->compare(str_of(version), str_of(highest)) > 0))
			highest = version;
	}
	if (!highest)
		return 0;
	r = json_push(range, json_string("u"), e);
	return r < 0 ? r : json_push(range, json_string(highest), e);
}

static int read_ranges(const json_t *affected, const char *ecosystem, json_t *row, size_t *total,
		       struct err *e)
{
	json_t *ranges = json_object_get(row, "r"), *range, *event;
	size_t i, j;

	json_array_foreach(json_object_get(affected, "ranges"), i, range)
	{
		const char *type = json_string_or_null(range, "type");
		json_t *events = json_object_get(range, "events"), *flat;
		int r;

		if (!type || !json_is_array(events))
			return FAIL(e, E_FORMAT, "a range without type or events");
		if (strcmp(type, "GIT") == 0)
			continue;
		flat = json_array();
		if (json_push(ranges, flat, e) < 0)
			return FAIL_NOMEM(e);
		json_array_foreach(events, j, event)
		{
			r = ++*total > LIMIT_ADVISORY_VERSIONS
				    ? FAIL(e, E_FORMAT, "more than %d versions",
					   LIMIT_ADVISORY_VERSIONS)
				    : read_event(event, flat, e);
			if (r < 0)
				return r;
		}
		r = read_limit(events, ecosystem, flat, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_versions(const json_t *affected, json_t *row, size_t *total, struct err *e)
{
	json_t *versions = json_object_get(row, "v"), *v;
	size_t i;

	json_array_foreach(json_object_get(affected, "versions"), i, v)
	{
		int r = unit_check_string(json_string_value(v), "a version", e);

		if (r == 0 && ++*total > LIMIT_ADVISORY_VERSIONS)
			r = FAIL(e, E_FORMAT, "more than %d versions", LIMIT_ADVISORY_VERSIONS);
		r = r < 0 ? r : json_push(versions, json_string(json_string_value(v)), e);
		if (r < 0)
			return r;
	}
	return 0;
}

int osv_ranges(const json_t *affected, const char *ecosystem, json_t *row, size_t *total,
	       struct err *e)
{
	int r = read_ranges(affected, ecosystem, row, total, e);

	return r < 0 ? r : read_versions(affected, row, total, e);
}

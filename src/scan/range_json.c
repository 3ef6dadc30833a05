/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/range.h"

void ranges_free(struct ranges *r)
{
	free((void *)(uintptr_t)r->events);
	free((void *)(uintptr_t)r->versions);
	*r = (struct ranges){ 0 };
}

static int count_events(const json_t *list, size_t *ret, struct err *e)
{
	size_t i;
	json_t *range;

	*ret = 0;
	json_array_foreach(list, i, range)
	{
		size_t n = json_array_size(range);

		if (!json_is_array(range) || n % 2)
			return FAIL(e, E_FORMAT, "a range is not a list of events");
		*ret += n ? n / 2 : 1;
	}
	return 0;
}

static int read_range(const json_t *range, struct range_event *ret, size_t *at, struct err *e)
{
	size_t n = json_array_size(range) / 2;

	for (size_t i = 0; i < n; i++) {
		const char *kind = json_string_value(json_array_get(range, 2 * i));
		const char *version = json_string_value(json_array_get(range, 2 * i + 1));

		if (!kind || !version || !*kind || kind[1] || !strchr("iflu", *kind))
			return FAIL(e, E_FORMAT, "an event without kind or version");
		ret[(*at)++] = (struct range_event){ *kind, i == 0, version };
	}
	if (n == 0) /* it says nothing of where it ends: everything */
		ret[(*at)++] = (struct range_event){ 'i', true, "0" };
	return 0;
}

static int read_versions(const json_t *list, const char **ret, struct err *e)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		ret[i] = json_string_value(v);
		if (!ret[i])
			return FAIL(e, E_FORMAT, "a version is not a string");
	}
	return 0;
}

int ranges_of_json(const json_t *row, struct ranges *ret, struct err *e)
{
	const json_t *r_list = json_object_get(row, "r"), *v_list = json_object_get(row, "v");
	auto_free struct range_event *events = NULL;
	auto_free const char **versions = NULL;
	size_t i, events_n, at = 0;
	json_t *range;
	int r = count_events(r_list, &events_n, e);

	if (r < 0)
		return r;
	events = calloc(events_n + 1, sizeof(*events));
	versions = calloc(json_array_size(v_list) + 1, sizeof(*versions));
	if (!events || !versions)
		return FAIL_NOMEM(e);
	json_array_foreach(r_list, i, range)
	{
		r = read_range(range, events, &at, e);
		if (r < 0)
			return r;
	}
	r = read_versions(v_list, versions, e);
	if (r < 0)
		return r;
	*ret = (struct ranges){ .events = TAKE(events),
				.events_n = events_n,
				.versions = TAKE(versions),
				.versions_n = json_array_size(v_list) };
	return 0;
}

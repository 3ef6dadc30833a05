/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/range.h"

#include <stdlib.h>

struct event {
	char kind; /* i, f, l as in advisory.h */
	const char *version;
};

struct events {
	struct event *v;
	size_t n;
};

/* "0" stands for before everything; under an order it is also a version like others. */
static bool is_zero(const char *version)
{
	return strcmp(version, "0") == 0;
}

static bool known(const struct version_order *order, const char *version)
{
	return is_zero(version) || order->valid(str_of(version));
}

static int compare(const struct version_order *order, const char *a, const char *b)
{
	if (is_zero(a) || is_zero(b))
		return is_zero(b) - is_zero(a);
	return order->compare(str_of(a), str_of(b));
}

static int by_version(const void *a, const void *b, void *order)
{
	const struct event *x = a, *y = b;
	int r = compare(order, x->version, y->version);

	/* At one version: what was introduced there is there. */
	return r ? r : (x->kind == 'i') - (y->kind == 'i');
}

/* The events of one range in the order of their versions; false when one cannot be ordered. */
static bool sort_events(const struct version_order *order, const json_t *range, struct events *ret)
{
	size_t n = json_array_size(range) / 2;
	bool introduced = false;

	/* Without an event that begins it, a range begins at the beginning. */
	ret->v = calloc(n + 1, sizeof(*ret->v));
	if (!ret->v)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *kind = json_string_value(json_array_get(range, 2 * i));
		const char *version = json_string_value(json_array_get(range, 2 * i + 1));

		if (!kind || !version || !known(order, version))
			return false;
		introduced |= *kind == 'i';
		ret->v[ret->n++] = (struct event){ *kind, version };
	}
	if (!introduced)
		ret->v[ret->n++] = (struct event){ 'i', "0" };
	qsort_r(ret->v, ret->n, sizeof(*ret->v), by_version, (void *)(uintptr_t)order);
	return true;
}

static struct range_answer walk(const struct version_order *order, const struct events *events,
				const char *version)
{
	struct range_answer a = { false, "" };
	size_t i = 0;

	for (; i < events->n; i++) {
		int r = compare(order, version, events->v[i].version);

		if (is_zero(events->v[i].version) && events->v[i].kind == 'i')
			r = 1;
		if (events->v[i].kind == 'l' ? r <= 0 : r < 0)
			break;
		a.affected = events->v[i].kind == 'i';
	}
	for (; a.affected && i < events->n; i++)
		if (events->v[i].kind == 'f') {
			a.fixed = events->v[i].version;
			break;
		}
	return a;
}

/* The last fix that is named, for what could not be compared. */
static const char *any_fix(const json_t *range)
{
	const char *fixed = "";

	for (size_t i = 0; i + 1 < json_array_size(range); i += 2) {
		const char *kind = json_string_value(json_array_get(range, i));
		const char *version = json_string_value(json_array_get(range, i + 1));

		if (kind && *kind == 'f' && version)
			fixed = version;
	}
	return fixed;
}

static struct range_answer match_range(const struct version_order *order, const json_t *range,
				       const char *version)
{
	struct events events = { 0 };
	struct range_answer a = { true, any_fix(range) };

	if (order->valid(str_of(version)) && sort_events(order, range, &events))
		a = walk(order, &events, version);
	free(events.v);
	return a;
}

void range_match(const struct version_order *order, const json_t *ranges, const char *version,
		 struct range_answer *ret)
{
	struct range_answer all = { false, "" };
	bool unfixed = false;
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(ranges, "r"), i, v)
	{
		struct range_answer one = match_range(order, v, version);

		if (!one.affected)
			continue;
		all.affected = true;
		unfixed |= !*one.fixed;
		if (!*all.fixed || (*one.fixed && compare(order, one.fixed, all.fixed) > 0))
			all.fixed = one.fixed;
	}
	json_array_foreach(json_object_get(ranges, "v"), i, v)
	{
		const char *one = json_string_value(v);

		if (!all.affected && one &&
		    (strcmp(one, version) == 0 ||
		     (order->valid(str_of(one)) && order->valid(str_of(version)) &&
		      order->compare(str_of(one), str_of(version)) == 0)))
			all.affected = unfixed = true;
	}
	ret->affected = all.affected;
	ret->fixed = unfixed ? "" : all.fixed;
}

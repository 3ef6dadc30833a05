/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/range.h"

#include <stdlib.h>

/* "0" stands for before everything; under an order it is also a version like others. */
static bool is_zero(const char *version)
{
	return version[0] == '0' && version[1] == '\0';
}

static bool comparable(const struct version_order *order, const char *a, const char *b)
{
	return is_zero(a) || is_zero(b) || version_comparable(order, str_of(a), str_of(b));
}

static int compare(const struct version_order *order, const char *a, const char *b)
{
	if (is_zero(a) || is_zero(b))
		return is_zero(b) - is_zero(a);
	return order->compare(str_of(a), str_of(b));
}

static int by_version(const void *a, const void *b, void *order)
{
	const struct range_event *x = a, *y = b;
	int r = compare(order, x->version, y->version);

	/* At one version: what was introduced there is there. */
	return r ? r : (x->kind == 'i') - (y->kind == 'i');
}

enum { FEW = 16 }; /* events that need no memory of their own */

struct sorted {
	struct range_event few[FEW], *v;
	size_t n;
};

/* The events of one range in the order of their versions; false when they have none. */
static bool sort_events(const struct version_order *order, const struct range_event *events,
			size_t n, struct sorted *ret)
{
	bool introduced = false;

	/* Without an event that begins it, a range begins at the beginning. */
	ret->v = n < FEW ? ret->few : calloc(n + 1, sizeof(*ret->v));
	ret->n = 0;
	if (!ret->v)
		return false;
	for (size_t i = 0; i < n; i++) {
		introduced |= events[i].kind == 'i';
		ret->v[ret->n++] = events[i];
	}
	if (!introduced)
		ret->v[ret->n++] = (struct range_event){ 'i', false, "0" };
	if (ret->n > 1)
		qsort_r(ret->v, ret->n, sizeof(*ret->v), by_version, (void *)(uintptr_t)order);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->v[i].kind == 'i') /* or it ends before it begins */
			return compare(order, ret->v[0].version, ret->v[i].version) == 0;
	return false;
}

static struct range_answer walk(const struct version_order *order, const struct sorted *events,
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
		if (events->v[i].kind == 'u')
			return a;
	}
	for (; a.affected && i < events->n && events->v[i].kind != 'u'; i++)
		if (events->v[i].kind == 'f') {
			a.fixed = events->v[i].version;
			break;
		}
	return a;
}

/* The last fix that is named, for what could not be compared. */
static const char *any_fix(const struct range_event *events, size_t n)
{
	const char *fixed = "";

	for (size_t i = 0; i < n; i++)
		if (events[i].kind == 'f')
			fixed = events[i].version;
	return fixed;
}

static bool is_known(const struct version_order *order, const char *version)
{
	return is_zero(version) || order->valid(str_of(version));
}

/* Whether a version and the events can all be put in order. One of the events that is no version is
 * enough to look at every pair; few have one, and those have few others. */
static bool all_comparable(const struct version_order *order, const struct range_event *events,
			   size_t n, const char *version)
{
	bool known = order->valid(str_of(version));

	for (size_t i = 0; i < n; i++)
		known &= is_known(order, events[i].version);
	if (known || n > FEW)
		return known;
	for (size_t i = 0; i < n; i++) {
		if (!comparable(order, version, events[i].version))
			return false;
		for (size_t j = i + 1; j < n; j++)
			if (!comparable(order, events[i].version, events[j].version))
				return false;
	}
	return n > 0;
}

static struct range_answer match_range(const struct version_order *order,
				       const struct range_event *events, size_t n,
				       const char *version)
{
	struct sorted sorted = { .v = NULL };
	struct range_answer a = { true, "" };

	if (!all_comparable(order, events, n, version))
		a.fixed = any_fix(events, n);
	else if (sort_events(order, events, n, &sorted))
		a = walk(order, &sorted, version);
	if (sorted.v != sorted.few)
		free(sorted.v);
	return a;
}

static bool is_named(const struct version_order *order, const struct ranges *ranges,
		     const char *version)
{
	const bool valid = ranges->versions_n && order->valid(str_of(version));

	for (size_t i = 0; i < ranges->versions_n; i++) {
		const char *one = ranges->versions[i];

		if (strcmp(one, version) == 0 ||
		    (valid && order->valid(str_of(one)) &&
		     order->compare(str_of(one), str_of(version)) == 0))
			return true;
	}
	return false;
}

void range_match(const struct version_order *order, const struct ranges *ranges,
		 const char *version, struct range_answer *ret)
{
	const struct range_event *events = ranges->events;
	struct range_answer all = { false, "" };
	bool unfixed = false;
	size_t n;

	for (size_t i = 0; i < ranges->events_n; i += n) {
		struct range_answer one;

		for (n = 1; i + n < ranges->events_n && !events[i + n].first;)
			n++;
		one = match_range(order, events + i, n, version);
		if (!one.affected)
			continue;
		all.affected = true;
		unfixed |= !*one.fixed;
		if (!*all.fixed || (*one.fixed && compare(order, one.fixed, all.fixed) > 0))
			all.fixed = one.fixed;
	}
	if (!all.affected && is_named(order, ranges, version))
		all.affected = unfixed = true;
	ret->affected = all.affected;
	ret->fixed = unfixed ? "" : all.fixed;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/advisory/unit.h"
#include "scan/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	const char *p;
	size_t n;
};

/* In pieces whose length the bytes choose, so that members lie across them. */
static int64_t read_some(void *arg, char *p, size_t n, struct err *e)
{
	struct source *s = arg;
	size_t take = s->n ? 1 + (unsigned char)*s->p % 16 : 0;

	(void)e;
	take = take < s->n ? take : s->n;
	take = take < n ? take : n;
	memcpy(p, s->p, take);
	s->p += take;
	s->n -= take;
	return (int64_t)take;
}

/* Every row that was read can be matched against. */
static void match(const json_t *unit)
{
	const struct version_order *order = version_order_of(STR("Debian:12"));
	struct err e = ERR_INIT;
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(unit, "rows"), i, row)
	{
		auto_ranges ranges = { 0 };
		struct range_answer a;

		if (!json_string_or_null(row, "e") || !*json_string_or_null(row, "p"))
			__builtin_trap();
		if (ranges_of_json(row, &ranges, &e) == 0)
			range_match(order, &ranges, "1:2.3~rc1-1+b1", &a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_release(json_stream_free) struct json_stream *m = NULL;
	struct source s = { (const char *)data, size };
	struct err e = ERR_INIT;
	struct str key, value;

	(void)advisory_is_debian((struct str){ (const char *)data, size });
	if (json_stream_new(&m, read_some, &s, &e) < 0)
		return 0;
	while (json_stream_member(m, &key, &value, &e) > 0) {
		auto_json *doc = NULL, *unit = NULL;

		if (json_parse(value.p, value.n, "fuzz", &doc, &e) < 0 ||
		    advisory_debian("src", doc, &unit, &e) < 0)
			break;
		match(unit);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ship.h"

#include "base/clock.h"
#include "pipeline/watch.h"

/* What is shipped is watched: the next advisories may be about it. */
static int watch_shipped(struct road *road, const struct ship_result *s, const struct ref *to,
			 struct err *e)
{
	auto_buf name = BUF_INIT(2 * LIMIT_REF);
	struct road as = *road;
	uint64_t told;
	int r;

	ref_tagged(to, &name);
	as.name = buf_str(&name);
	r = watch_image(&as, s->report.list, clock_now(), &told, e);
	return r < 0 ? WRAP(e, r, "it was shipped, but is not watched") : 0;
}

int ship(struct road *road, const struct ship_opts *o, struct ship_result *ret, struct err *e)
{
	int r = step_build(road, &o->build, &ret->build, e);

	if (r == 0)
		r = step_scan(road, &ret->report, e);
	if (r == 0)
		r = step_gate(road, &ret->report, &o->gate, e);
	if (r == 0)
		r = step_sign(road, &o->sign, &ret->signature, e);
	if (r == 0)
		r = step_push(road, o->to, &(struct push_opts){ 0 }, &ret->referrers, e);
	if (r == 0)
		r = watch_shipped(road, ret, o->to, e);
	return r;
}

void ship_result_free(struct ship_result *r)
{
	build_result_free(&r->build);
	report_free(&r->report);
	*r = (struct ship_result){ 0 };
}

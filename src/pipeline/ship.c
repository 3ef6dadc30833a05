/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ship.h"

#include "base/clock.h"
#include "pipeline/watching.h"

int ship(struct road *road, const struct ship_opts *o, struct ship_result *ret, struct err *e)
{
	int r = step_build(road, &o->build, &ret->build, e);

	if (r == 0)
		r = step_scan(road, &ret->report, e);
	if (r == 0)
		r = step_gate(road, &ret->report, &o->gate, e);
	/* Before anybody can have it: nothing is shipped that is not watched. */
	if (r == 0)
		r = watching_add(road, &ret->report, clock_now(), e);
	if (r == 0)
		r = step_sign(road, &o->sign, &ret->signature, e);
	if (r == 0)
		r = step_push(road, o->to, &(struct push_opts){ 0 }, &ret->referrers, e);
	return r;
}

void ship_result_free(struct ship_result *r)
{
	build_result_free(&r->build);
	report_free(&r->report);
	*r = (struct ship_result){ 0 };
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ship.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "pipeline/attest/attest.h"
#include "pipeline/tuf/publish.h"
#include "pipeline/watching.h"

/* "urn:uuid:…", version 4 (RFC 9562, 5.4). */
static int new_invocation(char ret[static 48], struct err *e)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return FAIL_SYS(e, "random bytes");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(ret, 48,
		       "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		       "%02x%02x%02x%02x%02x%02x",
		       b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
		       b[12], b[13], b[14], b[15]);
	return 0;
}

/* Last of all: until then what is newest is what it was. */
static int push_tag(const struct road *road, const struct ship_opts *o, const struct ref *to,
		    bool there, size_t *ret_referrers, struct err *e)
{
	int r = step_push(road, to, &(struct push_opts){ .there = there }, ret_referrers, e);

	return r < 0 ? r : tuf_publish_pushed(road, to, o->tuf_passphrase, e);
}

static int push_tags(const struct road *road, const struct ship_opts *o, size_t *ret_referrers,
		     struct err *e)
{
	int r = push_tag(road, o, o->to, false, ret_referrers, e);

	for (size_t i = 0; r == 0 && o->also && i < o->also->n; i++) {
		struct road other = *road;
		struct ref to;

		other.name = o->also->v[i];
		r = ref_parse(other.name, &to, e);
		if (r == 0)
			r = push_tag(&other, o, &to, true, NULL, e);
	}
	return r;
}

int ship(struct road *road, const struct ship_opts *o, struct ship_result *ret, struct err *e)
{
	auto_commit_source before = { .path = NULL };
	char invocation[48];
	struct attestation_set set = {
		.opts = &o->build,
		.built = &ret->build,
		.report = &ret->report,
		.gate = &o->gate,
		.to = o->to,
		.run = { .builder = o->builder_id ? o->builder_id : BUILDER_ID_DEFAULT,
			 .invocation = invocation,
			 .before = &before },
		.key = o->sign.key,
		.passphrase = o->sign.passphrase,
	};
	int r = new_invocation(invocation, e);

	if (o->times)
		set.run.started = clock_now();
	(void)provenance_source(&o->build, &before); /* none: "" is no commit */
	r = r < 0 ? r : step_build(road, &o->build, &ret->build, e);
	set.scan_started = clock_now();
	if (o->times)
		set.run.finished = set.scan_started;
	if (r == 0)
		r = step_scan(road, &ret->report, e);
	set.scanned = clock_now();
	if (r == 0)
		r = step_gate(road, &ret->report, &o->gate, e);
	/* Before anybody can have it: nothing is shipped that is not watched. */
	if (r == 0)
		r = watching_add(road, &ret->report, clock_now(), e);
	if (r == 0)
		r = step_sign(road, &o->sign, &ret->signature, e);
	if (r == 0)
		r = step_attest(road, &set, &ret->attestations, e);
	if (r == 0)
		r = push_tags(road, o, &ret->referrers, e);
	return r;
}

void ship_result_free(struct ship_result *r)
{
	build_result_free(&r->build);
	report_free(&r->report);
	*r = (struct ship_result){ 0 };
}

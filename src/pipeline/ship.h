/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/build.h"
#include "pipeline/inspect.h"
#include "pipeline/steps.h"

/* The road out: build, scan, gate, sign, push; every arrow one entry in the trail. */
struct ship_opts {
	struct build_opts build; /* as step_build() wants it */
	struct gate gate;
	struct trust_sign_opts sign;
	const struct ref *to; /* names a registry */
};

struct ship_result {
	struct build_result build;
	struct report report; /* also set when the gate refused */
	struct desc signature;
	size_t referrers; /* sent beside the image */
};

int ship(struct road *road, const struct ship_opts *o, struct ship_result *ret, struct err *e);
void ship_result_free(struct ship_result *r);

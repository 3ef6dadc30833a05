/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/build.h"
#include "pipeline/inspect.h"
#include "pipeline/steps.h"

/*
 * The road out: build, scan, gate, sign, attest, push; every arrow one entry in the trail. It ends
 * at the first that fails. Nothing leaves this host before the gate, the signature and the
 * attestations are there, and the registry's tag moves last of all (step_push()).
 */
struct ship_opts {
	struct build_opts build; /* as step_build() wants it */
	struct gate gate;
	struct trust_sign_opts sign;
	const struct ref *to;	 /* names a registry */
	const struct strv *also; /* other tags of that repository, moved after it; may be NULL */
	const char *builder_id;	 /* an absolute URI; NULL: BUILDER_ID_DEFAULT */
	bool times;		 /* tell when it was built, so that no two provenances are equal */
	const char *tuf_passphrase; /* of the keys that list it as what is newest; or NULL */
};

struct ship_result {
	struct build_result build;
	struct report report; /* also set when the gate refused */
	struct desc signature;
	size_t attestations; /* new ones */
	size_t referrers;    /* sent beside the image */
};

int ship(struct road *road, const struct ship_opts *o, struct ship_result *ret, struct err *e);
void ship_result_free(struct ship_result *r);

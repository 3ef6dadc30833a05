/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/inspect.h"
#include "pipeline/steps.h"

/*
 * The one door in: a root filesystem archive, an image of an OCI layout (folder or archive) or of
 * docker's archive becomes an internal base: taken over, scanned, signed, named and recorded. Only
 * then may a FROM name it.
 */
struct import_opts {
	const char *source; /* an archive, "-" for standard input, or a layout folder; "PATH:NAME"
			       picks one of several images */
	struct ref name;
	const struct gate *gate; /* NULL: findings are recorded, and refuse nothing */
	struct trust_sign_opts sign;
};

/* Sets road->image. Nothing has the name until everything before went well. report receives what
 * was found. */
int import_image(struct road *road, const struct import_opts *o, struct report *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"

/*
 * Where a built image goes besides the store (docker's --output). All forms are made from the image
 * alone, so the same image gives the same bytes; all are there whole or not at all.
 */
enum output_type {
	OUTPUT_IMAGE,  /* named in the store, and pushed when push */
	OUTPUT_OCI,    /* an OCI image layout: a tar archive, or a folder */
	OUTPUT_DOCKER, /* the same with docker's manifest.json: what `docker load` takes */
	OUTPUT_TAR,    /* the root file system as one tar */
	OUTPUT_LOCAL,  /* the same as a folder */
};

struct output {
	enum output_type type;
	char *dest;	   /* a path, or "-" for standard output; NULL for OUTPUT_IMAGE */
	struct strv names; /* of the image there; none: those of the build */
	bool push, by_digest;
	bool folder; /* OUTPUT_OCI, OUTPUT_DOCKER: no archive */
};

/*
 * "type=oci|docker|tar|local|image|registry[,dest=PATH][,name=REF,...]...", a path (local), or "-"
 * (tar to standard output). Unknown fields and what is not done are E_USAGE.
 */
int output_parse(const char *text, struct output *ret, struct err *e);
void output_free(struct output *o);
static inline void output_release(struct output *o)
{
	output_free(o);
}
#define auto_output __attribute__((cleanup(output_release))) struct output

const char *output_type_name(enum output_type t);

/* What can be said before anything is built: names that are needed and missing, a destination that
 * is of the wrong kind. tags are the build's. */
int output_check(const struct output *o, const struct strv *tags, struct err *e);

/* Puts road->image there. Recorded as "output", or for a push as "push". */
int step_output(struct road *road, const struct output *o, const struct strv *tags, struct err *e);

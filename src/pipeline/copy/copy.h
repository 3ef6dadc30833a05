/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/ref.h"
#include "pipeline/road.h"

/*
 * An image with all its signatures, attestations and SBOMs from one place to another, byte for byte
 * (registry/copy.h). A copy judges nothing: what it brought is verified where it is pulled and run.
 * It is recorded in the trail.
 */
enum copy_kind {
	COPY_REGISTRY,	     /* docker://REF, or a reference that names a registry */
	COPY_STORE,	     /* store:REF, or a reference that names none */
	COPY_OCI,	     /* oci:FOLDER[:TAG] */
	COPY_OCI_ARCHIVE,    /* oci-archive:FILE[:TAG] */
	COPY_DOCKER_ARCHIVE, /* docker-archive:FILE[:NAME] */
};

struct copy_end {
	enum copy_kind kind;
	char *path, *name; /* of folders and files; name NULL: not given */
	struct ref ref;	   /* of registry and store */
};
int copy_end_parse(const char *text, struct copy_end *ret, struct err *e);
void copy_end_free(struct copy_end *x);
static inline void copy_end_release(struct copy_end *x)
{
	copy_end_free(x);
}
#define auto_copy_end __attribute__((cleanup(copy_end_release))) struct copy_end

struct copy_opts {
	/* "OS/ARCH[/VARIANT]": that image of an index; NULL: all of it. An image that is none of an
	 * index must be for it, too, unless if_index. */
	const char *platform;
	bool if_index;
	bool no_referrers;
};
struct copy_done {
	size_t manifests, referrers, blobs, there, mounted, skipped;
};

/* Sets road->image to what was copied. */
int step_copy(struct road *road, const struct copy_end *from, const struct copy_end *to,
	      const struct copy_opts *o, struct copy_done *ret, struct err *e);

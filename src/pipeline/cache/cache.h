/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"
#include "pipeline/road.h"
#include "trust/trust.h"

/*
 * What builds on one host know, for builds on another (docker's --cache-to and --cache-from): an
 * artifact with the steps' keys, what they came to, and the layers, in a registry or an OCI layout
 * folder; or inline, in the image itself. It is signed as images are and believed only when the
 * trust policy accepts the signature: of a repository by its statement, of a folder as
 * "local/cache".
 */
enum cache_kind {
	CACHE_DIR,
	CACHE_REGISTRY,
	CACHE_STORE, /* from only: an image that is here */
	CACHE_INLINE /* to only */
};

struct cache_ref {
	enum cache_kind kind;
	char *where;	   /* a folder, or a reference; NULL: inline */
	char *key;	   /* to sign with; NULL: the default one */
	bool max;	   /* all steps, not only those of the image's own layers */
	bool ignore_error; /* a build whose cache could not be exported is well all the same */
};
void cache_ref_free(struct cache_ref *c);

/* "type=local,src=DIR", "type=registry,ref=REF", or a reference alone. E_USAGE. */
int cache_from_parse(const char *text, struct cache_ref *ret, struct err *e);
/* "type=local,dest=DIR[,mode=min|max]", "type=registry,ref=REF[,mode=...]", "type=inline", or a
 * reference alone. E_USAGE. */
int cache_to_parse(const char *text, struct cache_ref *ret, struct err *e);

/* Caches of others during a build. */
struct imported;

/*
 * Fetches, verifies and reads what each holds; layers are fetched when a step asks for them. One
 * that is not there, is not accepted or is broken is told by progress, recorded, and left out: the
 * build goes on without it.
 */
int cache_import(struct road *road, const struct cache_ref *from, size_t n, struct imported **ret,
		 struct err *e);
/* build_hooks.known, with a struct imported. The layer is in the store, and its digest and diff ID
 * were checked against its bytes. */
int imported_known(void *imported, const struct digest *key, struct cached *ret, struct err *e);
void imported_free(struct imported *i);
DEFINE_RELEASE_VOID(struct imported, imported_free)

/*
 * Gives away what the build knows: makes the artifact in the store, signs it (o->key unless to has
 * one), and sends it. Recorded as "cache-export". A folder has the old or the new one, whenever it
 * ends.
 */
int step_cache_export(const struct road *road, const struct build_result *b,
		      const struct cache_ref *to, const struct trust_sign_opts *o, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/inspect.h"
#include "pipeline/steps.h"

/*
 * Internal base images from Debian's signed archive, by mmdebstrap. What goes in is what import
 * does with an archive, with provenance in the trail's entry "base": suite, variant, the digests of
 * the archive's signed releases and of the package list. How it was made stays with the image, as
 * an annotation of its manifest, so that it can be made again.
 */
#define ANNOTATION_BASE "dev.plimsoll.base"

enum base_variant {
	BASE_APT,      /* essential packages and apt */
	BASE_MINIMAL,  /* essential packages only */
	BASE_NO_SHELL, /* libc6, certificates, time zones; no shell, no dpkg; its package list */
	BASE_STATIC,   /* the same without libc6, for programs that need none */
};
enum { BASE_VARIANTS = BASE_STATIC + 1 };
const char *base_variant_name(enum base_variant v); /* "apt" */
int base_variant_parse(const char *s, enum base_variant *ret, struct err *e);

struct base_opts {
	const char *suite; /* "bookworm" */
	enum base_variant variant;
	bool slim;		    /* no manual pages, documentation and translations */
	const struct strv *include; /* further packages */
	const char *mirror;	    /* NULL: where this machine's apt fetches Debian */
	struct ref name;
	const struct gate *gate; /* NULL: findings are recorded, and refuse nothing */
	struct trust_sign_opts sign;
};

/* "debian:bookworm-slim" to suite (owned by the caller) and slim. E_USAGE. */
int base_parse_name(const char *s, char **ret_suite, bool *ret_slim, struct err *e);

/* Sets road->image. Nothing has the name until everything before went well. */
int base_make(struct road *road, const struct base_opts *o, struct report *ret, struct err *e);

struct base_refresh {
	json_t *changes;   /* array of {"package","from"?,"to"?}, owned */
	bool rebuilt;	   /* else nothing in the archive is newer */
	struct report now; /* of the image that has the name now */
};
/*
 * Compares the packages of a base that base_make() made with what the archive has now, and makes it
 * again, the same way and under the same name, only when a package is newer there. o gives mirror,
 * name, gate and sign; the rest is the image's own. E_USAGE for an image of other origin.
 */
int base_refresh(struct road *road, const struct base_opts *o, struct base_refresh *ret,
		 struct err *e);
void base_refresh_free(struct base_refresh *r);
static inline void base_refresh_release(struct base_refresh *r)
{
	base_refresh_free(r);
}
#define auto_base_refresh __attribute__((cleanup(base_refresh_release))) struct base_refresh

/* The named bases that base_make() made: array of {"name","digest","suite","variant","created",
 * "packages","fixable"}; fixable counts today's findings with a known fix. Owned. */
int base_list(const struct road *road, json_t **ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

/*
 * Package URLs (ECMA-427): "pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12". What a
 * purl is made of is held decoded; "" where it has no such part.
 */
enum {
	LIMIT_PURL = 4096, /* bytes of one, encoded */
	LIMIT_PURL_QUALIFIERS = 32,
};

struct purl {
	char *text; /* what the others point into after purl_parse(); owned */
	const char *type, *namespace, *name, *version, *subpath;
	struct purl_qualifier {
		const char *key, *value;
	} qualifiers[LIMIT_PURL_QUALIFIERS];
	size_t qualifiers_n;
};

/* E_FORMAT for what is no purl, is longer than LIMIT_PURL, or decodes to what is not UTF-8. */
int purl_parse(const char *s, struct purl *ret, struct err *e);
void purl_free(struct purl *p);
static inline void purl_release(struct purl *p)
{
	purl_free(p);
}
#define auto_purl __attribute__((cleanup(purl_release))) struct purl

const char *purl_qualifier(const struct purl *p, const char *key); /* "" when it has none */
/* For building: borrowed; an empty value is left out, as the specification wants it. */
void purl_qualify(struct purl *p, const char *key, const char *value);

/* The canonical form: qualifiers sorted, everything encoded that has to be. Appends. */
void purl_put(const struct purl *p, struct buf *ret);

/* The purl of a package of a list (scan.h). Appends. */
int purl_of_package(const json_t *list, const json_t *package, struct buf *ret, struct err *e);

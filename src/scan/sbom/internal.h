/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/purl.h"
#include "scan/sbom/sbom.h"

#define OURS "plimsoll:" /* before what output/ wrote for us */

/* The list while it is made. */
struct sbom_reader {
	json_t *packages, *unreadable, *unmatched, *layers, *os, *subject; /* owned */
	bool ours; /* the image as a whole is described by us */
};

/* One package of an SBOM as its format has it; all borrowed, "" when it has no such thing. */
struct sbom_component {
	const char *ref; /* its id in the document, for messages */
	const char *name, *version, *purl;
	const json_t *ours;		     /* its entry in our own list, or NULL */
	const char *source, *source_version; /* what it was built from, where the format says */
	const char *license, *path, *layer;
};

/* One package more: of a catalog of ours, or counted as unmatched. E_FORMAT over a limit, and for
 * an entry of ours that is none. */
int sbom_add(struct sbom_reader *r, const struct sbom_component *c, struct err *e);

/* The distribution, by the name that some tool has for it; the first one stays. */
int sbom_set_os(struct sbom_reader *r, const char *name, const char *version, const char *codename,
		const char *pretty, struct err *e);

/* What of our own list belongs to the image: "layers", "unreadable", "os", "arch". */
int sbom_set_image(struct sbom_reader *r, const json_t *ours, struct err *e);
int sbom_set_subject(struct sbom_reader *r, const char *name, const char *digest,
		     const char *created, struct err *e);

int sbom_spdx(struct sbom_reader *r, const json_t *doc, struct err *e);
int sbom_cyclonedx(struct sbom_reader *r, const json_t *doc, struct err *e);

/* A string member, "" when there is none. */
const char *sbom_member(const json_t *o, const char *key);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/purl.h"
#include "scan/sbom/sbom.h"

#define OURS "plimsoll:" /* before what output/ wrote for us */

/* The list while it is made. */
struct sbom_reader {
	json_t *packages, *unreadable, *unmatched, *layers, *os, *subject; /* owned */
	json_t *systems; /* by what purls say of their distribution, that one; owned */
	bool ours;	 /* the image as a whole is described by us */
	bool image;	 /* the subject is that of an image in the document */
};

/* One package of an SBOM as its format has it; all borrowed, "" when it has no such thing. */
struct sbom_component {
	const char *ref; /* its id in the document, for messages */
	const char *name, *version, *purl;
	const json_t *ours;		     /* its entry in our own list, or NULL */
	const char *source, *source_version; /* what it was built from, where the format says */
	const char *source_rpm;		     /* the same as rpm has it, a file's name */
	const char *module;		     /* rpm's modularity label */
	const char *license, *path, *layer;
};
/* One with "" for everything. */
struct sbom_component sbom_component_empty(void);

/* One package more: of a catalog of ours, or counted as unmatched. E_FORMAT over a limit, and for
 * an entry of ours that is none. */
int sbom_add(struct sbom_reader *r, const struct sbom_component *c, struct err *e);
/* Counts what no catalog of ours is for, by its type. */
int sbom_unmatched(struct sbom_reader *r, const char *type, struct err *e);

/* The distribution, by the name that some tool has for it. The first stays, but for one whose
 * packages cannot be looked up: a kernel, a vendor's own system. */
int sbom_set_os(struct sbom_reader *r, const char *name, const char *version, const char *codename,
		const char *pretty, struct err *e);

bool sbom_known_os(const json_t *os); /* it has an ecosystem */

/* Keeps with a package of the list what its purl says of its distribution. */
int sbom_note_system(struct sbom_reader *r, json_t *package, const struct purl *p, struct err *e);
/* Once all are read: the image's distribution is that of its packages where nothing else said
 * which, and a package of another one is marked as of that one's ecosystem. */
int sbom_settle_systems(struct sbom_reader *r, struct err *e);

/* What of our own list belongs to the image: "layers", "unreadable", "os", "arch". */
int sbom_set_image(struct sbom_reader *r, const json_t *ours, struct err *e);
int sbom_set_subject(struct sbom_reader *r, const char *name, const char *digest,
		     const char *created, struct err *e);

/* The document in a file: JSON, or SPDX's tags and values as if they had been JSON, out of what
 * it is wrapped in (an attestation, an answer of a tool). Owned. */
int sbom_load(struct str text, json_t **ret, struct err *e);
int sbom_tag_value(struct str text, json_t **ret, struct err *e);

int sbom_spdx(struct sbom_reader *r, const json_t *doc, struct err *e);
int sbom_cyclonedx(struct sbom_reader *r, const json_t *doc, struct err *e);
int sbom_syft(struct sbom_reader *r, const json_t *doc, struct err *e);

/* A string member, "" when there is none. */
const char *sbom_member(const json_t *o, const char *key);
/* The first that is not empty. */
const char *sbom_first(const char *a, const char *b);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/output/output.h"

/* What the formats share. */
#define TOOL "plimsoll"
#define LIST_PREFIX "plimsoll:" /* of what in an SBOM only we read back, see sbom.h */

enum { LIMIT_REF_TEXT = 2 * 4096 };

/* The packages of a list in order of name, version, architecture and place, each with its purl and
 * a name of its own within the document: the purl, with a number where the same stands twice. */
struct package_ref {
	const json_t *package; /* borrowed from the list */
	char *purl, *ref;
};
struct package_refs {
	struct package_ref *v;
	size_t n;
	const struct package_ref **by_address; /* for package_ref_of() */
};
int package_refs(const json_t *list, struct package_refs *ret, struct err *e);
void package_refs_free(struct package_refs *refs);
static inline void package_refs_release(struct package_refs *refs)
{
	package_refs_free(refs);
}
#define auto_package_refs __attribute__((cleanup(package_refs_release))) struct package_refs
const struct package_ref *package_ref_of(const struct package_refs *refs, const json_t *package);

/* A string member, "" when there is none. */
const char *member(const json_t *o, const char *key);

/* A UUID made of a document's content (RFC 9562, version 8 over SHA-256). */
enum { UUID_LEN = 36 };
int output_uuid(const char *kind, const json_t *doc, char ret[static UUID_LEN + 1], struct err *e);

/* "CVSSv31" and the like, as CycloneDX names the version of a vector; NULL for none. */
const char *cvss_method(const char *vector);

/* Where to read about an advisory: a page of whoever gave the id. "" when nobody is known. Appends.
 */
void advisory_url(const char *id, struct buf *ret);
/* Who gave the id: "NVD", "GitHub"...; "" when unknown. */
const char *advisory_publisher(const char *id);

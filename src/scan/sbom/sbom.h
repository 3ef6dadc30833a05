/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"
#include "scan/subject.h"

/*
 * An SBOM in place of an image: SPDX 2.x (JSON, or tags and values), CycloneDX 1.2 to 1.7 (JSON)
 * and Syft's own JSON, of ours or of others, bare or in an attestation, to a package list (scan.h).
 * An SBOM of ours gives the very list that it was made of. Of others' packages, purls tell the
 * catalog, name, version and distribution; source packages come from purls and from what Syft and
 * Trivy write beside them.
 */
enum {
	LIMIT_SBOM_BYTES = 128 * 1024 * 1024,
	LIMIT_SBOM_PACKAGES = 200 * 1000,
	LIMIT_SBOM_FIELD = 1024, /* a name, version or architecture */
	LIMIT_SBOM_DEPTH = 64,	 /* components within components */
};

struct sbom {
	json_t *list; /* owned */
	struct subject subject;
};
void sbom_free(struct sbom *s);
static inline void sbom_release(struct sbom *s)
{
	sbom_free(s);
}
#define auto_sbom __attribute__((cleanup(sbom_release))) struct sbom

/* Reads a file, "-" for standard input, in the sandbox. E_FORMAT for what is no SBOM that we read;
 * what of it cannot be matched is in the list as "unreadable" or "unmatched". */
int sbom_read(const char *path, struct sbom *ret, struct err *e);

/* The parser alone: text to {"list":…,"subject":{…}}. Owned. */
int sbom_parse(struct str text, json_t **ret, struct err *e);

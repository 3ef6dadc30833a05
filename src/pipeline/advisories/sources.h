/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/*
 * Where advisories come from: what we know of ourselves, changed and added to by the configuration,
 * by name:
 *
 *   advisories:
 *     sources:
 *       debian: {url: https://mirror.example/debian/tracker.json}    a mirror
 *       redhat: {enabled: false}
 *       osv: {ecosystems: [Go, AlmaLinux]}
 *       ours: {type: file, url: https://advisories.example, paths: [a.json, b.json.gz]}
 *
 * type file: the URL, or each of its paths, is a file that advisories are imported from. osv: a
 * bucket as OSV lays it out, ECOSYSTEM/all.zip, modified_id.csv and ID.json. csaf: a folder of CSAF
 * documents with changes.csv and an archive that archive_latest.txt names.
 */
enum source_type { SOURCE_FILE, SOURCE_OSV, SOURCE_CSAF };

struct advisory_source {
	char *name;
	char *url;	   /* without "/" at its end */
	struct strv parts; /* paths of a file, ecosystems of osv */
	enum source_type type;
	bool enabled;
	bool insecure; /* may be plain http to another machine */
};

enum { LIMIT_SOURCES = 64, LIMIT_SOURCE_NAME = 64, LIMIT_SOURCE_PARTS = 256 };

struct advisory_sources {
	struct advisory_source v[LIMIT_SOURCES];
	size_t n;
};

/* section is "advisories" of the configuration, or NULL. E_USAGE names what is wrong. */
int advisory_sources_read(const json_t *section, struct advisory_sources *ret, struct err *e);
/* The one of a name, or NULL. */
struct advisory_source *advisory_sources_find(struct advisory_sources *s, const char *name);
void advisory_sources_free(struct advisory_sources *s);
static inline void advisory_sources_release(struct advisory_sources *s)
{
	advisory_sources_free(s);
}
#define auto_sources __attribute__((cleanup(advisory_sources_release))) struct advisory_sources

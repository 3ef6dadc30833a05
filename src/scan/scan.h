/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "base/progress.h"
#include "oci/store.h"
#include "scan/severity.h"

/*
 * From an image to its findings, in two steps that can be taken apart: which packages it has
 * (read from its layers once, kept by layer digest), and what today's advisories say of them. The
 * second step alone is what admission does: it needs no layer.
 */
#define SCAN_LIST_SCHEMA "plimsoll.packages/v2"
#define SCAN_REPORT_SCHEMA "plimsoll.report/v2"

/*
 * The packages of an image as one document:
 *
 *   {"schema":…, "ecosystem":"Debian:12", "os":{"id","version_id","name"},
 *    "layers":[{"digest","instruction"}],
 *    "packages":[{"name","version","arch","source","source_version","catalog","layer":0,"path"}],
 *    "unreadable":[{"path","layer","error"}]}
 *
 * A package's path is the database or the binary that it was read from. It may have besides:
 * "ecosystem" (where it is not the list's: "Go"), "license", "module" (rpm's modularity label),
 * "replaces" (Go: the module that this one stands in for), "os" (Go: GOOS) and "owner" (the name of
 * the distribution's package that the binary belongs to: then its advisories are the distribution's
 * matter). Files that packages own are not in it, see image_layers.h.
 *
 * Read from an SBOM (sbom/sbom.h), a package may have no layer or path, and the list may have
 * "unmatched": an object from the type of packages that no catalog is for to how many there were.
 *
 * What later layers hide is not in it. A package's layer is the one that brought this version; its
 * instruction is what the image's history says of that layer. Owned by the caller.
 */
int scan_packages(const struct state *state, const struct store *store, const struct desc *image,
		  struct progress *p, json_t **ret, struct err *e);

struct finding {
	char *advisory; /* the id to show: a CVE where there is one */
	char *aliases;	/* its other names, separated by spaces */
	char *title;	/* "" when the advisory has none */
	char *fixed;	/* "" when no fix is known */
	char *status;	/* what the distribution says of it: "no-dsa", "wont-fix"...; often "" */
	char *vector;	/* the CVSS vector that the score is of, or "" */
	char *unit;	/* the record that said so, "osv/DSA-5532-1" */
	char *severity_from; /* the one that the severity is of, maybe of another package; or "" */
	enum severity severity;
	int score;		     /* CVSS base score in tenths; -1: none */
	bool exploited, ransomware;  /* known to be (CISA KEV) */
	char exploited_since[11];    /* "2026-01-02", the day it was listed; "" */
	int epss_ppm, epss_rank_ppm; /* EPSS probability and percentile in millionths; -1: none */
	const json_t *package;	     /* of the list, or the release; borrowed from the report */
};

struct report {
	json_t *list;		  /* the packages, owned */
	json_t *release;	  /* the distribution as a package, of the finding about its end */
	struct finding *findings; /* the most urgent first; owned */
	size_t findings_n, findings_alloc;
	bool has_advisories; /* there is a database */
	/* The ecosystems of packages that it says nothing of; "" for those that nobody knows. */
	struct strv uncovered;
	int64_t advisories_date; /* when it last changed; 0: never */
	/* When the source that was asked longest ago last answered, and which that is ("" when
	 * nothing was noted: then as advisories_date); 0: it never did. */
	int64_t advisories_checked;
	char advisories_oldest[72];
};

/* Matches a package list, of today or recorded earlier, against the database as it is now. No
 * database is no error here: the report says so, and the gate refuses. list is borrowed. */
int scan_match(const struct state *state, const json_t *list, struct report *ret, struct err *e);

/* Both steps. */
int scan_image(const struct state *state, const struct store *store, const struct desc *image,
	       struct progress *p, struct report *ret, struct err *e);

void report_free(struct report *r);
static inline void report_release(struct report *r)
{
	report_free(r);
}
#define auto_report __attribute__((cleanup(report_release))) struct report

/* The report as a document of SCAN_REPORT_SCHEMA. Owned. */
int report_json(const struct report *r, json_t **ret, struct err *e);

/* What was not checked, and so has not passed: "could not read…", "unknown distribution…", "no
 * advisories…". One line each. */
int report_unchecked(const struct report *r, struct strv *ret, struct err *e);

/* What a reader has to know beside the findings: the above, and that there was nothing to check. */
int report_notes(const struct report *r, struct strv *ret, struct err *e);

/* Where a finding's package came from: the layer's digest and instruction; "" when unknown. */
const char *report_layer(const struct report *r, const struct finding *f);
const char *report_instruction(const struct report *r, const struct finding *f);

struct gate {
	enum severity fail_on; /* findings of this severity and above; unknown: all findings */
	bool ignore_unfixed;   /* findings without a known fix pass */
	int64_t max_age;       /* seconds; older advisories refuse; 0: of any age */
};

/* E_POLICY when a source of the advisories was not asked with success within max_age seconds. */
int scan_fresh(const struct report *r, int64_t max_age, struct err *e);

/*
 * E_POLICY when a finding is over the line, or when something could not be checked that has to be:
 * a package list that could not be read, packages of a distribution that we do not know or have no
 * advisories for, advisories older than max_age. The message names how many and the worst. An image
 * without packages passes. ret_n (may be NULL) is always set, to how many findings are over the
 * line.
 */
int scan_gate(const struct report *r, const struct gate *g, size_t *ret_n, struct err *e);

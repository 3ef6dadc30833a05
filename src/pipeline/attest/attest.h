/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "build/build.h"
#include "build/commit_time.h"
#include "pipeline/road.h"
#include "scan/scan.h"
#include "trust/predicates.h"

/*
 * What ship says of an image beside its signature: in-toto statements (Statement v1), described in
 * docs/attestations.md. Predicates are pure: the same input gives the same bytes.
 */
#define GATE_POLICY "urn:plimsoll:gate:v1"
#define ADMISSION_ID "urn:plimsoll:admission"
#define BUILDER_ID_DEFAULT "urn:plimsoll:builder"

/* Who builds, and when, where that is to be told. */
struct attest_run {
	const char *builder;	   /* an absolute URI */
	int64_t started, finished; /* unix seconds; 0: not told, so that the bytes are the same
				      for the same build */
	const char *invocation;	   /* told with the times; or NULL */
	const struct commit_source *before; /* as provenance_source() had it before the build, so
					       that a tree that changed meanwhile is told */
};

/* What the build's context is a checkout of, now. False: it is a folder of none, or no folder. */
bool provenance_source(const struct build_opts *opts, struct commit_source *ret);

/* SLSA provenance v1. opts and what it refers to as build_run() was given them: values of build
 * arguments are in it, secrets are not. Owned. */
int provenance_predicate(const struct build_opts *opts, const struct build_result *built,
			 const struct attest_run *run, json_t **ret, struct err *e);

/* in-toto's vulns v0.2. Owned. */
int vulns_predicate(const struct report *report, int64_t started, int64_t finished, json_t **ret,
		    struct err *e);

/* A decision: SLSA verification summary v1, PASSED or FAILED. inputs is an array of
 * {"uri","digest"} of what was looked at, borrowed. Owned. */
struct attest_summary {
	const char *verifier; /* an absolute URI */
	const struct ref *ref;
	const struct desc *image;
	const struct gate *gate;
	int64_t time;
	json_t *inputs;
	bool passed;
};
int summary_predicate(const struct attest_summary *s, json_t **ret, struct err *e);

/* The statement about a manifest, named by its repository. predicate is borrowed. Owned. */
int statement_make(const char *type, json_t *predicate, const struct ref *ref,
		   const struct desc *image, json_t **ret, struct err *e);

/* An absolute URI of at most 512 characters. E_USAGE. */
int attest_check_uri(const char *what, const char *s, struct err *e);

/* What ship attaches to road->image, which was built, scanned and let through: provenance, SBOM,
 * scan report, and the decision about them. */
struct attestation_set {
	const struct build_opts *opts;
	const struct build_result *built;
	const struct report *report;
	const struct gate *gate;
	const struct ref *to;	       /* the repository that the statements name */
	struct attest_run run;	       /* started, finished: of the build */
	int64_t scan_started, scanned; /* of the scan */
	const char *key, *passphrase;  /* as trust_sign_opts has them */
};
enum { ATTESTATIONS = 4, ATTEST_AGAIN = 3600 };
/*
 * Signs and attaches all of them in the store; one entry "attest" in the trail. What the same key
 * said before in the same words is not said again; nor is a scan or decision that differs from one
 * of the last ATTEST_AGAIN seconds in its time only. ret_n (may be NULL): how many are new.
 */
int step_attest(const struct road *road, const struct attestation_set *s, size_t *ret_n,
		struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/ref.h"
#include "pipeline/road.h"
#include "trust/trust.h"

/*
 * The compiled advisories as an OCI artifact, so that one host asks the sources and all others ask
 * a registry: one layer, the database; a configuration, when each source was asked. Its date is an
 * annotation, "org.opencontainers.image.created", and so is signed with the manifest.
 */
#define ADVISORIES_ARTIFACT_TYPE "application/vnd.plimsoll.advisories.v1+json"
#define ADVISORIES_LAYER_TYPE "application/vnd.plimsoll.advisories.v1+sqlite3"
#define ADVISORIES_SOURCES "dev.plimsoll.advisories.sources" /* annotation: their names */
#define LIMIT_ADVISORIES_LAYER ((uint64_t)4 * 1024 * 1024 * 1024)

struct published {
	struct desc manifest;
	int64_t date;  /* of the advisories */
	uint64_t size; /* of the database */
};

/* Signs and sends. Recorded as "advisories-publish". */
int advisories_publish(const struct road *road, const struct ref *ref,
		       const struct trust_sign_opts *sign, struct published *ret, struct err *e);

/*
 * Fetches, and makes it this host's database, whole, when the trust policy accepts a signature of
 * it (E_VERIFY) and it is not older than what is here, unless force (E_POLICY: no roll-back).
 * Recorded as "advisories-fetch". *ret_changed: it is another than before.
 */
int advisories_fetch(const struct road *road, const struct ref *ref, bool force,
		     struct published *ret, bool *ret_changed, struct err *e);

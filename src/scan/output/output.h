/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "scan/scan.h"
#include "scan/subject.h"

/*
 * A package list or a report in the formats of others. Pure functions: the same input gives the
 * same bytes, wherever and whenever. All text in them (titles, versions, instructions) comes from
 * outside and is written so that no reader of the format takes it for anything else.
 */

/* SPDX 2.3 as JSON. The document's namespace is made of its content. Owned. */
int output_spdx(const struct subject *s, const json_t *list, json_t **ret, struct err *e);

/* CycloneDX 1.6 as JSON; with a report (else NULL) its findings are in it as vulnerabilities, each
 * package of which must be the list's. Owned. */
int output_cyclonedx(const struct subject *s, const json_t *list, const struct report *r,
		     json_t **ret, struct err *e);

/* SARIF 2.1.0, as code scanning services take it. Owned. */
int output_sarif(const struct subject *s, const struct report *r, json_t **ret, struct err *e);

/* JUnit's XML: a test case that failed for each finding, an error for what could not be checked. */
int output_junit(const struct subject *s, const struct report *r, struct buf *ret, struct err *e);

/* One HTML page that needs nothing but itself. */
int output_html(const struct subject *s, const struct report *r, struct buf *ret, struct err *e);

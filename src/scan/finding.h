/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/match.h"
#include "scan/scan.h"

/* From matches to findings: one for each vulnerability of a package, whatever the number of records
 * that tell of it, in the order in which a person would mend them. */

/* Fills report->findings, and report->uncovered. report->list is set. */
int findings_collect(struct advisory_db *db, struct report *report, struct err *e);
/* The same without what is known of a vulnerability itself (KEV, EPSS, how others rate it): in the
 * list's order. */
int findings_match(struct advisory_db *db, struct report *report, struct err *e);

/* Known to be exploited first; then by severity, EPSS in whole percents, what can be mended before
 * what cannot, score and name. The same package twice, for two architectures, becomes one. */
void findings_sort(struct report *report);

/* One more finding, zeroed but for its strings, which are "" and owned. The pointer is valid until
 * the next one. */
int finding_add(struct report *report, struct finding **ret, struct err *e);
int finding_set(char **field, const char *value, struct err *e);
/* A member of the finding's package; "" when it has none. */
const char *finding_package(const struct finding *f, const char *member);

/* When the image's release is past its end of life by now (unix seconds), a finding that says so.
 */
int finding_eol(struct report *report, int64_t now, struct err *e);

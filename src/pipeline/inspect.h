/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"
#include "scan/scan.h"

/* Inspection on the road: scan and gate, each ending in its entry of the trail. */

/* {"critical":N,...,"packages":N}, how many findings of each severity. Owned; NULL: out of memory.
 */
json_t *report_summary(const struct report *r);

/* Reads the packages of road->image and matches them against today's advisories. */
int step_scan(const struct road *road, struct report *ret, struct err *e);

/* The same for a package list that came from elsewhere: road->name says from where. */
int step_match(const struct road *road, const json_t *list, struct report *ret, struct err *e);

/* E_POLICY when the report is over the line. */
int step_gate(const struct road *road, const struct report *r, const struct gate *g, struct err *e);

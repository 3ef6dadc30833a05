/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "pipeline/road.h"
#include "scan/scan.h"

/* What the commands on the road share. */

/* A road in the state folder, with its store; ended by cli_road_close(). name is borrowed. */
int cli_road(struct cli *c, const char *name, struct road *ret, struct err *e);
static inline void road_release(struct road *r)
{
	store_close(r->store);
}
#define auto_road __attribute__((cleanup(road_release))) struct road

/*
 * The line that findings must stay below. Without --fail-on (fail_on NULL), the configuration's
 * gate.fail-on and gate.ignore-unfixed; without those high, where findings without a known fix
 * pass.
 */
int cli_gate(struct cli *c, const char *fail_on, bool ignore_unfixed, struct gate *ret,
	     struct err *e);

/* "2 critical, 1 high in 90 packages", or "no findings in 90 packages": one line about a report. */
int cli_report_line(const struct report *r, struct buf *ret, struct err *e);

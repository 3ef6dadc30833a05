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

/* The road's image: the store's, else what its registry has of it (step_look()). "docker://REF" is
 * the registry's; then the road's name goes on without that. */
int cli_look(struct road *road, struct ref *ret, struct err *e);

/* --max-age, else gate.max-age of the configuration, in seconds; 0: neither is given. */
int cli_max_age(struct cli *c, const char *max_age, int64_t *ret, struct err *e);

/*
 * The line that findings must stay below. Without --fail-on (fail_on NULL), the configuration's
 * gate.fail-on and gate.ignore-unfixed; without those high, where findings without a known fix
 * pass.
 */
int cli_gate(struct cli *c, const char *fail_on, bool ignore_unfixed, const char *max_age,
	     struct gate *ret, struct err *e);

#define MAX_AGE_OPTION(type)                                                                       \
	OPT_AT(type, max_age, "max-age", 0, OPT_STRING, "DURATION",                                \
	       "refuse when a source of the advisories was not asked for longer: 24h, 7d")

/* "2 critical, 1 high in 90 packages", or "no findings in 90 packages": one line about a report. */
int cli_report_line(const struct report *r, struct buf *ret, struct err *e);

/* cmd_tags.c: the repository that an argument names; E_USAGE with a tag or digest. */
int cli_parse_repository(const char *arg, struct ref *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/unit_make.h"

/* What is particular to a distribution in OSV documents; for osv.c alone. */

/* Adds the ranges and versions of an entry of "affected" to its row; total counts those of the
 * document. */
int osv_ranges(const json_t *affected, const char *ecosystem, json_t *row, size_t *total,
	       struct err *e);

/* The platforms of a Go module's entry, to the row's "on". */
int osv_platforms(const json_t *affected, json_t *row, struct err *e);

/*
 * Ubuntu Pro. A fix that stands under "Ubuntu:Pro:22.04:LTS" only is none for a machine without
 * Pro: the rows of "Ubuntu:22.04:LTS" then say that the package is affected, without a fix, with
 * status "pro-only". rows are of the unit, which is given its ecosystems.
 */
int osv_ubuntu(json_t *unit, json_t *rows, struct err *e);

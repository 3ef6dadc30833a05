/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"

/*
 * The names under which advisories for a distribution may stand, its own first, the family's
 * ("Debian") last: publishers name support phases ("Ubuntu:24.04:LTS"), repositories ("Red
 * Hat:enterprise_linux:9::baseos") and products ("SUSE:Linux Enterprise Module for Basesystem 15
 * SP5") that os-release does not tell, and an image has packages of several. Appends.
 */
int ecosystem_names(const char *ecosystem, struct strv *ret, struct err *e);

/* What the advisories of an ecosystem name: the packages that are installed, each with its own
 * version, the sources that they were built from, or, as it comes, either. */
enum ecosystem_naming { NAMES_PACKAGES, NAMES_SOURCES, NAMES_BOTH };
enum ecosystem_naming ecosystem_naming(const char *ecosystem);

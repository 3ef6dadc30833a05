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

/* True where advisories name binary packages, each with its own version: then the source package
 * that they were built from says nothing more. */
bool ecosystem_of_binaries(const char *ecosystem);

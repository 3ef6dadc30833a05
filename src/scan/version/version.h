/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/*
 * How distributions order versions. Each function is pure, returns less than, equal to or greater
 * than 0, and is a total order over any bytes, so that hostile versions cannot confuse a search.
 * The _valid functions tell whether the tool itself would take the text for a version: what is no
 * version cannot be compared in good faith, and its caller has to err on the safe side.
 */
enum { LIMIT_VERSION = 256 };

/* deb-version(7): [epoch:]upstream[-revision]. */
int version_dpkg_compare(struct str a, struct str b);
bool version_dpkg_valid(struct str v);

/* apk-tools v3: digits{.digits}[letter]{_suffix[number]}[~hash][-rN]. */
int version_apk_compare(struct str a, struct str b);
bool version_apk_valid(struct str v);
/* Whether two of which one is no version part before what is wrong begins: "1.9.5p2-r0", as secdb
 * has it, is before 1.9.15, whatever "p2" would mean. */
bool version_apk_decided(struct str a, struct str b);

/* rpm-version(7) as of rpm 4.15 and later, with "~" and "^": [epoch:]version[-release]. */
int version_rpm_compare(struct str a, struct str b);
bool version_rpm_valid(struct str v);

/* vercmp(8) of pacman: [epoch:]pkgver-pkgrel. What pacman itself cannot put in order is not valid:
 * it comes first, by its text. */
int version_pacman_compare(struct str a, struct str b);
bool version_pacman_valid(struct str v);

/* Semantic versions as Go's modules have them, the "v" before them or not. What is none comes
 * first, by its text: "(devel)". */
int version_go_compare(struct str a, struct str b);
bool version_go_valid(struct str v);

/* Releases of the kernel: "6.1.55", "6.6-rc3". What is none comes first, by its text. */
int version_linux_compare(struct str a, struct str b);
bool version_linux_valid(struct str v);

/* Which order an OSV ecosystem follows. NULL when we have none for it. */
struct version_order {
	const char *name;
	int (*compare)(struct str a, struct str b);
	bool (*valid)(struct str v);
	/* Whether what compare() says of two that may not be valid can be believed. NULL: never. */
	bool (*decided)(struct str a, struct str b);
};
/* Whether two versions can be compared in good faith. */
bool version_comparable(const struct version_order *order, struct str a, struct str b);
const struct version_order *version_order_of(struct str ecosystem);

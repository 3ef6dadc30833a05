/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/* Severities as scanners name them, in ascending order. What nobody rated is unknown. */
enum severity {
	SEVERITY_UNKNOWN,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
};
enum { SEVERITIES = SEVERITY_CRITICAL + 1 };

const char *severity_name(enum severity s); /* "high" */

/* A name given by a user, in any case. E_USAGE. */
int severity_parse(const char *s, enum severity *ret, struct err *e);

/* The words of distributions: "moderate", "important", Debian's urgencies, Ubuntu's priorities.
 * Unknown for any other. */
enum severity severity_of_word(const char *word);

/* By the qualitative scale (CVSS 3.1, section 5), from a score in tenths; a score of 0 rates as low
 * because it is still a finding. Negative: unknown. */
enum severity severity_of_score(int tenths);

/*
 * The base score of a CVSS vector, in tenths: versions 3.0 and 3.1 (section 7.1) and 2.0 (section
 * 3.2.1). Of version 4.0 (section 8), where one score stands for all metrics, it is that of the
 * whole vector. -1 for what is no vector.
 */
int cvss_score(const char *vector);

/* What is behind "CVSS:4.0/". */
int cvss4_score(struct str vector);

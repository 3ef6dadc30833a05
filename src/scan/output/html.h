/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/group.h"
#include "scan/output/internal.h"
#include "scan/output/xml.h"

/* The parts of the page, each in a file of its own. */
extern const char html_style[], html_script[]; /* html_style.c */

/* What the whole page counts: each vulnerability once for each package to upgrade. */
struct html_counts {
	size_t total, severity[SEVERITIES], exploited, fixable, mending; /* mending: groups */
};

/* The picture: a square for each vulnerability, by layer, linked to its row. */
void html_layers(struct buf *b, const struct report *r, const struct finding_groups *groups);
/* A card for each package to upgrade. */
void html_groups(struct buf *b, const struct finding_groups *groups);

/* "RUN /bin/sh -c apt-get…" without what builders write around it, escaped. */
void html_instruction(struct buf *b, const char *text);
/* "s4": the class of a severity. */
const char *html_class(enum severity s);

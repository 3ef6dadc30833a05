/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "scan/output/output.h"

/* The formats of scan and sbom. */
enum scan_format {
	SCAN_TABLE,
	SCAN_JSON,
	SCAN_SARIF,
	SCAN_JUNIT,
	SCAN_HTML,
	SCAN_SPDX,
	SCAN_CYCLONEDX,
};

/* name is that of --format; NULL: what the global option says. E_USAGE. */
int scan_format_parse(const struct cli *c, const char *name, enum scan_format *ret, struct err *e);

/* Prints a report in a format other than SCAN_TABLE and SCAN_JSON. */
int scan_print(struct cli *c, enum scan_format format, const struct subject *s,
	       const struct report *r, struct err *e);
/* Prints a package list as an SBOM, without findings. */
int sbom_print(struct cli *c, enum scan_format format, const struct subject *s, const json_t *list,
	       struct err *e);

/* SOURCE_DATE_EPOCH, or -1 when it is not set. E_USAGE. */
int source_date_epoch(int64_t *ret, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/catalog/rpm.h"

static inline int check_path(void *arg, struct str package, struct str path, struct err *e)
{
	(void)arg;
	(void)e;
	if (!package.n || !path.n || *path.p == '/' || memchr(path.p, '\0', path.n))
		__builtin_trap();
	return 0;
}

/* Reads a header and its files as a database's reader would; what was accepted is whole. */
static inline int check_header(void *arg, struct str blob, struct err *e)
{
	auto_json *packages = json_array();
	struct catalog_out out = { .path = "fuzz", .packages = packages, .file = check_path };
	struct rpm_header h;
	size_t i;
	json_t *p;
	int r = rpm_header_parse(blob, &h, e);

	(void)arg;
	r = r < 0 ? r : rpm_add(&out, &h, e);
	r = r < 0 ? r : rpm_header_files(&h, &out, e);
	r = r < 0 ? r : rpm_mend_epochs(packages, 0, e);
	json_array_foreach(packages, i, p) if (!*json_string_or_null(p, "name") ||
					       !*json_string_or_null(p, "version") ||
					       !*json_string_or_null(p, "source") ||
					       !*json_string_or_null(p, "source_version"))
		__builtin_trap();
	return r;
}

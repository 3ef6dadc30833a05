/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "rpm_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both files of a package, and rpm's manifest, which is text as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const catalog_parse_fn parsers[] = { catalog_pacman_desc, catalog_pacman_files,
						    catalog_rpm_manifest };
	auto_json *packages = json_array();
	struct catalog_out out = { .path = "var/lib/pacman/local/a-1-1/files",
				   .packages = packages,
				   .file = check_path };
	size_t i;
	json_t *p;

	for (i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		struct err e = ERR_INIT;

		(void)parsers[i]((struct str){ (const char *)data, size }, &out, &e);
	}
	json_array_foreach(packages, i, p) if (!*json_string_or_null(p, "name") ||
					       !*json_string_or_null(p, "version") ||
					       !*json_string_or_null(p, "source") ||
					       !*json_string_or_null(p, "source_version"))
		__builtin_trap();
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A path on the first line, then the patterns. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dockerfile/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, first;
	auto_ignore g = { 0 };
	struct err e = ERR_INIT;

	if (size > 8192 || !str_line(&rest, &first))
		return 0;

	auto_free char *path = str_dup(first);

	if (!path || !*path || ignore_parse(rest, "f", &g, &e) < 0)
		return 0;
	path_clean(path);
	(void)ignore_match(&g, path);
	return 0;
}

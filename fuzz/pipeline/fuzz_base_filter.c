/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "pipeline/base/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* dpkg's status up to a NUL, then one package's list of files. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const wanted[] = { "base-files", "libc6" };
	const char *text = (const char *)data, *nul = memchr(data, '\0', size);
	const size_t n = nul ? (size_t)(nul - text) : size;
	auto_json *keep = json_object();
	auto_json *paths = json_object();
	const char *path;
	json_t *value;

	if (filter_packages((struct str){ text, n }, wanted, 2, keep, NULL) == 0 &&
	    (!json_object_get(keep, "base-files") || !json_object_get(keep, "libc6")))
		__builtin_trap();
	if (!nul || filter_take_list((struct str){ nul + 1, size - n - 1 }, paths, NULL) < 0)
		return 0;
	json_object_foreach(paths, path, value) if (!filter_wants(paths, path)) __builtin_trap();
	return 0;
}

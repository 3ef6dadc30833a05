/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/sbom/sbom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was accepted is a list that can be matched: each package has what matching asks for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const members[] = { "name",	 "version",	   "arch",
					       "source", "source_version", "catalog" };
	auto_json *doc = NULL;
	struct err e = ERR_INIT;
	const json_t *list;
	size_t i;
	json_t *p;

	if (sbom_parse((struct str){ (const char *)data, size }, &doc, &e) < 0) {
		if (!e.msg[0])
			__builtin_trap();
		return 0;
	}
	list = json_object_get(doc, "list");
	if (!json_string_or_null(list, "schema") || !json_string_or_null(list, "ecosystem"))
		__builtin_trap();
	json_array_foreach(json_object_get(list, "packages"), i, p)
	{
		for (size_t m = 0; m < sizeof(members) / sizeof(*members); m++)
			if (!json_string_or_null(p, members[m]))
				__builtin_trap();
	}
	return 0;
}

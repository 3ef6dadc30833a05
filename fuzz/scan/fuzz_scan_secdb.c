/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"
#include "units.h"

const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer of its own on some long scalars. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json *doc = NULL, *unit = NULL;
	struct err e = ERR_INIT;

	if (yaml_parse((const char *)data, size, "fuzz", &doc, &e) < 0 || !advisory_is_secdb(doc) ||
	    advisory_secdb(doc, &unit, &e) < 0)
		return 0;
	match_rows(unit);
	return 0;
}

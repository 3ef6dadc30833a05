/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer of its own on some long scalars. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	auto_json *j = NULL, *again = NULL;
	auto_buf b = BUF_INIT(SIZE_MAX);

	if (yaml_parse((const char *)data, size, "fuzz", &j, &e) < 0)
		return e.msg[0] == '\0' ? __builtin_trap(), 0 : 0;
	/* What was accepted is a value that JSON can hold. */
	if (json_canonical(j, &b, &e) < 0 || json_parse(buf_str(&b), b.n, "fuzz", &again, &e) < 0 ||
	    !json_equal(j, again))
		__builtin_trap();
	return 0;
}

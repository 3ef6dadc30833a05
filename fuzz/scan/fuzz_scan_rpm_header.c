/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "rpm_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str file = { (const char *)data, size };
	struct err e = ERR_INIT;

	(void)check_header(NULL, file, &e);
	return 0;
}

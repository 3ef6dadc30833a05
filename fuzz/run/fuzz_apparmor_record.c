/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the kernel's log; all that is told of one is printable, and on one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run/denials/apparmor_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct apparmor_record r;
	char *line = strndup((const char *)data, size);

	if (line && apparmor_record(line, &r)) {
		look(r.what);
		look(r.path);
		look(r.line);
		look(r.profile);
	}
	free(line);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/status and control group files, as the guard reads them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "confine/guard/guard.h"
#include "confine/guard/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[8192];
	struct task t = { 0 };

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)task_parse(text, &t);
	if (t.groups_n > TASK_GROUPS)
		abort();
	(void)groups_value(text, "oom_kill");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a --mount, with and without variables. What parses holds what its type needs. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dockerfile/run_mount.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, const struct expand *x)
{
	auto_run_mount m = { 0 };
	struct err e = ERR_INIT;

	if (run_mount_parse(text, x, &m, &e) < 0)
		return;
	if (!m.source || (m.type == RUN_MOUNT_SECRET && !m.id) ||
	    (m.type == RUN_MOUNT_SSH && !m.id) || (m.type <= RUN_MOUNT_TMPFS && !m.target) ||
	    m.mode > 07777)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	auto_free char *text = size < 65536 ? str_dup(s) : NULL, *from = NULL;
	auto_vars vars = { 0 };
	const struct expand x = { .escape = '\\', .sets = { &vars } };
	struct err e = ERR_INIT;

	if (!text || vars_set(&vars, "a", "b,c=\"d", &e) < 0)
		return 0;
	parse(text, NULL);
	parse(text, &x);
	(void)run_mount_from(text, &from, &e);
	return 0;
}

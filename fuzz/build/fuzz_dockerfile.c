/* SPDX-License-Identifier: Apache-2.0 */
/* Parses and plans; what is accepted must hold together. */
#include <stdint.h>
#include <stdlib.h>

#include "build/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_dockerfile d = { 0 };
	auto_plan p = { 0 };
	auto_vars args = { 0 };
	struct plan_opts o = { .build_args = &args, .os = "linux", .arch = "amd64" };
	struct err e = ERR_INIT;

	if (dockerfile_parse((struct str){ (const char *)data, size }, "Dockerfile", &d, &e) < 0)
		return 0;
	for (size_t i = 0; i < d.n; i++) {
		const struct df_node *n = &d.nodes[i];
		size_t len = strlen(n->text);

		for (size_t k = 0; k < n->args_n; k++)
			if (n->args[k].at + n->args[k].len > len)
				abort();
		for (size_t k = 0; k < n->docs_n; k++)
			if (!n->docs[k].content)
				abort();
		(void)df_fail(&d, n, len, 0, &e, "at the end");
	}
	(void)plan_make(&d, &o, &p, &e);
	return 0;
}

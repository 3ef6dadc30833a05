/* SPDX-License-Identifier: Apache-2.0 */
/* Parses and plans; what is accepted must hold together. */
#include <stdint.h>
#include <stdlib.h>

#include "build/plan.h"
#include "dockerfile/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The build checks: what they find must point into the text and be one line. */
static void check(const struct dockerfile *d, const struct plan_opts *po)
{
	auto_vars none = { 0 }, platform = { 0 };
	auto_ignore ignore = { 0 };
	auto_lint l = { 0 };
	struct lint_opts o = { .build_args = &none, .platform = &platform, .ignore = &ignore };

	if (plan_platform(d, po, &platform, NULL) < 0 ||
	    ignore_parse(STR("*.c\nd\n"), "I", &ignore, NULL) < 0)
		abort();
	if (lint_run(d, &o, &l, NULL) < 0)
		return;
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].line < 1 || l.v[i].column < 1 || strchr(l.v[i].message, '\n') ||
		    (i && l.v[i - 1].line > l.v[i].line))
			abort();
}

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
	check(&d, &o);
	(void)plan_make(&d, &o, &p, &e);
	return 0;
}

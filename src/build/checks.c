/* SPDX-License-Identifier: Apache-2.0 */
#include "build/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/work.h"
#include "oci/ref.h"

/* The environment of an image in the store. Nothing is built on it here: its signature is asked for
 * by FROM. */
static bool is_reference(const char *name)
{
	struct ref ref;

	return ref_parse(name, &ref, NULL) == 0;
}

static int stored_env(void *arg, const char *name, struct vars *ret)
{
	struct store *s = arg;
	struct draft d = { 0 };
	struct desc image;
	struct ref ref;
	int r = ref_parse(name, &ref, NULL);

	if (r == 0)
		r = store_resolve(s, &ref, &image, NULL);
	if (r == 0)
		r = draft_from_image(s, &image, &d, NULL);
	if (r < 0)
		return 0;
	r = vars_copy(ret, &d.env, NULL);
	draft_free(&d);
	return r == 0;
}

static int warn(struct progress *p, const char *what, const char *text, struct err *e)
{
	auto_free char *line = NULL;

	if (asprintf(&line, "warning: %s%s", what, text) < 0)
		return FAIL_NOMEM(e);
	text_sanitize(line);
	progress_line(p, line);
	return 0;
}

static int tell(const struct work *w, const struct lint *found, struct err *e)
{
	struct progress *p = w->o->progress;
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->unknown.n; i++)
		r = warn(p, "there is no build check ", found->unknown.v[i], e);
	for (size_t i = 0; r == 0 && i < found->n; i++) {
		const struct lint_finding *f = &found->v[i];
		auto_buf line = BUF_INIT(4096);

		buf_printf(&line, "%s:%d: %s: %s", w->df.name, f->line, f->rule, f->message);
		r = warn(p, "", buf_str(&line), e);
	}
	return r;
}

int work_check(struct work *w, struct err *e)
{
	struct lint_opts o = { .build_args = &w->build_args,
			       .is_reference = is_reference,
			       .platform = &w->plan.platform,
			       .ignore = &w->ctx.ignore,
			       .base_env = w->o->store ? stored_env : NULL,
			       .arg = w->o->store };
	auto_lint found = { 0 };
	int r = lint_run(&w->df, &o, &found, e);

	if (r == 0)
		r = tell(w, &found, e);
	if (r < 0 || !found.error || found.n == 0)
		return r;
	r = FAIL(e, E_POLICY, "%s", found.v[0].text);
	return err_hint(e, r,
			"plimsoll build --check shows all; '# check=error=true' asks for this");
}

int build_check(const struct build_opts *o, struct lint *ret, struct err *e)
{
	auto_vars args = { 0 };
	auto_context ctx = CONTEXT_NONE;
	auto_dockerfile df = { 0 };
	auto_plan plan = { 0 };
	auto_vars platform = { 0 };
	struct lint_opts lo = { .build_args = &args,
				.platform = &platform,
				.ignore = &ctx.ignore,
				.is_reference = is_reference };
	struct plan_opts po = {
		.build_args = &args, .target = o->target, .os = "linux", .arch = oci_architecture()
	};
	struct err *first = e;
	int r = work_pairs(o->build_args, "build argument", &args, e), parsed;

	if (r == 0)
		r = context_open(&ctx, o->context, o->dockerfile, false, e);
	if (r < 0)
		return r;
	parsed = dockerfile_parse_some((struct str){ ctx.dockerfile, ctx.dockerfile_n },
				       ctx.dockerfile_name, &df, e);
	if (parsed < 0)
		first = NULL; /* what is wrong was said; what stands above it is looked at, too */
	r = plan_platform(&df, &po, &platform, first);
	if (r == 0)
		r = lint_run(&df, &lo, ret, first);
	if (parsed < 0)
		return parsed;
	return r < 0 ? r : plan_make(&df, &po, &plan, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* --pull of run and create: whether the registry is asked although the image is here. */
#include <string.h>

#include "cli/build/road.h"
#include "cli/container/run_attempt.h"
#include "pipeline/steps.h"
#include "registry/registry.h"

static int check_here(const struct road *road, const struct ref *ref, const char *image,
		      struct err *e)
{
	struct desc found;

	if (store_resolve(road->store, ref, &found, NULL) == 0)
		return 0;
	return err_hint(e,
			FAIL(e, E_NOTFOUND, "image '%s' is not here, and --pull is never", image),
			"plimsoll pull %s", image);
}

int run_pull_check(const char *word, struct err *e)
{
	if (!word || has_word("always missing never", word))
		return 0;
	return FAIL(e, E_USAGE, "--pull '%s': want always, missing or never", word);
}

int run_pull(const struct attempt *a, struct road *road, struct err *e)
{
	const char *word = a->opts->pull ?: "missing";
	struct ref ref;
	int r;

	/* What is started again is what was admitted first. */
	if (a->again || strcmp(word, "missing") == 0)
		return 0;
	r = ref_parse(road->name, &ref, e);
	if (r == 0 && strcmp(word, "never") == 0)
		return check_here(road, &ref, a->image, e);
	if (r == 0)
		r = registry_qualify(&ref, e);
	return r == 0 ? step_pull(road, &ref, false, NULL, e) : r;
}

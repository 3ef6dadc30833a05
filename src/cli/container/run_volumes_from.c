/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "cli/container/run_attempt.h"
#include "run/root/volume.h"

/* Both ways to name one, as the record of a container has them. */
struct way {
	const char *option;
	int (*parse)(const char *text, struct volume *ret, struct err *e);
	struct strv *into;
	const char *read_only; /* is added */
};

static bool has_target(const struct strv *list, const struct way *w, const char *target)
{
	for (size_t i = 0; i < list->n; i++) {
		struct volume v = { 0 };
		const bool same = w->parse(list->v[i], &v, NULL) == 0 && v.target &&
				  strcmp(v.target, target) == 0;

		volume_free(&v);
		if (same)
			return true;
	}
	return false;
}

/* What is its own alone (anonymous, in memory) goes with it and is left out. */
static int take(const struct way ways[static 2], const struct way *w, const char *text,
		bool read_only, struct err *e)
{
	struct volume v = { 0 };
	int r = w->parse(text, &v, e);

	if (r == 0 && (v.kind == VOLUME_BIND || v.kind == VOLUME_NAMED) &&
	    !has_target(ways[0].into, &ways[0], v.target) &&
	    !has_target(ways[1].into, &ways[1], v.target)) {
		const char *options = strchr(text, ':');
		const bool more = w == &ways[0] && options && strchr(options + 1, ':');

		r = strv_addf(w->into, e, "%s%s", text,
			      !read_only || v.read_only ? ""
			      : more			? ",ro"
							: w->read_only);
	}
	volume_free(&v);
	return r;
}

int run_volumes_from(const struct state *state, const char *text, struct strv *volumes,
		     struct strv *mounts, struct err *e)
{
	const struct way ways[] = {
		{ "volume", volume_parse, volumes, ":ro" },
		{ "mount", volume_parse_mount, mounts, ",ro" },
	};
	const char *options = strchr(text, ':');
	auto_free char *name = strndup(text, strcspn(text, ":"));
	auto_container found = CONTAINER_INIT;
	auto_json *asked = NULL;
	int r = name ? 0 : FAIL_NOMEM(e);

	if (r == 0 && options && !has_word("ro rw z Z ro,z rw,z ro,Z rw,Z", options + 1))
		return FAIL(e, E_USAGE, "--volumes-from '%.100s': want CONTAINER[:ro]", text);
	if (r == 0)
		r = container_find(state, name, &found, e);
	if (r == 0)
		r = run_asked(&found, &asked, e);
	for (size_t w = 0; r == 0 && w < sizeof(ways) / sizeof(*ways); w++) {
		const json_t *list = json_object_get(json_object_get(asked, "options"),
						     ways[w].option),
			     *one;
		size_t i;

		json_array_foreach(list, i, one) r =
			r < 0 ? r
			      : take(ways, &ways[w], json_string_value(one) ?: "",
				     options && starts_with(options, ":ro"), e);
	}
	return r < 0 ? WRAP(e, r, "--volumes-from") : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted where in a container, so that advice is about what was asked for. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "confine/profile.h"
#include "run/container.h"
#include "run/denials/denials.h"
#include "run/root/volume.h"

enum { LIMIT_PLACES = 1024 };

static json_t *read_json(int folder, const char *name)
{
	auto_buf text = BUF_INIT(LIMIT_STATE_JSON);
	json_t *j = NULL;

	if (fs_read(folder, name, LIMIT_STATE_JSON, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, name, &j, NULL) < 0)
		return NULL;
	return j;
}

/* The option's value that is about this target, in the list of that option. */
static const char *asked_in(const json_t *options, const char *option, const char *target)
{
	const bool tmpfs = strcmp(option, "tmpfs") == 0;
	const json_t *value;
	size_t i;

	json_array_foreach(json_object_get(options, option), i, value)
	{
		const char *text = json_string_value(value);
		struct volume v = { 0 };
		bool same;

		if (!text)
			continue;
		if (strcmp(option, "mount") == 0) {
			const char *at = strstr(text, target);
			const size_t n = strlen(target);

			if (at && at > text && at[-1] == '=' && (at[n] == ',' || !at[n]))
				return text;
			continue;
		}
		if (tmpfs ? volume_parse_tmpfs(text, &v, NULL) < 0
			  : volume_parse(text, &v, NULL) < 0)
			continue;
		same = strcmp(v.target ?: "", target) == 0;
		volume_free(&v);
		if (same)
			return text;
	}
	return NULL;
}

static bool of_profile(const char *target)
{
	for (const struct profile_mount *m = profile_default.mounts; m->target; m++)
		if (strcmp(m->target, target) == 0)
			return true;
	return false;
}

static void fill(const json_t *mount, const json_t *options, struct denial_place *ret)
{
	static const char *const names[] = { "volume", "tmpfs", "mount" };
	const char *type = json_string_or_null(mount, "type") ?: "";
	const char *asked = NULL;

	for (size_t i = 0; !asked && i < sizeof(names) / sizeof(*names); i++) {
		asked = asked_in(options, names[i], ret->target);
		ret->by_mount = asked && i == 2;
	}
	ret->asked = asked ? strdup(asked) : NULL;
	if (strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0 || strcmp(type, "cgroup") == 0)
		ret->kind = PLACE_KERNEL;
	else if (strcmp(type, "bind") == 0)
		ret->kind = asked ? PLACE_VOLUME : PLACE_OWN;
	else
		ret->kind = !asked && of_profile(ret->target) ? PLACE_MEMORY : PLACE_TMPFS;
}

static uint64_t memory_limit(const json_t *config)
{
	const json_t *resources = json_object_get(json_object_get(config, "linux"), "resources");
	const json_int_t limit =
		json_integer_value(json_object_get(json_object_get(resources, "memory"), "limit"));

	return limit > 0 ? (uint64_t)limit : 0;
}

void denials_read_places(int folder, struct denials *ret)
{
	auto_json *config = read_json(folder, "config.json"),
		  *asked = read_json(folder, "run.json");
	const json_t *mounts = json_object_get(config, "mounts"), *mount;
	size_t i;

	for (size_t k = 0; k < ret->n; k++)
		if (ret->v[k].rule == DENIAL_MEMORY && ret->v[k].a0 == 0)
			ret->v[k].a0 = memory_limit(config);
	if (json_array_size(mounts) > LIMIT_PLACES)
		return;
	ret->places = calloc(json_array_size(mounts) + 1, sizeof(*ret->places));
	json_array_foreach(mounts, i, mount)
	{
		const char *target = json_string_or_null(mount, "destination");
		struct denial_place *p = &ret->places[ret->places_n];

		if (!ret->places || !target || !(p->target = strdup(target)))
			continue;
		fill(mount, json_object_get(asked, "options"), p);
		ret->places_n++;
	}
}

struct denial_place denials_place(const struct denials *all, const char *path)
{
	struct denial_place found = { .kind = PLACE_ROOT };
	size_t longest = 0;

	for (size_t i = 0; i < all->places_n; i++) {
		const char *target = all->places[i].target;
		const size_t n = strlen(target);

		/* The last one lies above all. */
		if (n >= longest && strncmp(path, target, n) == 0 && (path[n] == '/' || !path[n])) {
			found = all->places[i];
			longest = n;
		}
	}
	return found;
}

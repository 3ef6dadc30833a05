/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image/images_filter.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "run/life/when.h"

int images_filters_parse(const struct strv *list, const char *reference, struct images_filters *ret,
			 struct err *e)
{
	static const char *const names[] = { "reference", "label", "label!", "id",	 "until",
					     "before",	  "since", "after",  "dangling", NULL };
	int64_t ignored;
	int r = filters_parse(list, names, &ret->f, e);

	ret->reference = reference;
	for (size_t i = 0; r == 0 && i < ret->f.n; i++) {
		const char *name = ret->f.v[i].name, *value = ret->f.v[i].value;

		if (strcmp(name, "until") == 0)
			r = when_parse(value, when_now(), &ignored, e);
		else if (strcmp(name, "dangling") == 0 && strcmp(value, "true") != 0 &&
			 strcmp(value, "false") != 0 && strcmp(value, "1") != 0 &&
			 strcmp(value, "0") != 0)
			r = FAIL(e, E_USAGE, "--filter dangling='%.40s': want true or false",
				 value);
	}
	return r;
}

static int made(const struct store *s, const char *text, int64_t *ret, struct err *e)
{
	auto_manifest m = { 0 };
	auto_config config = { 0 };
	const char *created;
	struct ref ref;
	struct desc d;
	int r = store_lookup(s, text, &ref, &d, e);

	if (r == 0)
		r = store_manifest(s, &d, &m, NULL, e);
	if (r == 0)
		r = store_config(s, &m, &config, e);
	if (r < 0)
		return r;
	created = json_string_or_null(config.json, "created");
	return clock_parse_rfc3339(str_of(created ?: ""), ret, e);
}

int images_filters_find(const struct store *s, struct images_filters *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ret->f.n; i++) {
		const char *name = ret->f.v[i].name;

		if (strcmp(name, "before") == 0)
			r = made(s, ret->f.v[i].value, &ret->before, e);
		else if (strcmp(name, "since") == 0 || strcmp(name, "after") == 0)
			r = made(s, ret->f.v[i].value, &ret->since, e);
	}
	return r;
}

/* "web" is all tags of it, "web:1" one, "web*" and "*:1" are patterns; of a registry's name the
 * path alone is enough, as for podman and newer dockers. */
static bool is_reference(const struct image_row *row, const char *pattern)
{
	char name[sizeof(row->repository) + sizeof(row->tag)];
	const char *path = row->repository;

	(void)snprintf(name, sizeof(name), "%s:%s", row->repository, row->tag);
	for (;;) {
		const size_t at = (size_t)(path - row->repository);

		if (fnmatch(pattern, path, FNM_PATHNAME) == 0 ||
		    fnmatch(pattern, name + at, FNM_PATHNAME) == 0)
			return true;
		path = strchr(path, '/');
		if (!path)
			return false;
		path++;
	}
}

/* What was typed after `images` means itself. */
static bool is_named(const struct image_row *row, const char *wanted)
{
	char name[sizeof(row->repository) + sizeof(row->tag)];

	(void)snprintf(name, sizeof(name), "%s:%s", row->repository, row->tag);
	return strcmp(row->repository, wanted) == 0 || strcmp(name, wanted) == 0 ||
	       (strpbrk(wanted, "*?[") && is_reference(row, wanted));
}

static bool older_than(const struct image_row *row, const char *when)
{
	int64_t t = 0;

	return when_parse(when, when_now(), &t, NULL) == 0 && row->created * 1000000000 < t;
}

static bool has_id(const struct image_row *row, const char *id)
{
	const char *hex = strchr(row->d.digest.s, ':');

	return *id && (starts_with(row->d.digest.s, id) || (hex && starts_with(hex + 1, id)));
}

bool images_match(const struct images_filters *x, const struct image_row *row)
{
	const struct filters *f = &x->f;

	if ((x->reference && !is_named(row, x->reference)) ||
	    (x->before && row->created >= x->before) || (x->since && row->created <= x->since))
		return false;
	FILTER_ANY(f, "reference", value, is_reference(row, value));
	FILTER_ANY(f, "id", value, has_id(row, value));
	FILTER_ALL(f, "label", value, filter_label(row->labels, value));
	FILTER_ALL(f, "label!", value, !filter_label(row->labels, value));
	FILTER_ALL(f, "until", value, older_than(row, value));
	/* Each has a name: what has none went with it. */
	FILTER_ALL(f, "dangling", value, strcmp(value, "false") == 0 || strcmp(value, "0") == 0);
	return true;
}

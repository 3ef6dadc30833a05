/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/import/import.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "pipeline/import/internal.h"

/* "PATH" or "PATH:NAME", where PATH is there, or is "-". *ret_path is owned. */
static int split_source(const char *source, char **ret_path, const char **ret_name, struct err *e)
{
	const char *colon = strchr(source, ':');
	struct stat st;

	while (colon && stat(source, &st) < 0) {
		auto_free char *path = strndup(source, (size_t)(colon - source));

		if (!path)
			return FAIL_NOMEM(e);
		if (strcmp(path, "-") == 0 || stat(path, &st) == 0) {
			*ret_path = TAKE(path);
			*ret_name = colon + 1;
			return 0;
		}
		colon = strchr(colon + 1, ':');
	}
	*ret_path = strdup(source);
	*ret_name = NULL;
	return *ret_path ? 0 : FAIL_NOMEM(e);
}

static int from_archive(const struct road *road, const char *path, const char *name,
			struct desc *ret, struct err *e)
{
	auto_archive a = ARCHIVE_NONE;
	int r = archive_open(road->store, path, &a, e);

	if (r < 0)
		return r;
	if (a.kind == ARCHIVE_DOCKER)
		return import_docker(road->store, &a, path, name, road->progress, ret, e);
	if (a.kind == ARCHIVE_OCI)
		return import_oci_archive(road->store, &a, path, name, road->progress, ret, e);
	if (name)
		return FAIL(e, E_USAGE, "'%s' is a root filesystem: there is no '%s' to pick", path,
			    name);
	return import_rootfs(road->store, &a, path, road->progress, ret, e);
}

static int bring_in(const struct road *road, const char *source, struct desc *ret, struct err *e)
{
	auto_free char *path = NULL;
	const char *name;
	struct stat st;
	int r = split_source(source, &path, &name, e);

	if (r < 0)
		return r;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		r = import_layout(road->store, path, name, road->progress, ret, e);
	else
		r = from_archive(road, path, name, ret, e);
	return r < 0 ? r : import_check(road->state, road->store, ret, road->progress, e);
}

static int step_import(struct road *road, const char *source, struct err *e)
{
	int r = bring_in(road, source, &road->image, e);

	if (r < 0)
		r = WRAP(e, r, "import '%s'", source);
	return road_note(road, "import", r, json_pack("{s:s}", "source", source), e);
}

int import_image(struct road *road, const struct import_opts *o, struct report *ret, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF);
	auto_report report = { 0 };
	int r = step_import(road, o->source, e);

	if (r == 0)
		r = step_scan(road, &report, e);
	if (r == 0 && o->gate)
		r = step_gate(road, &report, o->gate, e);
	if (r == 0)
		r = step_sign(road, &o->sign, NULL, e);
	ref_tagged(&o->name, &name);
	if (r == 0)
		r = store_tag(road->store, buf_str(&name), &road->image, e);
	if (r == 0 || r == E_POLICY) { /* a refusal is shown with its findings */
		*ret = report;
		report = (struct report){ 0 };
	}
	return r;
}

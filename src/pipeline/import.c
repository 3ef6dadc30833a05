/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/import.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/import_internal.h"

/* "DIR" or "DIR:NAME", when DIR is a folder; NULL in *ret_dir when source is no folder. */
static int split_layout(const char *source, char **ret_dir, const char **ret_name, struct err *e)
{
	const char *colon = strchr(source, ':');
	struct stat st;
	char *dir;

	*ret_dir = NULL;
	*ret_name = NULL;
	if (stat(source, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			return 0;
		colon = NULL;
	}
	dir = colon ? strndup(source, (size_t)(colon - source)) : strdup(source);
	if (!dir)
		return FAIL_NOMEM(e);
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		free(dir);
		return 0;
	}
	*ret_dir = dir;
	*ret_name = colon ? colon + 1 : NULL;
	return 0;
}

static int bring_in(const struct road *road, const char *source, struct desc *ret, struct err *e)
{
	auto_free char *dir = NULL;
	const char *name;
	int r = split_layout(source, &dir, &name, e);

	if (r < 0)
		return r;
	return dir ? import_layout(road->store, dir, name, road->progress, ret, e)
		   : import_rootfs(road->store, source, road->progress, ret, e);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* What only templates and filters of ps ask for, since it is in more files. */
#include <stdio.h>
#include <string.h>

#include "cli/container/container_view.h"
#include "cli/image/images.h"
#include "run/root/volume.h"

enum { MOUNT_SHOWN = 15, DIGITS = 12 };

const char *view_network(const json_t *run)
{
	return json_string_or_null(json_object_get(run, "options"), "network") ?: "pasta";
}

static void add_mounts(const json_t *texts,
		       int (*parse)(const char *text, struct volume *ret, struct err *e), bool full,
		       struct buf *ret)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text)
	{
		struct volume v = { 0 };

		if (parse(json_string_value(text) ?: "", &v, NULL) == 0 && v.source) {
			const bool cut = !full && strlen(v.source) > MOUNT_SHOWN;

			buf_printf(ret, "%s%.*s%s", ret->n ? "," : "",
				   cut ? MOUNT_SHOWN - 1 : (int)strlen(v.source), v.source,
				   cut ? "…" : "");
		}
		volume_free(&v);
	}
}

/* podman's, and what docker's rows have besides. */
static json_t *more(const struct view *v, const json_t *run, const json_t *restart,
		    const char *mounts)
{
	const struct container *c = v->c;
	const char *digest = c->digest ?: "";
	char image[DIGITS + 1];

	(void)snprintf(image, sizeof(image), "%s",
		       starts_with(digest, "sha256:") ? digest + strlen("sha256:") : digest);
	return json_pack(
		"{s:s, s:s, s:i, s:s, s:i, s:i, s:b, s:I, s:I, s:I, s:b, s:I, s:O*}", "Mounts",
		mounts, "Networks", view_network(run), "LocalVolumes",
		(int)json_array_size(c->volumes), "ImageID", image, "Pid", (int)v->status.pid,
		"ExitCode", v->status.phase == PHASE_EXITED ? v->status.exit : 0, "Exited",
		v->status.phase == PHASE_EXITED, "StartedAt", (json_int_t)v->status.started,
		"ExitedAt", (json_int_t)v->status.finished, "Created", (json_int_t)c->created,
		"AutoRemove", (int)c->auto_remove, "Restarts",
		(json_int_t)json_integer_value(json_object_get(restart, "count")), "Label",
		c->labels);
}

int view_row_more(const struct view *v, bool full, bool size, json_t *row, struct err *e)
{
	auto_json *run = view_file(v->c, "run.json"), *restart = view_file(v->c, "restart.json");
	const json_t *options = json_object_get(run, "options");
	auto_buf mounts = BUF_INIT(65536);
	auto_json *j = NULL;
	uint64_t bytes;
	char text[16];

	add_mounts(json_object_get(options, "volume"), volume_parse, full, &mounts);
	add_mounts(json_object_get(options, "mount"), volume_parse_mount, full, &mounts);
	j = more(v, run, restart, buf_str(&mounts));
	if (!j || json_object_update_missing(row, j) < 0)
		return FAIL(e, E_FORMAT, "container %.12s: its record is not UTF-8", v->c->id);
	bytes = size ? view_size(v->c) : 0;
	size_human(bytes, text);
	if (size && json_put_u64(row, "SizeBytes", bytes, e) < 0)
		return E_NOMEM;
	return json_put_string(row, "Size", text, e);
}

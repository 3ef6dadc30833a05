/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/container_view.h"

#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/image/images.h"
#include "cli/shorten.h"
#include "pipeline/admit/admission.h"
#include "run/life/usage.h"
#include "run/root/disk.h"

enum { LIMIT_FILE = 8 * 1024 * 1024, COMMAND_SHOWN = 20 };

json_t *view_file(const struct container *c, const char *name)
{
	auto_buf text = BUF_INIT(LIMIT_FILE);
	json_t *j = NULL;

	if (fs_read(c->fd, name, LIMIT_FILE, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, name, &j, NULL) < 0)
		return NULL;
	return j;
}

int view_of(const struct container *c, struct view *ret, struct err *e)
{
	static const char *const states[] = { "created", "running", "exited" };
	struct view v = { .c = c };
	auto_json *health = NULL, *admission = NULL, *restart = NULL;
	int r = container_status(c, &v.status, e);

	if (r < 0)
		return r;
	v.state = states[v.status.phase];
	if (v.status.phase == PHASE_RUNNING) {
		if (usage_frozen(v.status.pid))
			v.state = "paused";
		health = view_file(c, "health.json");
		(void)snprintf(v.health, sizeof(v.health), "%s",
			       json_string_or_null(health, "Status") ?:
				       json_string_or_null(health, "status") ?: "");
		admission = view_file(c, ADMISSION_FILE);
		(void)snprintf(v.admission, sizeof(v.admission), "%s",
			       json_string_or_null(admission, "outcome") ?: "");
	} else if (v.status.phase == PHASE_EXITED) {
		restart = view_file(c, "restart.json");
		v.restarting = json_is_true(json_object_get(restart, "waiting"));
		if (v.restarting)
			v.state = "restarting";
	}
	*ret = v;
	return 0;
}

static void status_text(const struct view *v, char *ret, size_t cap)
{
	const struct container_status *s = &v->status;
	const int64_t now = clock_now();
	const bool told = v->admission[0] && strcmp(v->admission, "admitted") != 0;
	char age[32];

	if (s->phase == PHASE_CREATED) {
		(void)snprintf(ret, cap, "Created");
	} else if (s->phase == PHASE_RUNNING) {
		age_human(now - s->started, age);
		if (ends_with(age, " ago"))
			age[strlen(age) - strlen(" ago")] = '\0';
		(void)snprintf(ret, cap, "Up %s%s%s%s%s%s%s%s",
			       now > s->started ? age : "0 seconds",
			       strcmp(v->state, "paused") == 0 ? " (paused)" : "",
			       strcmp(v->health, "starting") == 0 ? " (health: "
			       : v->health[0]			  ? " ("
								  : "",
			       v->health, v->health[0] ? ")" : "", told ? " (admission: " : "",
			       told ? v->admission : "", told ? ")" : "");
	} else {
		age_human(now - s->finished, age);
		(void)snprintf(ret, cap, "%s (%d) %s", v->restarting ? "Restarting" : "Exited",
			       s->exit, age);
	}
}

static void labels_text(const struct container *c, struct buf *ret)
{
	const char *name;
	json_t *value;

	json_object_foreach(c->labels, name, value)
		buf_printf(ret, "%s%s=%s", ret->n ? "," : "", name, json_string_value(value) ?: "");
}

json_t *view_allowed(const struct container *c)
{
	auto_json *admission = view_file(c, "admission.json");
	json_t *list = json_object_get(admission, "allowed");

	return json_array_size(list) ? json_incref(list) : NULL;
}

/* "privileged, pid-host" */
static void allowed_text(const struct container *c, struct buf *ret)
{
	auto_json *list = view_allowed(c);
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) buf_printf(ret, "%s%s", ret->n ? ", " : "",
						    json_string_or_null(one, "what") ?: "?");
}

int view_row(const struct view *v, bool full, json_t **ret, struct err *e)
{
	const struct container *c = v->c;
	auto_buf ports = BUF_INIT(65536), image = BUF_INIT(4096), command = BUF_INIT(4096),
		 labels = BUF_INIT(65536), allowed = BUF_INIT(65536), quoted = BUF_INIT(8192);
	char age[32], status[128], id[CONTAINER_ID + 1], created[RFC3339_MAX];
	json_t *j;

	(void)snprintf(id, sizeof(id), "%.*s", full ? CONTAINER_ID : CONTAINER_SHORT, c->id);
	if (c->image)
		cell_short(c->image, 0, &image);
	if (c->command)
		cell_short(c->command, COMMAND_SHOWN, &command);
	buf_printf(&quoted, "\"%s\"", full ? c->command ?: "" : buf_str(&command));
	age_human(clock_now() - c->created, age);
	clock_rfc3339(c->created, created);
	status_text(v, status, sizeof(status));
	if (c->ports)
		ports_print(c->ports, &ports);
	labels_text(c, &labels);
	allowed_text(c, &allowed);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "ID", id,
		      "Image", full ? c->image ?: "" : buf_str(&image), "Command", buf_str(&quoted),
		      "CreatedAt", created, "RunningFor", age, "Ports", buf_str(&ports), "State",
		      v->state, "Status", status, "Health", v->health, "Admission", v->admission,
		      "Names", c->name, "Labels", buf_str(&labels), "Allowed", buf_str(&allowed));
	if (!j)
		return FAIL(e, E_FORMAT, "container %.12s: its record is not UTF-8", c->id);
	*ret = j;
	return 0;
}

uint64_t view_tree_size(const char *path)
{
	char *roots[2] = { (char *)(uintptr_t)path, NULL };
	uint64_t sum = 0;
	FTSENT *at;
	FTS *walk;

	/* Names in it are the container's; nothing is opened, and no link is followed. */
	walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	while (walk && (at = fts_read(walk)))
		if (at->fts_info == FTS_F)
			sum += (uint64_t)at->fts_statp->st_blocks * 512;
	if (walk)
		(void)fts_close(walk);
	return sum;
}

uint64_t view_size(const struct container *c)
{
	auto_free char *path = NULL;
	struct stat st;

	/* With volumes, and with what the file system needs for itself. */
	if (fstatat(c->fd, DISK_IMAGE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return (uint64_t)st.st_blocks * 512;
	return asprintf(&path, "%s/upper/fs", c->folder) < 0 ? 0 : view_tree_size(path);
}

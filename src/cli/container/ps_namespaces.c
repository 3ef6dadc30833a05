/* SPDX-License-Identifier: Apache-2.0 */
/* podman's ps --namespace: the numbers of the namespaces of those that run. */
#include <string.h>
#include <unistd.h>

#include "cli/container/ps.h"

static const struct {
	const char *heading, *field, *file;
} kinds[] = {
	{ "CGROUPNS", "CGROUPNS", "cgroup" },
	{ "IPC", "IPC", "ipc" },
	{ "MNT", "MNT", "mnt" },
	{ "NET", "NET", "net" },
	{ "PIDNS", "PIDNS", "pid" },
	{ "USERNS", "USERNS", "user" },
	{ "UTS", "UTS", "uts" },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

/* "ipc:[4026532258]" is 4026532258; "" of one that does not run. */
static void number_of(pid_t pid, const char *file, char ret[static 32])
{
	char path[64], text[64];
	const char *open;
	ssize_t n;

	ret[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, file);
	n = pid > 0 ? readlink(path, text, sizeof(text) - 1) : -1;
	if (n < 0)
		return;
	text[n] = '\0';
	open = strchr(text, '[');
	if (open)
		(void)snprintf(ret, 32, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
}

int ps_namespaces_add(const struct view *v, json_t *row, struct err *e)
{
	auto_json *all = json_object();
	char text[32];
	int r = all ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < KINDS; i++) {
		number_of(v->status.phase == PHASE_RUNNING ? v->status.pid : 0, kinds[i].file,
			  text);
		r = json_put_string(row, kinds[i].field, text, e);
		if (r == 0)
			r = json_put_string(all, kinds[i].field, text, e);
	}
	return r == 0 ? json_put(row, "Namespaces", json_incref(all), e) : r;
}

int ps_namespaces_table(const json_t *rows, struct table **ret, struct err *e)
{
	const char *headings[KINDS + 3] = { "CONTAINER ID", "NAMES", "PID" };
	char pid[16];
	int r;

	for (size_t i = 0; i < KINDS; i++)
		headings[i + 3] = kinds[i].heading;
	r = table_new(ret, headings, KINDS + 3, e);
	for (size_t i = json_array_size(rows); r == 0 && i > 0; i--) {
		const json_t *row = json_array_get(rows, i - 1);
		const char *cells[KINDS + 3] = { json_string_or_null(row, "ID"),
						 json_string_or_null(row, "Names"), pid };

		(void)snprintf(pid, sizeof(pid), "%d",
			       (int)json_integer_value(json_object_get(row, "Pid")));
		for (size_t k = 0; k < KINDS; k++)
			cells[k + 3] = json_string_or_null(row, kinds[k].field);
		r = table_row(*ret, cells, e);
	}
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/denials/denials_apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/userns.h"
#include "run/denials/apparmor_record.h"
#include "run/file.h"
#include "run/launch/namespaces.h"

#define AUDITD_LOG "/var/log/audit/audit.log"

enum {
	LIMIT_RECORDS = 65536,
	LIMIT_CONFIG = 8 * 1024 * 1024,
	LIMIT_KINDS = 64,
	LIMIT_TAIL = 1024 * 1024,
	AROUND_MS =
		2000, /* clocks of files are those of the last tick, and what starts it is before */
};

struct looking {
	char *profile; /* owned */
	bool own_ids;
	uint32_t id_base;
	int64_t from_ms, to_ms;
	json_t *found[LIMIT_KINDS]; /* owned */
	size_t n;
};

static void looking_free(struct looking *l)
{
	for (size_t i = 0; i < l->n; i++)
		json_decref(l->found[i]);
	free(l->profile);
}

static int64_t changed_ms(const struct container *c, const char *file, int64_t otherwise)
{
	struct stat st;

	return fstatat(c->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0
		       ? otherwise
		       : (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static bool has_user_namespace(const json_t *config)
{
	const json_t *list = json_object_get(json_object_get(config, "linux"), "namespaces"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(json_string_or_null(one, "type") ?: "", "user") == 0)
			return true;
	}
	return false;
}

/* What holds it, and when it ran. */
static bool begin(const struct container *c, struct looking *l)
{
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	auto_json *config = NULL;
	const char *name;

	if (fs_read(c->fd, "config.json", LIMIT_CONFIG, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, "config.json", &config, NULL) < 0)
		return false;
	name = json_string_or_null(json_object_get(config, "process"), "apparmorProfile");
	l->profile = name ? strdup(name) : NULL;
	l->own_ids = has_user_namespace(config);
	l->id_base = c->id_base;
	l->from_ms = changed_ms(c, "pidfile", INT64_MAX);
	l->from_ms = l->from_ms == INT64_MAX ? INT64_MAX : l->from_ms - AROUND_MS;
	l->to_ms = changed_ms(c, "exit", INT64_MAX - AROUND_MS) + AROUND_MS;
	return l->profile && l->from_ms != INT64_MAX;
}

/* Whether it is this container's: yes, no, or perhaps. */
static bool is_ours(const struct looking *l, const struct apparmor_record *r, bool *ret_shared)
{
	if (strcmp(r->profile, l->profile) != 0 || r->time_ms < l->from_ms || r->time_ms > l->to_ms)
		return false;
	*ret_shared = !r->has_uid || !l->own_ids;
	return *ret_shared || (r->uid >= l->id_base && r->uid - l->id_base < CONTAINER_IDS);
}

static void take(struct looking *l, const struct apparmor_record *r)
{
	bool shared;

	if (!is_ours(l, r, &shared))
		return;
	for (size_t i = 0; i < l->n; i++) {
		json_t *one = l->found[i], *count = json_object_get(one, "n");

		if (strcmp(json_string_or_null(one, "what") ?: "", r->what) == 0 &&
		    strcmp(json_string_or_null(one, "mask") ?: "", r->mask) == 0) {
			(void)json_integer_set(count, json_integer_value(count) + 1);
			return;
		}
	}
	if (l->n == LIMIT_KINDS)
		return;
	l->found[l->n] =
		json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "rule", "apparmor",
			  "n", 1, "nr", -1, "what", r->what, "path", r->path, "mask", r->mask,
			  "cap", r->cap, "profile", l->profile, "line", r->line, "shared", shared);
	l->n += l->found[l->n] != NULL;
}

static void look_kernel(struct looking *l)
{
	auto_close int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	static char text[LIMIT_RECORD];
	static struct apparmor_record record;

	for (int i = 0; log >= 0 && i < LIMIT_RECORDS; i++) {
		const ssize_t n = read(log, text, sizeof(text) - 1);

		/* Some were overwritten meanwhile; the next one is there. */
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		text[n] = '\0';
		if (apparmor_record(text, &record))
			take(l, &record);
	}
}

/* The end of it: what was rotated away is not looked for. */
static void look_auditd(struct looking *l)
{
	auto_close int log = open(AUDITD_LOG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	auto_buf text = BUF_INIT(LIMIT_TAIL);
	static struct apparmor_record record;
	struct str rest, line;
	struct stat st;

	if (log < 0 || fstat(log, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_size > LIMIT_TAIL / 2 &&
	     lseek(log, st.st_size - LIMIT_TAIL / 2, SEEK_SET) < 0) ||
	    fs_read_fd(log, AUDITD_LOG, LIMIT_TAIL, &text, NULL) < 0)
		return;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		auto_free char *one = str_dup(line);

		if (one && apparmor_record(one, &record))
			take(l, &record);
	}
}

static void keep(const struct container *c, const struct looking *l)
{
	auto_buf text = BUF_INIT(LIMIT_DENIALS_FILE);

	for (size_t i = 0; i < l->n; i++) {
		if (json_canonical(l->found[i], &text, NULL) < 0)
			return;
		buf_putc(&text, '\n');
	}
	if (buf_check(&text, APPARMOR_DENIALS, NULL) == 0)
		(void)file_put(c->fd, APPARMOR_DENIALS, buf_str(&text), text.n, NULL);
}

void denials_apparmor_look(const struct container *c)
{
	struct looking l = { 0 };

	if (c->kind != CONTAINER_STEP && geteuid() == 0 && !userns_inside() && begin(c, &l)) {
		look_kernel(&l);
		if (l.n == 0)
			look_auditd(&l);
		if (l.n)
			keep(c, &l);
	}
	looking_free(&l);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/restart.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "run/file.h"
#include "run/root/berth.h"

enum { LIMIT_RESTART_JSON = 64 * 1024, RESTART_NAP_MS = 20 };

static const char *const names[] = { "no", "on-failure", "always", "unless-stopped" };

const char *restart_name(enum restart_when w)
{
	return names[w];
}

int restart_parse(const char *text, struct restart_policy *ret, struct err *e)
{
	struct str rest = str_of(text), name = { "", 0 };
	uint64_t max = 0;

	(void)str_cut(&rest, ':', &name);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!str_eqz(name, names[i]))
			continue;
		if (strchr(text, ':') &&
		    (i != RESTART_ON_FAILURE || str_u64(rest, INT32_MAX, &max, NULL) < 0))
			break;
		*ret = (struct restart_policy){ (enum restart_when)i, (unsigned)max };
		return 0;
	}
	return FAIL(e, E_USAGE,
		    "--restart '%.60s': want no, always, unless-stopped or on-failure[:N]", text);
}

static int load(const struct container *c, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RESTART_JSON);
	int r = fs_read(c->fd, "restart.json", LIMIT_RESTART_JSON, &text, e);

	return r < 0 ? r : json_parse(buf_str(&text), text.n, "restart.json", ret, e);
}

static int save(const struct container *c, const json_t *j, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RESTART_JSON);
	int r = json_pretty(j, &text, e);

	return r < 0 ? r : file_put(c->fd, "restart.json", buf_str(&text), text.n, e);
}

static json_int_t number(const json_t *j, const char *key)
{
	return json_integer_value(json_object_get(j, key));
}

int restart_begin(const struct container *c, const struct restart_policy *p, struct err *e)
{
	auto_json *j = NULL;
	struct stat st;

	if (unlinkat(c->fd, "stopped", 0) < 0 && errno != ENOENT)
		return FAIL_SYS(e, "remove 'stopped'");
	if (p->when == RESTART_NO)
		return unlinkat(c->fd, "restart.json", 0) < 0 && errno != ENOENT
			       ? FAIL_SYS(e, "remove 'restart.json'")
			       : 0;
	if (stat("/proc/self/ns/mnt", &st) < 0)
		return FAIL_SYS(e, "look at our mount namespace");
	j = json_pack("{s:s, s:i, s:i, s:i, s:b, s:I}", "policy", names[p->when], "max",
		      (int)p->max, "count", 0, "delayMs", 0, "waiting", 0, "mounts",
		      (json_int_t)st.st_ino);
	return j ? save(c, j, e) : FAIL_NOMEM(e);
}

int restart_stop(const struct container *c, struct err *e)
{
	return faccessat(c->fd, "restart.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0
		       ? 0
		       : file_put(c->fd, "stopped", "", 0, e);
}

int restart_lock(const struct container *c, int timeout_ms, struct err *e)
{
	return fs_lock(c->fd, "restart.lock", timeout_ms, e);
}

bool restart_is_stopped(const struct container *c)
{
	return faccessat(c->fd, "stopped", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

unsigned restart_delay(unsigned last_ms, int64_t ran_s)
{
	if (last_ms == 0 || ran_s >= RESTART_GOOD_S)
		return RESTART_FIRST_MS;
	return last_ms >= RESTART_LAST_MS / 2 ? RESTART_LAST_MS : last_ms * 2;
}

static bool wanted(const json_t *j, int status)
{
	const char *policy = json_string_or_null(j, "policy") ?: "";
	const json_int_t max = number(j, "max");

	if (strcmp(policy, "on-failure") != 0)
		return strcmp(policy, "no") != 0;
	return status != 0 && (max == 0 || number(j, "count") < max);
}

int restart_due(const struct container *c, int status, int64_t ran_s, unsigned *ret_ms,
		struct err *e)
{
	auto_json *j = NULL;
	int r = load(c, &j, e);
	unsigned ms;

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	if (restart_is_stopped(c) || !wanted(j, status))
		return 0;
	ms = restart_delay((unsigned)number(j, "delayMs"), ran_s);
	/* As docker counts: one that ran for long begins anew. */
	r = json_put_u64(j, "count", (uint64_t)number(j, "count") + 1, e);
	if (r == 0)
		r = json_put_u64(j, "delayMs", ms, e);
	if (r == 0)
		r = json_put(j, "waiting", json_true(), e);
	if (r == 0)
		r = save(c, j, e);
	if (r < 0)
		return r;
	*ret_ms = ms;
	return 1;
}

static void end_waiting(const struct container *c, const char *error)
{
	auto_json *j = NULL;

	if (load(c, &j, NULL) < 0)
		return;
	(void)json_object_set_new(j, "waiting", json_false());
	if (error)
		(void)json_object_set_new(j, "error", json_string(error));
	else
		(void)json_object_del(j, "error");
	(void)save(c, j, NULL);
}

int restart_wait(const struct container *c, unsigned ms)
{
	const struct timespec nap = { .tv_nsec = RESTART_NAP_MS * 1000L * 1000 };
	const uint64_t from = clock_mono_ms();

	while (clock_mono_ms() - from < ms) {
		struct stat st;

		(void)nanosleep(&nap, NULL);
		/* Its folder has no name any more once it is removed. */
		if (fstat(c->fd, &st) < 0 || st.st_nlink == 0)
			return 0;
		if (restart_is_stopped(c)) {
			end_waiting(c, NULL);
			return 0;
		}
	}
	end_waiting(c, NULL);
	return 1;
}

void restart_failed(const struct container *c, const struct err *why)
{
	end_waiting(c, why->msg);
}

void restart_leave_mounts(const struct container *c)
{
	auto_json *j = NULL;
	auto_close int first = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (first >= 0 && fstat(first, &st) == 0 && load(c, &j, NULL) == 0 &&
	    number(j, "mounts") == (json_int_t)st.st_ino && setns(first, CLONE_NEWNS) == 0)
		return;
	(void)umount2(BERTH_ROOT, MNT_DETACH | UMOUNT_NOFOLLOW);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "build/cache_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/proc.h"
#include "build/cache.h"

#define FOLDER "cache/mounts"

enum {
	LIMIT_PRIVATE = 64, /* of one cache, used at once */
	LOCK_STEP_MS = 200, /* between looks whether we were interrupted */
	LIMIT_RETRIES = 100,
};

/* slot: the how manieth of those that sharing=private uses at once. */
static int name_of(const struct cache_mount_want *want, unsigned slot, struct digest *ret,
		   struct err *e)
{
	auto_keyer k = { 0 };
	char owner[96];
	int r = sha256_new(&k.h, e);

	if (r < 0)
		return r;
	(void)snprintf(owner, sizeof(owner), "%o %u %u %u", want->m->mode, want->m->uid,
		       want->m->gid, slot);
	keyer_put(&k, "plimsoll cache mount 1");
	keyer_put(&k, want->id);
	keyer_put(&k, want->from ? want->from->s : "");
	keyer_put(&k, want->from ? want->source : "");
	keyer_put(&k, owner);
	keyer_end(&k, ret);
	return 0;
}

/* True when the name still leads to the file that was locked: nobody removed it meanwhile. */
static bool current(int dir, const char *name, int fd)
{
	struct stat there, here;

	return fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &here) == 0 &&
	       there.st_ino == here.st_ino && there.st_dev == here.st_dev;
}

static int lock(int dir, const char *hex, bool exclusive, int timeout_ms, struct err *e)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%.64s.lock", hex);
	for (int i = 0; i < LIMIT_RETRIES; i++) {
		auto_close int fd = exclusive ? fs_lock(dir, name, timeout_ms, e)
					      : fs_lock_shared(dir, name, timeout_ms, e);

		if (fd < 0)
			return fd;
		if (current(dir, name, fd))
			return TAKE_FD(fd);
	}
	return FAIL(e, E_SYSTEM, "lock '%s': it is removed again and again", name);
}

int cache_mount_lock(int mounts, const char *hex, struct err *e)
{
	return lock(mounts, hex, true, 0, e);
}

static int lock_patiently(int dir, const char *hex, bool exclusive, struct err *e)
{
	for (;;) {
		struct err busy = ERR_INIT;
		int fd = lock(dir, hex, exclusive, LOCK_STEP_MS, &busy), r;

		if (fd >= 0)
			return fd;
		if (busy.sys != EWOULDBLOCK)
			return FAIL(e, busy.code, "%s", busy.msg);
		r = proc_interrupted(e);
		if (r < 0)
			return r;
	}
}

/* The lock, and which of the private ones it is. */
static int choose(int dir, const struct cache_mount_want *want, struct digest *ret_name,
		  struct err *e)
{
	bool exclusive = want->m->sharing != RUN_MOUNT_SHARED;
	int r, fd;

	if (want->m->sharing != RUN_MOUNT_PRIVATE) {
		r = name_of(want, 0, ret_name, e);
		return r < 0 ? r : lock_patiently(dir, digest_hex(ret_name), exclusive, e);
	}
	for (unsigned slot = 0; slot < LIMIT_PRIVATE; slot++) {
		struct err busy = ERR_INIT;

		r = name_of(want, slot, ret_name, e);
		if (r < 0)
			return r;
		fd = lock(dir, digest_hex(ret_name), true, 0, &busy);
		if (fd >= 0)
			return fd;
		if (busy.sys != EWOULDBLOCK)
			return FAIL(e, busy.code, "%s", busy.msg);
	}
	return FAIL(e, E_SYSTEM, "the cache '%.100s' is used %d times at once", want->id,
		    LIMIT_PRIVATE);
}

static int describe(int dir, const char *hex, const char *id, struct err *e)
{
	auto_json *j = json_object();
	auto_buf text = BUF_INIT(LIMIT_RUN_MOUNT_NAME * 8);
	char name[128];
	int r;

	(void)snprintf(name, sizeof(name), "%.64s.json", hex);
	if (utimensat(dir, name, NULL, 0) == 0)
		return 0;
	r = json_put_u64(j, "created", (uint64_t)clock_now(), e);
	if (r == 0)
		r = json_put_string(j, "id", id, e);
	if (r == 0)
		r = json_canonical(j, &text, e);
	return r < 0 ? r : fs_write_file(dir, name, buf_str(&text), text.n, 0600, e);
}

/* Under a name of its own first: half a copy is never seen. */
static int make_folder(int dir, const char *hex, const struct run_mount *m, cache_mount_fill fill,
		       void *arg, struct err *e)
{
	char temp[64];
	int r = fs_temp_name("new-", temp, sizeof(temp), e);

	if (r == 0)
		r = fs_mkdir_p(dir, temp, 0700, e);
	if (r < 0)
		return r;

	auto_close int fd = fs_open_nolink(dir, temp, O_RDONLY | O_DIRECTORY, 0, e);

	r = fd < 0 ? fd : fill ? fill(arg, fd, e) : 0;
	if (r == 0 && (!fill || m->owned) &&
	    (fchown(fd, m->uid, m->gid) < 0 || fchmod(fd, m->mode) < 0))
		r = FAIL_SYS(e, "make cache folder");
	if (r == 0 && renameat2(dir, temp, dir, hex, RENAME_NOREPLACE) < 0 && errno != EEXIST)
		r = FAIL_SYS(e, "make cache folder");
	(void)fs_remove_tree(dir, temp, NULL); /* not there, unless somebody was faster */
	return r;
}

int cache_mount_open(const struct state *state, const struct cache_mount_want *want,
		     cache_mount_fill fill, void *arg, struct cache_mount *ret, struct err *e)
{
	auto_free char *path = NULL;
	struct digest name;
	int r = fs_mkdir_p(state->fd, FOLDER, 0700, e);

	if (r < 0)
		return r;

	auto_close int dir = fs_open_nolink(state->fd, FOLDER, O_RDONLY | O_DIRECTORY, 0, e);

	if (dir < 0)
		return dir;

	auto_close int held = choose(dir, want, &name, e);

	if (held < 0)
		return held;
	if (!fs_exists(dir, digest_hex(&name)))
		r = make_folder(dir, digest_hex(&name), want->m, fill, arg, e);
	if (r == 0)
		r = describe(dir, digest_hex(&name), want->id, e);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s/" FOLDER "/%s", state->path, digest_hex(&name)) < 0)
		return FAIL_NOMEM(e);
	*ret = (struct cache_mount){ .path = TAKE(path), .lock = TAKE_FD(held) };
	return 0;
}

void cache_mount_close(struct cache_mount *c)
{
	close_release(&c->lock);
	free(c->path);
	*c = CACHE_MOUNT_NONE;
}

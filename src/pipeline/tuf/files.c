/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "pipeline/tuf/internal.h"

#define DIR_HISTORY "root_history"
#define FILE_BEGUN "begun" /* how the root came to be trusted */
#define TEMP_LINK ".root."

enum { NAME_ROOM = 3 * LIMIT_TUF_NAME + 32, LOCK_MS = 300 * 1000 };

int tuf_files_open(const char *path, bool make, struct err *e)
{
	int r = make ? fs_mkdir_p_user(path, 0755, e) : 0;

	return r < 0 ? r : fs_open_user(path, O_RDONLY | O_DIRECTORY, 0, e);
}

/* What somebody who was killed left half-done: with the lock, nobody else is writing here. */
static int sweep(int dir, const char *folder, struct err *e)
{
	int fd = fs_open_nolink(dir, folder, O_RDONLY | O_DIRECTORY, 0, NULL);

	if (fd < 0)
		return fd == E_NOTFOUND ? 0 : FAIL(e, fd, "open %s", folder);

	auto_closedir DIR *d = fdopendir(fd);

	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "read %s", folder);
	}
	for (const struct dirent *ent; (ent = readdir(d));)
		if ((starts_with(ent->d_name, ".tmp-") || starts_with(ent->d_name, TEMP_LINK)) &&
		    unlinkat(fd, ent->d_name, 0) < 0 && errno != ENOENT)
			return FAIL_SYS(e, "remove %s/%s", folder, ent->d_name);
	return 0;
}

int tuf_files_lock(int dir, struct err *e)
{
	auto_close int lock = fs_lock(dir, ".lock", LOCK_MS, e);
	int r;

	if (lock < 0)
		return lock;
	if ((r = sweep(dir, ".", e)) < 0 || (r = sweep(dir, DIR_HISTORY, e)) < 0)
		return r;
	return TAKE_FD(lock);
}

static const char *file_of(const char *role, struct buf *name)
{
	tuf_quote(str_of(role), false, name);
	buf_puts(name, ".json");
	return buf_str(name);
}

void tuf_file_name(const char *role, uint64_t version, struct buf *ret)
{
	if (version)
		buf_printf(ret, "%llu.", (unsigned long long)version);
	(void)file_of(role, ret);
}

int tuf_files_load(int dir, const char *role, struct buf *ret, struct err *e)
{
	auto_buf name = BUF_INIT(NAME_ROOM);

	return fs_read(dir, file_of(role, &name), ret->cap, ret, e);
}

int tuf_files_keep(int dir, const char *role, struct str bytes, struct err *e)
{
	auto_buf name = BUF_INIT(NAME_ROOM);

	return fs_write_file(dir, file_of(role, &name), bytes.p, bytes.n, 0644, e);
}

int tuf_files_drop(int dir, const char *role, struct err *e)
{
	auto_buf name = BUF_INIT(NAME_ROOM);

	if (unlinkat(dir, file_of(role, &name), 0) < 0 && errno != ENOENT)
		return FAIL_SYS(e, "remove %s", buf_str(&name));
	return 0;
}

static const char *history_of(uint64_t version, struct buf *name)
{
	buf_printf(name, DIR_HISTORY "/%llu.root.json", (unsigned long long)version);
	return buf_str(name);
}

int tuf_files_load_root(int dir, uint64_t version, struct buf *ret, struct err *e)
{
	auto_buf name = BUF_INIT(NAME_ROOM);

	return fs_read(dir, history_of(version, &name), ret->cap, ret, e);
}

int tuf_files_write_root(int dir, uint64_t version, struct str bytes, struct err *e)
{
	auto_buf name = BUF_INIT(NAME_ROOM);
	int r = fs_mkdir_p(dir, DIR_HISTORY, 0755, e);

	return r < 0 ? r
		     : fs_write_file(dir, history_of(version, &name), bytes.p, bytes.n, 0644, e);
}

int tuf_files_name_root(int dir, uint64_t version, struct err *e)
{
	auto_buf name = BUF_INIT(NAME_ROOM);
	char temp[64];
	int r;

	(void)history_of(version, &name);
	if ((r = fs_temp_name(TEMP_LINK, temp, sizeof(temp), e)) < 0)
		return r;
	if (symlinkat(buf_str(&name), dir, temp) < 0)
		return FAIL_SYS(e, "make a link to %s", buf_str(&name));
	if (renameat(dir, temp, dir, "root.json") < 0) {
		r = FAIL_SYS(e, "make a link to %s", buf_str(&name));
		(void)unlinkat(dir, temp, 0);
		return r;
	}
	return fsync(dir) < 0 ? FAIL_SYS(e, "write root.json") : 0;
}

int tuf_files_keep_root(int dir, uint64_t version, struct str bytes, struct err *e)
{
	int r = tuf_files_write_root(dir, version, bytes, e);

	return r < 0 ? r : tuf_files_name_root(dir, version, e);
}

int tuf_root_check(struct str root, uint64_t *ret_version, struct err *e)
{
	auto_release(tuf_set_free) struct tuf_set *set = NULL;
	int r = tuf_set_new(clock_now(), &set, e);

	r = r < 0 ? r : tuf_first_root(set, root, e);
	if (r == 0)
		*ret_version = tuf_root_version(set);
	return r;
}

/* 0 when the folder began with these very bytes, E_NOTFOUND when it is new. */
static int begun_with(int dir, uint64_t version, struct str root, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_ROOT + 1);

	if (!fs_exists(dir, "root.json"))
		return FAIL(e, E_NOTFOUND, "no root yet");
	if (tuf_files_load_root(dir, version, &kept, NULL) == 0 && kept.n == root.n &&
	    memcmp(buf_str(&kept), root.p, root.n) == 0)
		return 0;
	return FAIL(e, E_USAGE, "the folder began with another root; take a new folder for this");
}

int tuf_files_begin(int dir, uint64_t version, struct str root, const struct str *record,
		    struct err *e)
{
	auto_close int lock = tuf_files_lock(dir, e);
	int r;

	if (lock < 0)
		return lock;
	r = begun_with(dir, version, root, e);
	if (r != E_NOTFOUND)
		return r;
	/* The record first: what a kill leaves of it, the next beginning replaces, but a root that
	 * is trusted without a record would stay so. */
	r = record ? fs_write_file(dir, FILE_BEGUN, record->p, record->n, 0644, e) : 0;
	if (r < 0)
		return r;
	r = tuf_files_keep_root(dir, version, root, e);
	if (r < 0 && record)
		(void)unlinkat(dir, FILE_BEGUN, 0);
	return r;
}

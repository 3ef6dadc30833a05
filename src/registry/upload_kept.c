/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upload_kept.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static const char prefix[] = "upload-";

/* One name for a blob on its way to one repository. */
static int entry_path(char *ret, size_t cap, const struct outgoing *out)
{
	auto_buf key = BUF_INIT(LIMIT_REF + 128);
	struct digest d;

	buf_printf(&key, "%s\n%s\n%s", out->reg->host, out->name, out->d->digest.s);
	if (key.failed)
		return -1;
	digest_of(buf_str(&key), key.n, &d);
	(void)snprintf(ret, cap, "tmp/%s%.32s", prefix, digest_hex(&d));
	return 0;
}

/* Still under its name: whoever had it before may have replaced or removed it. */
static bool is_named(int dir, const char *path, int fd)
{
	struct stat st, named;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       fstatat(dir, path, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == st.st_ino &&
	       named.st_dev == st.st_dev;
}

void kept_open(struct kept *k, const struct outgoing *out)
{
	auto_close int fd = -1;

	*k = (struct kept){ .dir = -1, .fd = -1 };
	if (!store_is_writable(out->store) || entry_path(k->path, sizeof(k->path), out) < 0)
		return;
	fd = fs_open_nolink(store_fd(out->store), k->path, O_RDONLY | O_NOCTTY, 0, NULL);
	if (fd == E_NOTFOUND) {
		k->dir = store_fd(out->store);
		return;
	}
	/* Another process at the same blob has a session of its own. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
	    !is_named(store_fd(out->store), k->path, fd))
		return;
	k->dir = store_fd(out->store);
	k->fd = TAKE_FD(fd);
}

static bool is_text(const json_t *j, const char *key, const char *want)
{
	const char *s = json_string_or_null(j, key);

	return s && strcmp(s, want) == 0;
}

bool kept_load(const struct kept *k, const struct outgoing *out, struct url *ret)
{
	auto_buf b = BUF_INIT(LIMIT_UPLOAD_KEPT);
	auto_json *j = NULL;
	const char *location;
	int64_t age;

	if (k->fd < 0 || fs_read_fd(k->fd, k->path, LIMIT_UPLOAD_KEPT, &b, NULL) < 0 ||
	    json_parse(buf_str(&b), b.n, k->path, &j, NULL) < 0)
		return false;
	age = (int64_t)time(NULL) - json_integer_value(json_object_get(j, "date"));
	location = json_string_or_null(j, "location");
	return age >= 0 && age < UPLOAD_KEPT_SECONDS && location &&
	       is_text(j, "registry", out->reg->host) && is_text(j, "repository", out->name) &&
	       is_text(j, "digest", out->d->digest.s) &&
	       url_parse(str_of(location), ret, NULL) == 0 && url_same_origin(ret, &out->reg->base);
}

static int entry_text(const struct outgoing *out, const struct url *at, struct buf *ret)
{
	auto_buf url = BUF_INIT(LIMIT_URL + LIMIT_HOST + 32);
	auto_json *j = NULL;
	auto_free char *text = NULL;

	url_put(at, &url);
	j = json_pack("{s:s,s:s,s:s,s:s,s:I}", "registry", out->reg->host, "repository", out->name,
		      "digest", out->d->digest.s, "location", buf_str(&url), "date",
		      (json_int_t)time(NULL));
	if (!j || url.failed)
		return -1;
	text = json_dumps(j, JSON_COMPACT);
	buf_puts(ret, text ? text : "");
	return ret->failed || !text ? -1 : 0;
}

/* Written under another name and locked before it has its own: no moment at which it is not whole
 * or not ours. "blob-" is what store_open() removes of writers that were killed. */
static int write_entry(int dir, const char *path, const struct buf *text)
{
	char name[64], temp[80];
	auto_close int fd = -1;

	if (fs_mkdir_p(dir, "tmp", 0700, NULL) < 0 ||
	    fs_temp_name("blob-", name, sizeof(name), NULL) < 0)
		return -1;
	(void)snprintf(temp, sizeof(temp), "tmp/%s", name);
	fd = fs_open_nolink(dir, temp, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fs_write_all(fd, text->p, text->n, NULL) == 0 &&
	    renameat(dir, temp, dir, path) == 0)
		return TAKE_FD(fd);
	(void)unlinkat(dir, temp, 0);
	return -1;
}

void kept_save(struct kept *k, const struct outgoing *out, const struct url *at)
{
	auto_buf text = BUF_INIT(LIMIT_UPLOAD_KEPT);
	int fd;

	if (k->dir < 0 || entry_text(out, at, &text) < 0)
		return;
	fd = write_entry(k->dir, k->path, &text);
	if (fd < 0)
		return;
	if (k->fd >= 0)
		(void)close(k->fd);
	k->fd = fd;
}

void kept_drop(struct kept *k)
{
	if (k->fd < 0)
		return;
	if (is_named(k->dir, k->path, k->fd))
		(void)unlinkat(k->dir, k->path, 0);
	(void)close(k->fd);
	k->fd = -1;
}

void kept_drop_sent(const struct outgoing *out)
{
	auto_kept k = { .dir = -1, .fd = -1 };

	kept_open(&k, out);
	kept_drop(&k);
}

void kept_close(struct kept *k)
{
	if (k->fd >= 0)
		(void)close(k->fd);
	k->fd = -1;
}

static bool is_old(int folder, const char *name)
{
	auto_close int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       time(NULL) - st.st_mtime > UPLOAD_KEPT_SECONDS && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void kept_tidy(const struct store *s)
{
	int fd = store_is_writable(s)
			 ? fs_open_nolink(store_fd(s), "tmp", O_RDONLY | O_DIRECTORY, 0, NULL)
			 : -1;
	auto_closedir DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *ent;

	if (!d && fd >= 0)
		(void)close(fd);
	while (d && (ent = readdir(d)))
		if (starts_with(ent->d_name, prefix) && is_old(dirfd(d), ent->d_name))
			(void)unlinkat(dirfd(d), ent->d_name, 0);
}

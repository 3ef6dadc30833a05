/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/userns.h"
#include "confine/shim.h"
#include "run/root/devices.h"
#include "run/root/rootfs.h"
#include "run/root/secrets.h"

void mounts_free(struct mounts *m)
{
	strv_free(&m->strings);
}

static bool mounts_have(const struct mounts *m, const char *target)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].target, target) == 0)
			return true;
	return false;
}

/* Copies the strings. */
static int mounts_add(struct mounts *m, const char *target, const char *type, const char *source,
		      const char *options, struct err *e)
{
	const char *const parts[] = { target, type, source, options };
	const char *kept[4];

	if (m->n == LIMIT_MOUNTS)
		return FAIL(e, E_USAGE, "more than %d mounts", LIMIT_MOUNTS);
	for (size_t i = 0; i < 4; i++) {
		int r = strv_add(&m->strings, parts[i], e);

		if (r < 0)
			return r;
		kept[i] = m->strings.v[m->strings.n - 1];
	}
	m->v[m->n++] = (struct spec_mount){ kept[0], kept[1], kept[2], kept[3] };
	return 0;
}

static int add_etc(const struct berth *berth, struct mounts *m, struct err *e)
{
	static const char *const names[] = { "resolv.conf", "hosts", "hostname" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(*names); i++) {
		auto_free char *source = NULL, *target = NULL;

		if (asprintf(&source, "%s/%s", berth->path, names[i]) < 0 ||
		    asprintf(&target, "/etc/%s", names[i]) < 0)
			return FAIL_NOMEM(e);
		r = mounts_add(m, target, "bind", source, "bind,ro,nosuid,nodev,noexec", e);
	}
	return r;
}

/* plimsoll-shim, from where it lies beside us. */
static int add_shim(struct berth *berth, struct mounts *m, struct err *e)
{
	auto_free char *helper = NULL, *source = NULL;
	auto_close int fd = -1;
	int r = proc_helper_path("plimsoll-shim", &helper, e);

	if (r == 0) {
		fd = open(helper, O_PATH | O_CLOEXEC);
		r = fd < 0 ? FAIL_SYS(e, "open '%s'", helper) : 0;
	}
	if (r == 0)
		r = berth_show(berth, fd, false, &source, e);
	return r == 0 ? mounts_add(m, SHIM_PATH, "bind", source, "bind,ro,nosuid,nodev", e) : r;
}

static bool folder_is_empty(int at)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			return false;
	return d != NULL;
}

/* What is shown: the host's folder or file, or a volume, made when it is missing. By path: what was
 * opened before we left the host's mount namespace cannot be bound here. */
static int open_source(const struct setup *s, const struct volume *v, const struct mounts *m,
		       struct err *e)
{
	auto_free char *path = NULL;
	int fd, r = 0;

	if (v->kind == VOLUME_NAMED) {
		r = volume_create(s->state, v->source, NULL, e);
		if (asprintf(&path, "%s/volumes/%s/_data", s->state->path, v->source) < 0)
			return FAIL_NOMEM(e);
	} else if (v->kind == VOLUME_ANONYMOUS) {
		auto_free char *disk = NULL;
		auto_close int disk_fd = -1;
		char name[32];

		(void)snprintf(name, sizeof(name), "volumes/%zu", m->n);
		r = setup_disk(s, &disk, &disk_fd, e);
		/* The folder above is closed, this one is the container's root's own. */
		if (r == 0)
			r = fs_mkdir_p(disk_fd, "volumes", 0700, e);
		if (r == 0 && mkdirat(disk_fd, name, 0755) < 0 && errno != EEXIST)
			r = FAIL_SYS(e, "make '%s'", name);
		if (r == 0 && asprintf(&path, "%s/%s", disk, name) < 0)
			return FAIL_NOMEM(e);
	}
	if (r < 0)
		return r;
	fd = open(path ?: v->source, O_PATH | O_CLOEXEC | (path ? O_DIRECTORY | O_NOFOLLOW : 0));
	return fd < 0 ? FAIL_SYS(e, "open volume '%s'", path ?: v->source) : fd;
}

/* What the image has there is what a new volume begins with, as docker does. */
static int fill(const struct berth *berth, const char *target, const char *shown, bool existed,
		struct err *e)
{
	auto_free char *from = NULL;

	if (asprintf(&from, "%s/rootfs%s", berth->path, target) < 0)
		return FAIL_NOMEM(e);
	if (existed)
		return mounts_fill(berth, from, shown, e);
	return 0;
}

/* Set on the mount itself, and on all below it, before the container's namespace is made: in there
 * nobody can take it off again, and no runtime can forget it. */
static int restrict_mount(const char *path, const struct volume *v, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };

	if (v->read_only)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (v->no_exec)
		attr.attr_set |= MOUNT_ATTR_NOEXEC;
	return mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr)) < 0
		       ? FAIL_SYS(e, "restrict the mount of '%s'", v->target)
		       : 0;
}

static int add_bound(const struct setup *s, struct berth *berth, int root, const struct user *user,
		     const struct volume *v, struct mounts *m, struct err *e)
{
	auto_free char *source = NULL, *target = NULL;
	auto_close int there = fs_open_in_root(root, v->target, O_PATH | O_DIRECTORY, 0, NULL);
	auto_close int fd = open_source(s, v, m, e);
	const bool existed = there >= 0;
	char options[64];
	struct stat st;
	int r = fd < 0 ? fd : 0;

	if (r == 0 && fstat(fd, &st) < 0)
		r = FAIL_SYS(e, "volume '%s'", v->target);
	if (r == 0)
		r = rootfs_target(root, v->target, S_ISDIR(st.st_mode), NULL, &target, e);
	if (r == 0)
		r = berth_show(berth, fd, true, &source, e);
	if (r == 0 && v->kind != VOLUME_BIND && !v->no_copy && folder_is_empty(fd))
		r = fill(berth, target, source, existed, e);
	if (r == 0 && v->own)
		r = mounts_own(berth, source, user, e);
	if (r == 0)
		r = restrict_mount(source, v, e);
	if (r < 0)
		return r;
	(void)snprintf(options, sizeof(options), "bind,nosuid,nodev%s%s",
		       v->no_exec ? ",noexec" : "", v->read_only ? ",ro" : "");
	return mounts_add(m, target, "bind", source, options, e);
}

static int add_volume(const struct setup *s, struct berth *berth, int root, const struct user *user,
		      const struct volume *v, struct mounts *m, struct err *e)
{
	auto_free char *target = NULL;
	int r;

	if (v->kind != VOLUME_TMPFS)
		return add_bound(s, berth, root, user, v, m, e);
	r = rootfs_target(root, v->target, true, NULL, &target, e);
	return r == 0 ? mounts_add(m, target, "tmpfs", "tmpfs", v->options, e) : r;
}

/* Owner and mode of the image's folder, in the container's ids; its content is copied. */
static int as_in_image(const struct setup *s, int root, const char *target, struct buf *options,
		       struct err *e)
{
	const uint32_t base = setup_id_base(s);
	auto_close int fd = fs_open_nolink(root, target + 1, O_PATH | O_DIRECTORY, 0, e);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return FAIL_SYS(e, "look at '%s' in the image", target);
	/* One that we made just now is nobody's yet. */
	buf_printf(options, ",uid=%u,gid=%u,mode=%o,tmpcopyup",
		   st.st_uid >= base ? st.st_uid - base : 0,
		   st.st_gid >= base ? st.st_gid - base : 0, st.st_mode & 07777);
	return buf_check(options, "mount options", e);
}

/* A path that the profile names: a folder in memory which begins as the image's. What the user
 * mounts there goes before it. */
static int add_write(const struct setup *s, int root, const char *text, struct mounts *m,
		     struct err *e)
{
	auto_buf options = BUF_INIT(512);
	auto_free char *target = NULL;
	struct volume v = { 0 };
	int r = volume_parse_tmpfs(text, &v, e);

	if (r == 0)
		r = rootfs_target(root, v.target, true, NULL, &target, e);
	if (r == 0 && !mounts_have(m, target)) {
		buf_puts(&options, v.options);
		r = as_in_image(s, root, target, &options, e);
		if (r == 0)
			r = mounts_add(m, target, "tmpfs", "tmpfs", buf_str(&options), e);
	}
	volume_free(&v);
	return r;
}

/* An image's VOLUME: an anonymous one, unless something is mounted there. */
static int add_image_volume(const struct setup *s, struct berth *berth, int root,
			    const struct user *user, const char *path, struct mounts *m,
			    struct err *e)
{
	const struct volume v = { .kind = VOLUME_ANONYMOUS,
				  .target = (char *)(uintptr_t)path,
				  .no_exec = true };
	auto_free char *target = NULL;
	int r = 0;

	/* Where a link leads to; it may lead to what is not there, which add_bound() then makes. */
	auto_close int there = fs_open_in_root(root, path, O_PATH | O_DIRECTORY, 0, NULL);

	if (path[0] == '/' && mounts_have(m, path))
		return 0;
	if (there >= 0) {
		r = rootfs_target(root, path, true, NULL, &target, e);
		if (r == 0 && mounts_have(m, target))
			return 0;
	}
	if (r == 0)
		r = add_bound(s, berth, root, user, &v, m, e);
	return r < 0 ? WRAP(e, r, "the image's VOLUME") : 0;
}

/* Its node, shown in the container's own /dev. With the container's ids where that is possible,
 * else only what everybody may do with it. */
static int add_device(struct berth *berth, const char *text, struct mounts *m, struct err *e)
{
	auto_free char *source = NULL;
	auto_close int fd = -1;
	struct device d = { 0 };
	int r = device_parse(text, &d, e);

	if (r == 0) {
		fd = open(d.host, O_PATH | O_CLOEXEC);
		r = fd < 0 ? FAIL_SYS(e, "open '%s'", d.host) : 0;
	}
	if (r == 0 && berth_show(berth, fd, true, &source, NULL) < 0)
		r = berth_show(berth, fd, false, &source, e);
	if (r == 0)
		r = mounts_add(
			m, d.target, "bind", source,
			strchr(d.access, 'w') ? "bind,nosuid,noexec" : "bind,nosuid,noexec,ro", e);
	device_free(&d);
	return r;
}

static int add_secrets(const struct setup *s, struct berth *berth, int root,
		       const struct user *user, struct mounts *m, struct err *e)
{
	const uint32_t base = setup_id_base(s);
	auto_free char *path = NULL;
	int r;

	if (!s->opts->secrets || s->opts->secrets->n == 0)
		return 0;
	/* /run begins as the image's: a link there would take them elsewhere. */
	r = rootfs_folder(root, "/run/secrets", NULL, e);
	if (r < 0)
		return r;
	r = secrets_write(berth, s->opts->secrets, user, base, &path, e);
	return r == 0 ? mounts_add(m, "/run/secrets", "bind", path, "bind,ro,nosuid,nodev,noexec",
				   e)
		      : r;
}

int mounts_collect(const struct setup *s, struct berth *berth, int root, const struct user *user,
		   struct mounts *m, struct err *e)
{
	json_t *volumes = json_object_get(s->exec, "Volumes"), *unused;
	auto_free struct volumes *asked = calloc(1, sizeof(*asked));
	const struct strv *write = s->opts->profile_write, *devices = s->opts->devices;
	const char *path;
	int r = asked ? add_etc(berth, m, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = add_shim(berth, m, e);
	if (r == 0)
		r = volumes_parse(s->state, s->opts, asked, e);
	for (size_t i = 0; r == 0 && i < asked->n; i++)
		r = add_volume(s, berth, root, user, &asked->v[i], m, e);
	for (size_t i = 0; r == 0 && write && i < write->n; i++)
		r = add_write(s, root, write->v[i], m, e);
	for (size_t i = 0; r == 0 && devices && i < devices->n; i++)
		r = add_device(berth, devices->v[i], m, e);
	if (r == 0)
		r = add_secrets(s, berth, root, user, m, e);
	json_object_foreach(volumes, path, unused)
	{
		(void)unused;
		if (r == 0)
			r = add_image_volume(s, berth, root, user, path, m, e);
	}
	if (asked)
		volumes_free(asked);
	return r == 0 ? mounts_order(m, e) : r;
}

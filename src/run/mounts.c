/* SPDX-License-Identifier: Apache-2.0 */
#include "run/mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/userns.h"
#include "confine/shim.h"
#include "run/rootfs.h"

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

static int add_volume(const struct setup *s, struct berth *berth, int root, const char *text,
		      struct mounts *m, struct err *e)
{
	struct volume v = { 0 };
	auto_free char *source = NULL, *target = NULL;
	auto_close int fd = -1;
	struct stat st;
	int r = volume_parse(s->state, text, &v, e);

	if (r == 0) {
		fd = open(v.host, O_PATH | O_CLOEXEC);
		r = fd < 0 || fstat(fd, &st) < 0 ? FAIL_SYS(e, "volume '%s'", text) : 0;
	}
	if (r == 0)
		r = rootfs_target(root, v.target, S_ISDIR(st.st_mode), NULL, &target, e);
	if (r == 0)
		r = berth_show(berth, fd, true, &source, e);
	if (r == 0)
		r = mounts_add(m, target, "bind", source,
			       v.read_only ? "bind,nosuid,nodev,ro" : "bind,nosuid,nodev", e);
	volume_free(&v);
	return r;
}

/* Owner and mode of the image's folder, in the container's ids; its content is copied. */
static int as_in_image(const struct setup *s, int root, const char *target, struct buf *options,
		       struct err *e)
{
	const uint32_t base = userns_inside() ? 0 : s->c->id_base;
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

/* "PATH[:OPTIONS]"; of the options only size and mode are the user's to choose. copy: the folder is
 * the image's, not an empty one. */
static int add_tmpfs(const struct setup *s, int root, const char *text, bool copy, struct mounts *m,
		     struct err *e)
{
	struct str rest = str_of(text), path = { "", 0 }, word;
	auto_free char *given = NULL, *target = NULL;
	auto_buf options = BUF_INIT(512);
	bool size = false, exec = false;
	int r;

	(void)str_cut(&rest, ':', &path);
	given = str_dup(path);
	if (!given)
		return FAIL_NOMEM(e);
	buf_puts(&options, "nosuid,nodev");
	while (str_cut(&rest, ',', &word)) {
		size |= str_starts(word, "size=");
		exec |= str_eqz(word, "exec");
		if (str_starts(word, "size=") || str_starts(word, "mode="))
			buf_printf(&options, ",%.*s", (int)word.n, word.p);
		else if (!str_eqz(word, "exec") && !str_eqz(word, "rw") && !str_eqz(word, "noexec"))
			return FAIL(e, E_USAGE, "--tmpfs '%s': '%.*s' is not size=, mode= or exec",
				    text, (int)word.n, word.p);
	}
	buf_puts(&options, exec ? "" : ",noexec");
	buf_puts(&options, size ? "" : ",size=64m");
	buf_puts(&options, ",nr_inodes=16384");
	r = buf_check(&options, "--tmpfs", e);
	if (r == 0)
		r = rootfs_target(root, given, true, NULL, &target, e);
	if (r == 0 && copy)
		r = as_in_image(s, root, target, &options, e);
	return r == 0 ? mounts_add(m, target, "tmpfs", "tmpfs", buf_str(&options), e) : r;
}

/* An image's VOLUME: a folder of the container's own, which starts as a copy of the image's. */
static int add_image_volume(const struct setup *s, struct berth *berth, int root, const char *path,
			    struct mounts *m, struct err *e)
{
	auto_free char *target = NULL, *from = NULL, *to = NULL, *source = NULL;
	auto_close int fd = -1;
	int r = rootfs_target(root, path, true, NULL, &target, e);

	if (r < 0)
		return WRAP(e, r, "the image's VOLUME");
	if (mounts_have(m, target))
		return 0;
	if (asprintf(&from, "%s/rootfs%s", berth->path, target) < 0 ||
	    asprintf(&to, "%s/volumes/%zu", s->c->folder, m->n) < 0)
		return FAIL_NOMEM(e);

	const char *const copy[] = { "cp", "--archive", "--no-target-directory", "--", from,
				     to,   NULL };

	r = fs_mkdir_p(s->c->fd, "volumes", 0700, e);
	/* When it is started again it goes on with what it wrote. */
	if (r == 0 && access(to, F_OK) < 0)
		r = proc_run(copy, -1, NULL, e);
	if (r == 0) {
		fd = open(to, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? FAIL_SYS(e, "open '%s'", to) : 0;
	}
	/* Copied with the container's ids, so they stay as they are. */
	if (r == 0)
		r = berth_show(berth, fd, false, &source, e);
	return r == 0 ? mounts_add(m, target, "bind", source, "bind,nosuid,nodev", e) : r;
}

int mounts_collect(const struct setup *s, struct berth *berth, int root, struct mounts *m,
		   struct err *e)
{
	const struct run_opts *o = s->opts;
	json_t *volumes = json_object_get(s->exec, "Volumes"), *unused;
	const char *path;
	int r = add_etc(berth, m, e);

	if (r == 0)
		r = add_shim(berth, m, e);
	for (size_t i = 0; r == 0 && o->volumes && i < o->volumes->n; i++)
		r = add_volume(s, berth, root, o->volumes->v[i], m, e);
	for (size_t i = 0; r == 0 && o->tmpfs && i < o->tmpfs->n; i++)
		r = add_tmpfs(s, root, o->tmpfs->v[i], false, m, e);
	for (size_t i = 0; r == 0 && o->profile_write && i < o->profile_write->n; i++)
		r = add_tmpfs(s, root, o->profile_write->v[i], true, m, e);
	json_object_foreach(volumes, path, unused)
	{
		(void)unused;
		if (r == 0)
			r = add_image_volume(s, berth, root, path, m, e);
	}
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/rest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/userns.h"
#include "oci/layer.h"
#include "oci/overlay.h"
#include "oci/store.h"
#include "run/container_internal.h"
#include "run/launch/namespaces.h"
#include "run/options/profile_file.h"
#include "run/root/berth.h"
#include "run/root/disk.h"
#include "run/root/rootfs.h"
#include "run/root/setup.h"

enum { REST_LOCK_MS = 30000, LIMIT_CONFIG = 8 * 1024 * 1024 };

void rest_free(struct rest *r)
{
	if (r->root >= 0)
		(void)close(r->root);
	if (r->lock >= 0)
		(void)close(r->lock);
	*r = (struct rest)REST_INIT;
}

int rest_lock(const struct container *c, struct err *e)
{
	int fd = fs_lock(c->fd, "rest.lock", REST_LOCK_MS, e);

	return fd < 0 ? WRAP(e, fd, "container '%s': somebody copies its files", c->name) : fd;
}

/* What the container is made of. */
struct parts {
	struct manifest manifest;
	struct config config;
	json_t *run, *spec; /* run.json, config.json: the latter only of one that was started */
};

static void parts_release(struct parts *p)
{
	manifest_free(&p->manifest);
	config_free(&p->config);
	json_decref(p->run);
	json_decref(p->spec);
}
#define auto_parts __attribute__((cleanup(parts_release))) struct parts

static int load_json(const struct container *c, const char *name, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_CONFIG);
	int r = fs_read(c->fd, name, LIMIT_CONFIG, &text, e);

	return r < 0 ? r : json_parse(buf_str(&text), text.n, name, ret, e);
}

static int load_parts(const struct state *state, const struct container *c, struct parts *ret,
		      struct err *e)
{
	auto_release(store_close) struct store *store = NULL;
	struct ref ref = { 0 };
	struct desc found;
	int r = digest_parse(str_of(c->digest ?: ""), &ref.digest, e);

	if (r == 0)
		r = store_open(&store, state, e);
	if (r == 0)
		r = store_resolve(store, &ref, &found, e);
	if (r == 0)
		r = store_manifest(store, &found, &ret->manifest, NULL, e);
	if (r == 0)
		r = store_config(store, &ret->manifest, &ret->config, e);
	if (r == 0 && ret->config.diff_ids_n != ret->manifest.layers_n)
		r = FAIL(e, E_FORMAT, "its image has %zu layers but %zu diff ids",
			 ret->manifest.layers_n, ret->config.diff_ids_n);
	for (size_t n = 0; r == 0 && n < ret->manifest.layers_n; n++)
		r = layer_unpack(state, store, &ret->manifest.layers[n], &ret->config.diff_ids[n],
				 NULL, e);
	if (r == 0)
		r = load_json(c, "run.json", &ret->run, e);
	if (r == 0)
		(void)load_json(c, "config.json", &ret->spec, NULL);
	return r;
}

/* Of one that was never started the configuration is not written yet. */
static bool profile_writable(const json_t *options)
{
	const char *path = json_string_or_null(options, "profile");
	auto_profile_file f = { 0 };

	return path && profile_file_read(path, &f, NULL) == 0 && f.writable;
}

static bool is_writable(const struct parts *p)
{
	const json_t *options = json_object_get(p->run, "options");

	if (p->spec)
		return !json_is_true(json_object_get(json_object_get(p->spec, "root"), "readonly"));
	return json_is_false(json_object_get(options, "read-only")) || profile_writable(options);
}

/* How much its disk may hold, if this is the first that needs it. */
static uint64_t disk_wanted(const struct parts *p)
{
	const json_t *options = json_object_get(p->run, "options");
	const json_t *asked = json_array_get(json_object_get(options, "storage-opt"), 0);
	const char *text = json_string_value(asked),
		   *path = json_string_or_null(options, "profile");
	auto_profile_file f = { 0 };
	uint64_t size = 0;

	if (!disk_possible())
		return 0;
	if (text && starts_with(text, "size=") && run_parse_size(text + 5, &size, NULL) == 0)
		return size;
	if (path && profile_file_read(path, &f, NULL) == 0 && f.disk)
		return f.disk;
	return profile_default.limits.disk;
}

/* The namespace whose ids the files have; its file's name goes at once. */
static int open_berth(const struct container *c, struct berth *ret, struct err *e)
{
	char user[64], net[64];
	auto_free char *user_path = NULL, *net_path = NULL;
	int r = fs_temp_name("rest-", user, sizeof(user), e);

	if (r == 0)
		r = fs_temp_name("rest-", net, sizeof(net), e);
	if (r < 0)
		return r;
	if (asprintf(&user_path, "%s/%s", c->folder, user) < 0 ||
	    asprintf(&net_path, "%s/%s", c->folder, net) < 0)
		return FAIL_NOMEM(e);
	r = namespaces_make(user_path, net_path, &(struct namespaces_opts){ .id_base = c->id_base },
			    e);
	if (r == 0)
		r = berth_open(c->folder, user_path, ret, e);
	(void)umount2(user_path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)umount2(net_path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlink(user_path);
	(void)unlink(net_path);
	return r;
}

/* Shown in the berth and bound where it is in the container. */
static int bind_one(const struct state *state, struct berth *berth, int root,
		    const struct volume *v, struct err *e)
{
	auto_free char *named = NULL, *shown = NULL, *real = NULL;
	auto_close int fd = -1, at = -1;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					       (v->read_only ? MOUNT_ATTR_RDONLY : 0) };
	struct stat st;
	char path[64];
	int r;

	if (v->kind == VOLUME_NAMED &&
	    asprintf(&named, "%s/volumes/%s/_data", state->path, v->source) < 0)
		return FAIL_NOMEM(e);
	fd = open(named ?: v->source, O_PATH | O_CLOEXEC | (named ? O_NOFOLLOW : 0));
	if (fd < 0 && errno == ENOENT)
		return 0; /* a volume that the next start makes, or what is gone meanwhile */
	if (fd < 0 || fstat(fd, &st) < 0)
		return FAIL_SYS(e, "open volume '%s'", v->target);
	r = rootfs_target(root, v->target, S_ISDIR(st.st_mode), NULL, &real, e);
	if (r == 0)
		r = berth_show(berth, fd, true, &shown, e);
	if (r == 0 && mount_setattr(AT_FDCWD, shown, AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		r = FAIL_SYS(e, "restrict the mount of '%s'", v->target);
	if (r < 0)
		return r;
	at = fs_open_nolink(root, real + 1, O_PATH, 0, e);
	if (at < 0)
		return at;
	if (mount(shown, fs_fd_path(at, path), NULL, MS_BIND | MS_REC, NULL) < 0)
		return FAIL_SYS(e, "bind volume '%s'", v->target);
	return 0;
}

static int bind_all(const struct state *state, const struct parts *p, struct berth *berth, int root,
		    struct err *e)
{
	static const struct {
		const char *option;
		int (*parse)(const char *text, struct volume *ret, struct err *e);
	} kinds[] = { { "volume", volume_parse }, { "mount", volume_parse_mount } };
	const json_t *options = json_object_get(p->run, "options"), *text;
	size_t i;
	int r = 0;

	for (size_t k = 0; k < 2; k++)
		json_array_foreach(json_object_get(options, kinds[k].option), i, text)
		{
			struct volume v = { 0 };

			if (r == 0)
				r = kinds[k].parse(json_string_value(text) ?: "", &v, e);
			if (r == 0 && (v.kind == VOLUME_NAMED || v.kind == VOLUME_BIND))
				r = bind_one(state, berth, root, &v, e);
			volume_free(&v);
		}
	return r;
}

static int put_together(const struct state *state, struct container *c, const struct parts *p,
			int *ret_root, struct err *e)
{
	struct berth berth = BERTH_INIT;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	const struct run_opts o = { .writable = is_writable(p), .again = c->id };
	const struct setup s = { .state = state,
				 .opts = &o,
				 .c = c,
				 .limits.disk = disk_wanted(p),
				 .diff_ids = p->config.diff_ids,
				 .diff_ids_n = p->config.diff_ids_n };
	auto_free char *path = NULL;
	auto_close int root = -1;
	int r = open_berth(c, &berth, e);

	if (r == 0)
		r = setup_root(&s, &berth, &path, &root, e);
	if (r == 0)
		r = bind_all(state, p, &berth, root, e);
	if (r == 0 && !o.writable &&
	    mount_setattr(root, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		r = FAIL_SYS(e, "make the root read-only");
	berth_free(&berth);
	if (r == 0)
		*ret_root = TAKE_FD(root);
	return r;
}

int rest_open(const struct state *state, const struct container *c, struct rest *ret, struct err *e)
{
	auto_parts parts = { .run = NULL };
	auto_container now = CONTAINER_INIT;
	struct rest rest = REST_INIT;
	int r;

	if (geteuid() != 0 && (r = userns_enter(e)) < 0)
		return r;
	rest.lock = rest_lock(c, e);
	if (rest.lock < 0)
		return rest.lock;
	/* It may have been started until we had the lock. */
	r = container_load(state, c->id, &now, e);
	if (r == 0 && !now.clean)
		r = FAIL(e, E_USAGE, "container '%s' is running", now.name);
	if (r == 0)
		r = load_parts(state, &now, &parts, e);
	if (r == 0)
		r = mounts_private(e);
	if (r == 0)
		r = put_together(state, &now, &parts, &rest.root, e);
	if (r < 0) {
		rest_free(&rest);
		return WRAP(e, r, "root of container '%s'", c->name);
	}
	*ret = rest;
	return 0;
}

/* Where something is mounted over its root. */
static int mounts_of(const struct parts *p, struct strv *ret, struct err *e)
{
	const json_t *m;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(p->spec, "mounts"), i, m)
	{
		if (r == 0)
			r = strv_add(ret, json_string_or_null(m, "destination") ?: "", e);
	}
	return r;
}

/* At a folder that is there for as long as it takes to open it. */
static int open_layers(const struct state *state, const struct container *c, const struct parts *p,
		       struct err *e)
{
	auto_free char *path = NULL;
	char name[64];
	int fd, r = fs_temp_name("below-", name, sizeof(name), e);

	if (r < 0)
		return r;
	if (asprintf(&path, "%s/%s", c->folder, name) < 0)
		return FAIL_NOMEM(e);
	if (mkdir(path, 0700) < 0)
		return FAIL_SYS(e, "make '%s'", path);
	r = overlay_mount(state, p->config.diff_ids, p->config.diff_ids_n, NULL, NULL, path, true,
			  e);
	fd = r < 0 ? r : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && fd < 0)
		fd = FAIL_SYS(e, "open '%s'", path);
	if (r == 0)
		(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)rmdir(path);
	return fd;
}

int rest_below(const struct state *state, const struct container *c, int *ret_upper, int *ret_below,
	       struct strv *mounts, struct err *e)
{
	auto_parts parts = { .run = NULL };
	auto_free char *path = NULL;
	auto_close int upper = -1;
	int below, r = 0;

	if (geteuid() != 0 && (r = userns_enter(e)) < 0)
		return r;
	r = mounts_private(e);
	if (r == 0 && disk_there(c->fd))
		r = disk_mount(c->fd, c->folder, e);
	if (r < 0)
		return r;
	/* By path: c->fd is of the mount namespace that we left. */
	if (asprintf(&path, "%s%s/upper/fs", c->folder, disk_there(c->fd) ? "/" DISK_MOUNT : "") <
	    0)
		return FAIL_NOMEM(e);
	upper = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0)
		return errno == ENOENT ? 0 : FAIL_SYS(e, "open the root of '%s'", c->name);
	r = load_parts(state, c, &parts, e);
	if (r == 0)
		r = mounts_of(&parts, mounts, e);
	below = r < 0 ? r : open_layers(state, c, &parts, e);
	if (below < 0)
		return below;
	*ret_upper = TAKE_FD(upper);
	*ret_below = below;
	return 0;
}

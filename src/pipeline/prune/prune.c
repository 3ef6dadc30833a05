/* SPDX-License-Identifier: Apache-2.0 */
/* Removing what can be made again, with the store to ourselves. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/area.h"
#include "build/cache_mount.h"
#include "oci/layer.h"
#include "pipeline/prune/usage.h"
#include "run/container.h"

struct pruning {
	const struct state *state;
	const struct prune_opts *o;
	struct usages u;
	bool *gone;	/* of each in u */
	uint64_t total; /* bytes that are left */
	struct prune_result res;
};

static void pruning_free(struct pruning *p)
{
	usages_free(&p->u);
	free(p->gone);
}
#define auto_pruning __attribute__((cleanup(pruning_free))) struct pruning

/* Files and folders in the making whose makers are gone, for nobody else is here. */
static void sweep_folder(const struct state *state, const char *path)
{
	auto_close int dir = fs_open_nolink(state->fd, path, O_RDONLY | O_DIRECTORY, 0, NULL);
	int copy = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);

	for (const struct dirent *ent; d && (ent = readdir(d));)
		if (starts_with(ent->d_name, ".tmp-") ||
		    (starts_with(ent->d_name, "new-") && ends_with(path, "mounts")))
			(void)fs_remove_tree(dir, ent->d_name, NULL);
}

static int sweep(const struct state *state, struct err *e)
{
	static const char *const folders[] = { ".", "cache/build", "cache/packages", "cache/mounts",
					       "cache/http" };
	auto_area a = AREA_NONE;
	int r = layer_clean(state, e);

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		sweep_folder(state, folders[i]);
	/* Opening one removes those that killed builds left. */
	return r < 0 ? r : area_open(&a, state, e);
}

static const char *folder_of(enum usage_kind k)
{
	switch (k) {
	case USAGE_STEP: return "cache/build";
	case USAGE_LAYER: return "layers";
	case USAGE_PACKAGES: return "cache/packages";
	case USAGE_MOUNT: return "cache/mounts";
	case USAGE_HTTP:
	case USAGE_KINDS: break;
	}
	return "cache/http";
}

/* A folder of others' is renamed first: half of one is never found. */
static int remove_folder(int dir, const char *name, struct err *e)
{
	char temp[64];
	int r = fs_temp_name(".tmp-", temp, sizeof(temp), e);

	if (r < 0)
		return r;
	if (renameat(dir, name, dir, temp) < 0)
		return FAIL_SYS(e, "remove '%s'", name);
	return fs_remove_tree(dir, temp, e);
}

static int remove_mount(int dir, const struct usage *u, bool *ret_gone, struct err *e)
{
	auto_close int lock = cache_mount_lock(dir, u->id, NULL);
	char name[sizeof(u->id) + 8];
	int r;

	*ret_gone = lock >= 0;
	if (lock < 0)
		return 0;
	r = remove_folder(dir, u->id, e);
	(void)snprintf(name, sizeof(name), "%s.json", u->id);
	if (r == 0)
		r = fs_remove_tree(dir, name, e);
	(void)snprintf(name, sizeof(name), "%s.lock", u->id);
	return r < 0 ? r : fs_remove_tree(dir, name, e);
}

static int remove_item(struct pruning *p, size_t i, struct err *e)
{
	const struct usage *u = &p->u.v[i];
	auto_close int dir =
		fs_open_nolink(p->state->fd, folder_of(u->kind), O_RDONLY | O_DIRECTORY, 0, e);
	bool json = u->kind != USAGE_LAYER && u->kind != USAGE_MOUNT, gone = true;
	char name[sizeof(u->id) + 8];
	int r;

	if (dir < 0)
		return dir;
	(void)snprintf(name, sizeof(name), "%s%s", u->id, json ? ".json" : "");
	if (u->kind == USAGE_MOUNT)
		r = remove_mount(dir, u, &gone, e);
	else
		r = json ? fs_remove_tree(dir, name, e) : remove_folder(dir, name, e);
	if (r < 0 || !gone)
		return r;
	p->gone[i] = true;
	p->res.removed++;
	p->res.bytes += u->own;
	p->total -= u->own + u->blob;
	return 0;
}

/* Whether a step that stays would have to unpack the layer again. */
static bool step_has(const struct pruning *p, const struct digest *diff_id)
{
	for (size_t i = 0; i < p->u.n && p->u.v[i].kind == USAGE_STEP; i++)
		if (!p->gone[i] && digest_eq(&p->u.v[i].diff_id, diff_id))
			return true;
	return false;
}

static bool may_go(const struct pruning *p, const struct usage *u)
{
	const struct prune_opts *o = p->o;

	if (u->busy || (u->needed && !o->all) || (o->unused && o->now - u->used < o->unused))
		return false;
	return u->kind != USAGE_LAYER || o->all || !step_has(p, &u->diff_id);
}

static int by_use(const void *a, const void *b)
{
	const struct usage *const *x = a, *const *y = b;

	return (*x)->used<(*y)->used ? -1 : (*x)->used>(*y)->used;
}

/* Unpacked layers last, when it is known which steps stay; within that the oldest first. */
static int remove_all(struct pruning *p, bool layers, struct err *e)
{
	auto_free const struct usage **list = calloc(p->u.n + 1, sizeof(*list));
	size_t n = 0;
	int r = 0;

	if (!list)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < p->u.n; i++)
		if ((p->u.v[i].kind == USAGE_LAYER) == layers)
			list[n++] = &p->u.v[i];
	qsort(list, n, sizeof(*list), by_use);
	for (size_t i = 0; r == 0 && i < n; i++)
		if ((!p->o->keep || p->total > p->o->keep) && may_go(p, list[i]))
			r = remove_item(p, (size_t)(list[i] - p->u.v), e);
	return r;
}

static int prune(struct pruning *p, struct store *s, struct err *e)
{
	auto_json *keep = NULL;
	uint64_t bytes = 0;
	int r = sweep(p->state, e);

	/* A record that a killed command left would pass for a container that runs. */
	(void)container_reap(p->state, NULL);

	if (r == 0)
		r = usage_survey(p->state, s, &p->u, e);
	if (r < 0)
		return r;
	p->gone = calloc(p->u.n + 1, sizeof(*p->gone));
	if (!p->gone)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < p->u.n; i++)
		p->total += p->u.v[i].own + p->u.v[i].blob;
	r = remove_all(p, false, e);
	if (r == 0)
		r = remove_all(p, true, e);
	if (r == 0)
		r = usage_blobs(p->state, &keep, e);
	if (r == 0)
		r = store_gc_but(s, keep, &bytes, e);
	p->res.bytes += bytes;
	return r;
}

int cache_prune(const struct state *state, struct store *s, const struct prune_opts *o,
		struct prune_result *ret, struct err *e)
{
	auto_pruning p = { .state = state, .o = o };
	int r = store_alone(s, o->wait_ms, e);

	if (r < 0)
		return r;
	r = prune(&p, s, e);
	store_not_alone(s);
	if (r == 0)
		*ret = p.res;
	return r < 0 ? WRAP(e, r, "prune") : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Looking through the state folder for what can be made again. */
#include "pipeline/prune/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/cache.h"
#include "build/cache_mount.h"
#include "build/walk.h"
#include "run/container.h"

enum { LIMIT_ENTRY = 65536 };

static const struct {
	const char *name, *folder;
} kinds[USAGE_KINDS] = {
	[USAGE_STEP] = { "step", "cache/build" },
	[USAGE_LAYER] = { "layer", "layers" },
	[USAGE_PACKAGES] = { "packages", "cache/packages" },
	[USAGE_MOUNT] = { "mount", "cache/mounts" },
	[USAGE_HTTP] = { "http", "cache/http" },
};

const char *usage_kind_name(enum usage_kind k)
{
	return kinds[k].name;
}

/* What images and containers have: sets of digests. */
struct needs {
	json_t *blobs, *diff_ids, *running;
	bool all_running; /* a container runs whose layers cannot be told */
};

static void needs_free(struct needs *n)
{
	json_decref(n->blobs);
	json_decref(n->diff_ids);
	json_decref(n->running);
}
#define auto_needs __attribute__((cleanup(needs_free))) struct needs

static int note_image(const struct store *s, const struct desc *d, json_t *blobs, json_t *diff_ids,
		      struct err *e)
{
	auto_manifest m = { 0 };
	auto_config c = { 0 };
	int r = 0;

	/* What is damaged or no image has no layers to keep. */
	if (store_manifest(s, d, &m, NULL, NULL) < 0 || store_config(s, &m, &c, NULL) < 0)
		return E_NOTFOUND;
	for (size_t i = 0; r == 0 && blobs && i < m.layers_n; i++)
		r = json_put(blobs, m.layers[i].digest.s, json_true(), e);
	for (size_t i = 0; r == 0 && i < c.diff_ids_n; i++)
		r = json_put(diff_ids, c.diff_ids[i].s, json_true(), e);
	return r;
}

static int note_images(const struct store *s, struct needs *n, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = store_list(s, &list, e);

	json_array_foreach(list, i, entry)
	{
		struct desc d;

		if (r < 0 || desc_parse(entry, "index.json", &d, NULL) < 0)
			continue;
		r = note_image(s, &d, n->blobs, n->diff_ids, e);
		r = r == E_NOTFOUND ? 0 : r;
	}
	return r;
}

struct noting {
	const struct store *s;
	struct needs *n;
};

/* A container that runs, or may be about to, stands on its unpacked layers. */
static int note_container(void *arg, struct container *c, struct err *e)
{
	const struct noting *x = arg;
	struct container_status st;
	struct ref ref;
	struct desc d;
	int r;

	/* A step's build has the store open: that is its protection. */
	if (c->kind == CONTAINER_STEP ||
	    (container_status(c, &st, NULL) == 0 && st.phase == PHASE_EXITED))
		return 0;
	if (!c->digest || store_lookup(x->s, c->digest, &ref, &d, NULL) < 0) {
		x->n->all_running = true;
		return 0;
	}
	r = note_image(x->s, &d, NULL, x->n->running, e);
	x->n->all_running |= r == E_NOTFOUND;
	return r == E_NOTFOUND ? 0 : r;
}

static int find_needs(const struct state *state, const struct store *s, struct needs *n,
		      struct err *e)
{
	struct noting x = { s, n };
	int r;

	*n = (struct needs){ json_object(), json_object(), json_object(), false };
	if (!n->blobs || !n->diff_ids || !n->running)
		return FAIL_NOMEM(e);
	r = note_images(s, n, e);
	container_settle(state);
	return r < 0 ? r : container_each(state, note_container, &x, e);
}

static int count(void *arg, const struct walk_item *it, struct err *e)
{
	uint64_t *bytes = arg;
	uint64_t n = (uint64_t)it->st->st_blocks * 512;

	(void)e;
	/* A file with several names is there once: each name has its share. */
	*bytes += S_ISDIR(it->st->st_mode) || it->st->st_nlink == 0 ? n : n / it->st->st_nlink;
	return 0;
}

static int nothing(void *arg, const struct walk_item *it, struct err *e)
{
	(void)arg, (void)it, (void)e;
	return 0;
}

/* Bytes that a file or folder takes; as much as can be read of it. */
static uint64_t size_of(int dir, const char *name)
{
	uint64_t bytes = 0;
	const struct walker w = { .enter = nothing, .leave = count, .file = count, .arg = &bytes };

	(void)walk_tree(dir, name, &w, NULL);
	return bytes;
}

static bool digest_of_hex(const char *hex, struct digest *ret)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "sha256:%.70s", hex);
	return digest_parse(str_of(text), ret, NULL) == 0;
}

static bool has(const json_t *set, const struct digest *d)
{
	return json_object_get(set, d->s);
}

static void look_at_step(int dir, const char *name, const struct store *s, const struct needs *n,
			 struct usage *u)
{
	auto_buf text = BUF_INIT(LIMIT_ENTRY);
	auto_json *j = NULL;
	struct cached c = { 0 };

	if (fs_read(dir, name, LIMIT_ENTRY, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, "cache", &j, NULL) < 0 ||
	    cached_read(j, &c, NULL) < 0 || c.empty || !store_has(s, &c.layer.digest, c.layer.size))
		return;
	u->digest = c.layer.digest;
	u->diff_id = c.diff_id;
	u->needed = has(n->blobs, &c.layer.digest);
	u->blob = u->needed ? 0 : c.layer.size;
}

static int look_at_mount(int dir, const char *name, struct usage *u, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_ENTRY);
	auto_json *j = NULL;
	auto_close int lock = cache_mount_lock(dir, name, NULL);
	char json[96];
	struct stat st;
	const char *id;

	(void)snprintf(json, sizeof(json), "%.64s.json", name);
	u->busy = lock < 0;
	if (fstatat(dir, json, &st, AT_SYMLINK_NOFOLLOW) == 0)
		u->used = st.st_mtim.tv_sec;
	if (fs_read(dir, json, LIMIT_ENTRY, &text, NULL) < 0 ||
	    json_parse(buf_str(&text), text.n, "mount", &j, NULL) < 0)
		return 0;
	id = json_string_or_null(j, "id");
	if (id && !(u->note = strdup(id)))
		return FAIL_NOMEM(e);
	return 0;
}

/* False for what is no item: locks, and files that describe one. */
static bool is_item(enum usage_kind k, const char *name, struct digest *ret)
{
	size_t n = strlen(name);

	if (k == USAGE_STEP || k == USAGE_PACKAGES || k == USAGE_HTTP) {
		char hex[80];

		/* A package list's goes on with "-" and its layer's diff ID. */
		if (n < DIGEST_HEX + 5 || n >= 160 || !ends_with(name, ".json") ||
		    (n > DIGEST_HEX + 5 && (k != USAGE_PACKAGES || name[DIGEST_HEX] != '-')))
			return false;
		(void)snprintf(hex, sizeof(hex), "%.*s", DIGEST_HEX, name);
		return digest_of_hex(hex, ret);
	}
	return n == DIGEST_HEX && digest_of_hex(name, ret);
}

static int look_at(int dir, enum usage_kind k, const char *name, const struct store *s,
		   const struct needs *n, struct usage *u, struct err *e)
{
	struct digest d = { "" };
	struct stat st;
	int len = (int)strlen(name);

	*u = (struct usage){ .kind = k };
	if (!is_item(k, name, &d) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return E_NOTFOUND;
	(void)snprintf(u->id, sizeof(u->id), "%.*s", len - (ends_with(name, ".json") ? 5 : 0),
		       name);
	u->used = st.st_mtim.tv_sec;
	u->own = size_of(dir, name);
	if (k == USAGE_STEP) {
		look_at_step(dir, name, s, n, u);
	} else if (k == USAGE_LAYER) {
		u->diff_id = d;
		u->needed = has(n->diff_ids, &d);
		u->busy = n->all_running || has(n->running, &d);
	} else if (k == USAGE_PACKAGES) {
		u->needed = has(n->blobs, &d);
	} else if (k == USAGE_MOUNT) {
		return look_at_mount(dir, name, u, e);
	}
	return 0;
}

static int add(struct usages *u, const struct usage *item, struct err *e)
{
	struct usage *v = reallocarray(u->v, u->n + 1, sizeof(*v));

	if (!v)
		return FAIL_NOMEM(e);
	u->v = v;
	v[u->n++] = *item;
	return 0;
}

static int survey_kind(const struct state *state, enum usage_kind k, const struct store *s,
		       const struct needs *n, struct usages *ret, struct err *e)
{
	auto_close int dir =
		fs_open_nolink(state->fd, kinds[k].folder, O_RDONLY | O_DIRECTORY, 0, NULL);
	int copy = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) /* there is none of it */
		return 0;
	for (const struct dirent *ent; (ent = readdir(d));) {
		struct usage u;
		int r = look_at(dir, k, ent->d_name, s, n, &u, e);

		if (r == 0)
			r = add(ret, &u, e);
		if (r < 0)
			free(u.note);
		if (r < 0 && r != E_NOTFOUND)
			return r;
	}
	return 0;
}

/* By kind, then the oldest first; of steps with one blob the first has its size. */
static int in_order(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->used != y->used)
		return x->used < y->used ? -1 : 1;
	return strcmp(x->id, y->id);
}

static int count_blobs_once(struct usages *u, struct err *e)
{
	auto_json *seen = json_object();
	int r = seen ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < u->n; i++) {
		if (!u->v[i].blob)
			continue;
		if (has(seen, &u->v[i].digest))
			u->v[i].blob = 0;
		r = json_put(seen, u->v[i].digest.s, json_true(), e);
	}
	return r;
}

int usage_survey(const struct state *state, const struct store *s, struct usages *ret,
		 struct err *e)
{
	auto_usages u = { 0 };
	auto_needs n = { 0 };
	int r = find_needs(state, s, &n, e);

	for (int k = 0; r == 0 && k < USAGE_KINDS; k++)
		r = survey_kind(state, (enum usage_kind)k, s, &n, &u, e);
	if (r == 0 && u.n) {
		qsort(u.v, u.n, sizeof(*u.v), in_order);
		r = count_blobs_once(&u, e);
	}
	if (r < 0)
		return r;
	*ret = u;
	u = (struct usages){ 0 };
	return 0;
}

void usages_free(struct usages *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->v[i].note);
	free(u->v);
	*u = (struct usages){ 0 };
}

static int note_blobs(const struct cached *c, json_t *set, struct err *e)
{
	int r = c->empty ? 0 : json_put(set, c->layer.digest.s, json_true(), e);

	return r == 0 && c->fetched.digest.s[0] ? json_put(set, c->fetched.digest.s, json_true(), e)
						: r;
}

int usage_blobs(const struct state *state, json_t **ret, struct err *e)
{
	auto_json *set = json_object();
	auto_close int dir = fs_open_nolink(state->fd, kinds[USAGE_STEP].folder,
					    O_RDONLY | O_DIRECTORY, 0, NULL);
	int copy = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);
	int r = set ? 0 : FAIL_NOMEM(e);

	for (const struct dirent *ent; r == 0 && d && (ent = readdir(d));) {
		auto_buf text = BUF_INIT(LIMIT_ENTRY);
		auto_json *j = NULL;
		struct cached c = { 0 };
		struct digest key;

		if (is_item(USAGE_STEP, ent->d_name, &key) &&
		    fs_read(dir, ent->d_name, LIMIT_ENTRY, &text, NULL) == 0 &&
		    json_parse(buf_str(&text), text.n, "cache", &j, NULL) == 0 &&
		    cached_read(j, &c, NULL) == 0)
			r = note_blobs(&c, set, e);
	}
	if (r == 0)
		*ret = TAKE(set);
	return r;
}

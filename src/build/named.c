/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --build-context NAME=VALUE: what NAME means in FROM, COPY --from and RUN --mount=from. Folders,
 * repositories and archives become a layer by themselves, kept like a step's by the digest of what
 * they hold, so that everything that reads another stage's files reads theirs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "build/git.h"
#include "build/work.h"

/* "docker.io/library/alpine:latest" and "alpine" are one name. */
static struct str bare(const char *s, size_t n)
{
	static const char *const heads[] = { "docker.io/library/", "docker.io/" };
	struct str b = { s, n };

	for (size_t i = 0; i < 2; i++)
		if (str_starts(b, heads[i])) {
			b = (struct str){ b.p + strlen(heads[i]), b.n - strlen(heads[i]) };
			break;
		}
	if (str_ends(b, ":latest"))
		b.n -= strlen(":latest");
	return b;
}

const char *named_value(const struct strv *contexts, const char *name)
{
	struct str want = bare(name, strlen(name));

	for (size_t i = contexts ? contexts->n : 0; i-- > 0;) {
		const char *eq = strchr(contexts->v[i], '=');
		struct str have = bare(contexts->v[i], (size_t)(eq - contexts->v[i]));

		if (have.n == want.n && strncasecmp(have.p, want.p, want.n) == 0)
			return eq + 1;
	}
	return NULL;
}

int named_check(const struct strv *contexts, struct err *e)
{
	for (size_t i = 0; contexts && i < contexts->n; i++) {
		const char *eq = strchr(contexts->v[i], '=');

		if (!eq || eq == contexts->v[i] || !eq[1])
			return FAIL(e, E_USAGE, "--build-context '%.100s' is not NAME=VALUE",
				    contexts->v[i]);
		if (starts_with(eq + 1, "target:") || starts_with(eq + 1, "input:"))
			return FAIL(e, E_USAGE,
				    "--build-context %.100s: bake's targets and other "
				    "builds' results cannot be named",
				    contexts->v[i]);
	}
	return 0;
}

/* --- trees --- */

struct tree {
	struct source_root root;
	struct sources all;
	struct ignore ignore;
	int64_t newest;
	bool exact; /* all files have that time */
};

static void tree_free(struct tree *t)
{
	close_release(&t->root.fd);
	sources_free(&t->all);
	ignore_free(&t->ignore);
}
#define auto_tree __attribute__((cleanup(tree_free))) struct tree

static int make_layer(struct work *w, const struct tree *t, struct cached *c, struct err *e)
{
	auto_mounted m = MOUNTED_NONE;
	struct draft nothing = { 0 };
	int r = mount_draft(w, &nothing, MOUNT_ALONE, &m, e);
	const struct tree_copy copy = {
		.root = m.root, .target = "/", .into = true, .clamp = t->newest, .exact = t->exact
	};

	if (r == 0)
		r = tree_copy(&copy, &t->root, &t->all.v[0], e);
	return r < 0 ? r : mount_commit(w, NULL, &m, t->newest, c, e);
}

/* The tree as an image of one layer; what it is made of is hashed, and made once. */
static int tree_draft(struct work *w, const char *name, struct tree *t, bool note,
		      struct draft *ret, struct err *e)
{
	const struct build_opts *o = w->o;
	auto_keyer k = { 0 };
	struct digest none, key, content;
	struct cached c = { 0 };
	auto_free char *uri = NULL;
	int r = sources_find(&t->root, ".", &t->all, e);

	digest_of("", 0, &none);
	if (r == 0)
		r = keyer_new(&k, "context", &none, e);
	if (r == 0)
		r = sources_hash(&t->root, &t->all, k.h, &t->newest, e);
	if (r < 0)
		return r;
	keyer_end(&k, &content);
	keyer_free(&k);
	if (asprintf(&uri, "context:%s", name) < 0)
		return FAIL_NOMEM(e);
	if (note)
		r = material_add(w, uri, content.s, e);
	if (o->source_date_epoch >= 0) {
		t->exact = t->newest > o->source_date_epoch && t->exact;
		t->newest = o->source_date_epoch;
	}
	if (r == 0)
		r = keyer_new(&k, "context layer", &content, e);
	if (r < 0)
		return r;
	sha256_update(k.h, &o->source_date_epoch, sizeof(o->source_date_epoch));
	keyer_put(&k, t->exact ? "exact" : "");
	keyer_end(&k, &key);
	if (!cache_get(o->state, o->store, &key, &c)) {
		r = make_layer(w, t, &c, e);
		if (r == 0)
			r = cache_put(o->state, &key, &c, e);
	}
	if (r == 0)
		r = draft_scratch(ret, e);
	if (r == 0 && !c.empty)
		r = draft_add_layer(ret, &c.layer, &c.diff_id, e);
	ret->epoch = c.epoch;
	ret->settled = false; /* the layer is known by what it holds, whatever the times */
	return r;
}

static int from_folder(struct work *w, const char *name, const char *path, struct draft *ret,
		       struct err *e)
{
	auto_tree t = { .root = { .fd = fs_open_user(path, O_RDONLY | O_DIRECTORY, 0, e) } };
	int r;

	if (t.root.fd < 0)
		return t.root.fd;
	r = context_ignore(t.root.fd, &t.ignore, e);
	t.root.ignore = &t.ignore;
	return r < 0 ? r : tree_draft(w, name, &t, true, ret, e);
}

static int from_git(struct work *w, const char *name, const struct remote *at, struct draft *ret,
		    struct err *e)
{
	struct git_tree g = GIT_TREE_NONE;
	auto_tree t = { .root = { .fd = -1 }, .exact = true };
	char digest[80];
	int r = git_resolve(w, at, &g, e);

	if (r == 0)
		r = git_get(w, at, &g, e);

	auto_close int top = g.fd;

	if (r < 0)
		return r;
	git_digest(&g, digest);
	t.root.fd = git_subdir(at, &g, e);
	t.newest = g.time;
	r = t.root.fd < 0 ? t.root.fd : material_add(w, at->shown, digest, e);
	return r < 0 ? r : tree_draft(w, name, &t, false, ret, e);
}

static int from_web(struct work *w, const struct remote *at, struct draft *ret, struct err *e)
{
	struct web_file f = WEB_FILE_NONE;
	struct digest diff_id;
	struct desc layer;
	bool archive = false;
	int r = web_resolve(w, at, NULL, &f, e);

	if (r == 0)
		r = web_get(w, at, &f, e);

	auto_close int fd = f.fd;

	if (r == 0)
		r = material_add(w, at->shown, f.digest.s, e);
	if (r == 0)
		r = is_archive(fd, at->name ? at->name : "context", &archive, e);
	if (r == 0 && !archive)
		r = FAIL(e, E_FORMAT, "%.600s is no archive", at->url);
	if (r < 0)
		return r;

	auto_close int dir = archive_tree(w, fd, &layer, &diff_id, e);

	r = dir < 0 ? dir : draft_scratch(ret, e);
	if (r == 0)
		ret->epoch = f.mtime;
	return r < 0 ? r : draft_add_layer(ret, &layer, &diff_id, e);
}

/* --- images --- */

static int from_image(struct work *w, const char *name, struct draft *ret, struct err *e)
{
	struct desc image;
	int r = find_base(w, name, &image, e);

	return r < 0 ? r : draft_from_image(w->o->store, &image, ret, e);
}

static int from_value(struct work *w, const char *name, const char *value, bool base,
		      struct draft *ret, struct err *e)
{
	auto_remote at = { 0 };
	int r;

	if (starts_with(value, "docker-image://"))
		return from_image(w, value + strlen("docker-image://"), ret, e);
	if (starts_with(value, "oci-layout://")) /* the base hook reads layouts, too */
		return from_image(w, value, ret, e);
	if (base) {
		r = FAIL(e, E_POLICY, "'%.200s' is no image: nobody signed it", value);
		return err_hint(e, r, "plimsoll import ROOTFS.tar %s", name);
	}
	r = remote_parse(value, true, &at, e);
	if (r < 0)
		return r;
	if (at.kind == REMOTE_GIT)
		return from_git(w, name, &at, ret, e);
	return at.kind == REMOTE_HTTP ? from_web(w, &at, ret, e)
				      : from_folder(w, name, value, ret, e);
}

int named_draft(struct work *w, const char *name, bool base, struct draft *ret, struct err *e)
{
	const char *value = named_value(w->o->contexts, name);
	struct draft d = { 0 };
	int r;

	if (!value)
		return 0;
	r = from_value(w, name, value, base, &d, e);
	if (r < 0) {
		draft_free(&d);
		return w->paused ? r : WRAP(e, r, "--build-context %.100s", name);
	}
	*ret = d;
	return 1;
}

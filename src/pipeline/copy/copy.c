/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/copy/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "pipeline/copy/internal.h"

/* --- the two ends --- */

void copy_end_free(struct copy_end *x)
{
	free(x->path);
	free(x->name);
	x->path = x->name = NULL;
}

/* "PATH[:NAME]", cut at the first ':' as skopeo does. */
static int parse_path(const char *text, struct copy_end *ret, struct err *e)
{
	size_t n = strcspn(text, ":");

	if (n == 0)
		return FAIL(e, E_USAGE, "a path is missing");
	ret->path = strndup(text, n);
	if (text[n] && text[n + 1])
		ret->name = strdup(text + n + 1);
	return !ret->path || (text[n] && text[n + 1] && !ret->name) ? FAIL_NOMEM(e) : 0;
}

static int parse_ref(const char *text, bool registry, bool store, struct copy_end *ret,
		     struct err *e)
{
	int r = ref_parse(text, &ret->ref, e);

	if (r == 0 && registry)
		r = registry_qualify(&ret->ref, e);
	ret->kind = (ret->ref.host[0] && !store) ? COPY_REGISTRY : COPY_STORE;
	return r;
}

int copy_end_parse(const char *text, struct copy_end *ret, struct err *e)
{
	static const struct {
		const char *prefix;
		enum copy_kind kind;
	} kinds[] = { { "docker://", COPY_REGISTRY },
		      { "store:", COPY_STORE },
		      { "oci:", COPY_OCI },
		      { "oci-archive:", COPY_OCI_ARCHIVE },
		      { "docker-archive:", COPY_DOCKER_ARCHIVE } };
	static const char *const others[] = {
		"docker-daemon:", "containers-storage:", "dir:", "ostree:", "sif:", "tarball:"
	};
	struct copy_end x = { 0 };
	int r;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (starts_with(text, others[i]))
			return FAIL(e, E_USAGE,
				    "'%s' is not copied from or to: there are docker://, oci:, "
				    "oci-archive:, docker-archive: and store:",
				    others[i]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *rest = text + strlen(kinds[i].prefix);

		if (!starts_with(text, kinds[i].prefix))
			continue;
		x.kind = kinds[i].kind;
		r = x.kind == COPY_REGISTRY ? parse_ref(rest, true, false, &x, e)
		    : x.kind == COPY_STORE  ? parse_ref(rest, false, true, &x, e)
					    : parse_path(rest, &x, e);
		if (r < 0)
			copy_end_free(&x);
		else
			*ret = x;
		return r < 0 ? WRAP(e, r, "'%s'", text) : 0;
	}
	r = parse_ref(text, false, false, &x, e);
	if (r == 0)
		*ret = x;
	return r;
}

/* --- a store for the time of a copy --- */

enum { COPY_LOCK_MS = 60000 }; /* others remove what killed copies left, which may be much */

/* What killed copies left in tmp: nobody has their lock. */
static void tidy(const struct state *parent)
{
	auto_close int tmp = openat(parent->fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int copy = tmp < 0 ? -1 : fcntl(tmp, F_DUPFD_CLOEXEC, 3);
	auto_closedir DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d && copy >= 0)
		(void)close(copy);
	for (const struct dirent *ent; d && (ent = readdir(d));) {
		char lock[300];

		if (!starts_with(ent->d_name, "copy-"))
			continue;
		(void)snprintf(lock, sizeof(lock), "%s/store.lock", ent->d_name);

		auto_close int held = fs_lock(tmp, lock, 0, NULL);

		if (held >= 0)
			(void)fs_remove_tree(tmp, ent->d_name, NULL);
	}
}

int copy_room_open(struct copy_room *x, const struct state *parent, struct err *e)
{
	auto_close int alone = -1;
	char leaf[64];
	int r = fs_temp_name("copy-", leaf, sizeof(leaf), e);

	if (r < 0 || x->store)
		return r;
	/* Until it is locked, a room looks like one that a killed copy left. */
	alone = fs_lock(parent->fd, "copy.lock", COPY_LOCK_MS, e);
	if (alone < 0)
		return alone;
	tidy(parent);
	x->parent = parent;
	(void)snprintf(x->name, sizeof(x->name), "tmp/%s", leaf);
	r = fs_mkdir_p(parent->fd, x->name, 0700, e);
	if (r < 0)
		return r;
	if (asprintf(&x->state.path, "%s/%s", parent->path, x->name) < 0) {
		x->state.path = NULL;
		return FAIL_NOMEM(e);
	}
	x->state.fd = openat(parent->fd, x->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->state.fd < 0)
		return FAIL_SYS(e, "open '%s'", x->state.path);
	r = store_open(&x->store, &x->state, e);
	if (r == 0)
		store_set_passing(x->store);
	return r;
}

void copy_room_close(struct copy_room *x)
{
	store_close(x->store);
	state_close(&x->state);
	if (x->name[0])
		(void)fs_remove_tree(x->parent->fd, x->name, NULL);
	*x = (struct copy_room){ 0 };
}

/* --- the copy --- */

static void close_all(struct copy_run *x)
{
	registry_copy_free(&x->c);
	registry_close(x->c.from);
	registry_close(x->c.to);
	store_close(x->opened);
	store_close(x->written);
	state_close(&x->folder);
	copy_room_close(&x->room);
	copy_room_close(&x->packed);
}

static int copy(struct copy_run *x, const struct copy_end *from, const struct copy_end *to,
		const struct copy_opts *o, struct err *e)
{
	const char *tag = NULL;
	struct desc d;
	int r = copy_source_open(x, from, &d, e);

	if (r == 0)
		r = copy_choose_platform(x, to, o, &d, e);
	if (r == 0 && to->ref.digest.s[0] && !digest_eq(&to->ref.digest, &d.digest))
		r = FAIL(e, E_USAGE, "the image is %s, not what the destination names", d.digest.s);
	if (r == 0)
		r = copy_dest_open(x, from, to, &tag, e);
	if (r < 0)
		return r;
	x->c.no_referrers = o->no_referrers || to->kind == COPY_DOCKER_ARCHIVE;
	x->c.p = x->road->progress;
	x->c.from_prefix = x->from_prefix;
	x->c.to_prefix = x->to_prefix;
	r = registry_copy(&x->c, &d, tag, e);
	if (r == 0)
		r = copy_dest_finish(x, from, to, &d, e);
	if (r == 0)
		x->road->image = d;
	return r;
}

/* An end as the trail has it: the name of a file or folder, not where this machine's users have it.
 */
static const char *end_name(const struct copy_end *x, struct buf *b)
{
	static const char *const kinds[] = { "",
					     "store:", "oci:", "oci-archive:", "docker-archive:" };

	const char *leaf = x->path ? strrchr(x->path, '/') : NULL;

	buf_puts(b, kinds[x->kind]);
	if (x->kind == COPY_REGISTRY || x->kind == COPY_STORE)
		ref_full(&x->ref, b);
	else
		buf_printf(b, "%s%s%s", leaf && leaf[1] ? leaf + 1 : x->path, x->name ? ":" : "",
			   x->name ? x->name : "");
	return buf_str(b);
}

int step_copy(struct road *road, const struct copy_end *from, const struct copy_end *to,
	      const struct copy_opts *o, struct copy_done *ret, struct err *e)
{
	auto_buf a = BUF_INIT(8192), b = BUF_INIT(8192);
	const char *name = road->name;
	struct copy_run x = { .road = road, .folder = { .fd = -1 } };
	int r = copy(&x, from, to, o, e);
	json_t *detail = json_pack("{s:s, s:s, s:I, s:I}", "from", end_name(from, &a), "to",
				   end_name(to, &b), "manifests", (json_int_t)x.c.manifests,
				   "referrers", (json_int_t)x.c.referrers);

	*ret = (struct copy_done){ x.c.manifests, x.c.referrers, x.c.blobs,
				   x.c.there,	  x.c.mounted,	 x.c.skipped };
	close_all(&x);
	road->name = buf_str(&a);
	r = road_note(road, "copy", r, detail, e);
	road->name = name;
	return r;
}

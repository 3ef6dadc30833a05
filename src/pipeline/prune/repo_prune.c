/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/prune/repo_prune.h"

#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/prune/repo_internal.h"

void prune_done_free(struct prune_done *x)
{
	json_decref(x->removed);
	json_decref(x->kept_signed);
	*x = (struct prune_done){ 0 };
}

/* One prune: what goes, in the order in which it goes. */
struct pruning {
	struct repo repo;
	const struct prune_opts *o;
	struct prune_done *done;
	json_t *listed;	 /* digests that are in done->removed */
	json_t *tags_of; /* lists of tags by digest */
};

static int newest_first(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->created != y->created)
		return x->created < y->created ? 1 : -1;
	return strcmp(x->tag, y->tag);
}

/* Which tags are old enough. One whose age nobody knows never is. The newest are counted by images,
 * however many tags one has. */
static int choose_old(struct pruning *w, struct err *e)
{
	int64_t before = clock_now() - w->o->older_than;
	auto_json *images = json_object();
	int r = images ? 0 : FAIL_NOMEM(e);

	if (w->repo.named_n)
		qsort(w->repo.named, w->repo.named_n, sizeof(*w->repo.named), newest_first);
	for (size_t i = 0; i < w->repo.named_n && r == 0; i++) {
		struct named *n = &w->repo.named[i];

		if (json_object_size(images) < w->o->keep)
			r = json_put(images, n->d.digest.s, json_true(), e);
		n->goes = (w->o->by_age || w->o->by_count) && n->created &&
			  (!w->o->by_count || !json_object_get(images, n->d.digest.s)) &&
			  (!w->o->by_age || n->created < before);
	}
	return r;
}

/* A signed image stays; so does one that another tag names which stays. */
static int spare(struct pruning *w, struct err *e)
{
	auto_json *stay = json_object();

	if (!stay)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < w->repo.named_n; i++) {
		struct named *n = &w->repo.named[i];
		bool is_signed = false;
		int r = n->goes ? repo_is_signed(&w->repo, &n->d, &is_signed, e) : 0;

		if (r == 0 && is_signed)
			r = json_push(w->done->kept_signed, json_string(n->tag), e);
		if (r < 0)
			return r;
		n->goes &= !is_signed;
	}
	for (size_t i = 0; i < w->repo.named_n; i++) {
		const struct named *n = &w->repo.named[i];
		int r = n->goes ? 0 : json_put(stay, n->d.digest.s, json_true(), e);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < w->repo.named_n; i++)
		if (json_object_get(stay, w->repo.named[i].d.digest.s))
			w->repo.named[i].goes = false;
	return 0;
}

/* Puts a digest on the list, with all its tags, unless something needs it. */
static int put(struct pruning *w, const char *digest, const char *why, struct err *e)
{
	json_t *tags = json_object_get(w->tags_of, digest);
	int r;

	if (repo_needs(&w->repo, digest) || json_object_get(w->listed, digest))
		return 0;
	r = json_put(w->listed, digest, json_true(), e);
	if (r < 0)
		return r;
	return json_push(w->done->removed,
			 json_pack("{s:s, s:s, s:o}", "digest", digest, "why", why, "tags",
				   tags ? json_incref(tags) : json_array()),
			 e);
}

static int sort_tags(struct pruning *w, struct err *e)
{
	const char *tag;
	const json_t *at;
	int r = 0;

	json_object_foreach(w->repo.at, tag, at)
	{
		const char *digest = json_string_value(at);
		json_t *list = json_object_get(w->tags_of, digest);

		if (r == 0 && !list) {
			list = json_array();
			r = json_put(w->tags_of, digest, list, e);
		}
		if (r == 0)
			r = json_push(list, json_string(tag), e);
	}
	return r;
}

static int put_image(struct repo *x, const struct desc *d, void *arg, struct err *e)
{
	(void)x;
	return put(arg, d->digest.s, "image", e);
}

/* What refers to an image that goes or is gone, by its manifest's own word; the tag that lists it
 * last, so that a prune that is killed can be done again. */
static int put_referrers(struct pruning *w, const struct digest *subject, struct err *e)
{
	static const char *const endings[] = { ".sig", ".att", ".sbom", "" };
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r = registry_referrers(w->repo.reg, w->repo.name, subject, &list, NULL, e);

	json_array_foreach(list, i, entry)
	{
		auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
		auto_manifest m = { 0 };
		struct desc d;

		if (r < 0 || desc_parse(entry, "referrer", &d, NULL) < 0 || !desc_is_manifest(&d))
			continue;
		r = registry_read_manifest(w->repo.reg, w->repo.name, d.digest.s, &bytes, NULL, e);
		if (r == 0 && manifest_parse(buf_str(&bytes), bytes.n, d.digest.s, &m, NULL) == 0 &&
		    m.has_subject && digest_eq(&m.subject.digest, subject))
			r = put(w, d.digest.s, "referrer", e);
		r = r == E_NOTFOUND ? 0 : r;
	}
	for (i = 0; i < sizeof(endings) / sizeof(*endings) && r == 0; i++) {
		char tag[128];
		const char *digest;

		(void)snprintf(tag, sizeof(tag), "sha256-%s%s", digest_hex(subject), endings[i]);
		digest = json_string_value(json_object_get(w->repo.at, tag));
		if (digest)
			r = put(w, digest, *endings[i] ? "referrer" : "list of referrers", e);
	}
	return r;
}

static int put_referrers_of(struct repo *x, const struct desc *d, void *arg, struct err *e)
{
	struct pruning *w = arg;

	return repo_needs(x, d->digest.s) ? 0 : put_referrers(w, &d->digest, e);
}

/* Tags that belong to an image that is not there any more. */
static int put_orphans(struct pruning *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->repo.tags.n && r == 0; i++) {
		struct ref ref = { 0 };
		struct desc d;
		struct err own = ERR_INIT;

		if (!repo_helper_tag(w->repo.tags.v[i], &ref.digest) ||
		    repo_needs(&w->repo, ref.digest.s))
			continue;
		(void)snprintf(ref.name, sizeof(ref.name), "%s", w->repo.name);
		r = registry_resolve(w->repo.reg, &ref, &d, &own);
		/* Of a repository that keeps signatures only (cosign's COSIGN_REPOSITORY) the
		 * images are elsewhere. */
		if (r == E_NOTFOUND && w->repo.named_n == 0)
			return FAIL(e, E_POLICY,
				    "every tag belongs to an image that is not here: a repository "
				    "of signatures?");
		if (r == E_NOTFOUND)
			r = put_referrers(w, &ref.digest, e);
		else if (r < 0 && e)
			*e = own;
	}
	return r;
}

/* What every tag that stays needs; the tags that belong to those images, too. */
static int mark(struct pruning *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->repo.named_n && r == 0; i++)
		if (!w->repo.named[i].goes)
			r = repo_need(&w->repo, &w->repo.named[i].d, e);
	for (size_t i = 0; i < w->repo.tags.n && r == 0; i++) {
		const char *tag = w->repo.tags.v[i];
		const json_t *at = json_object_get(w->repo.at, tag);
		struct digest subject;

		if (at && repo_helper_tag(tag, &subject) && repo_needs(&w->repo, subject.s))
			r = json_put(w->repo.needed, json_string_value(at), json_true(), e);
	}
	return r;
}

static int plan(struct pruning *w, struct err *e)
{
	int r = repo_scan(&w->repo, w->o->by_age || w->o->by_count, e);

	if (r == 0)
		r = sort_tags(w, e);
	if (r < 0)
		return r;
	r = choose_old(w, e);
	if (r == 0)
		r = spare(w, e);
	if (r == 0)
		r = mark(w, e);
	/* An index before its images, images before what refers to them. */
	for (size_t i = 0; i < w->repo.named_n && r == 0; i++)
		if (w->repo.named[i].goes)
			r = repo_walk(&w->repo, &w->repo.named[i].d, 0, put_image, w, e);
	for (size_t i = 0; i < w->repo.named_n && r == 0; i++)
		if (w->repo.named[i].goes)
			r = repo_walk(&w->repo, &w->repo.named[i].d, 0, put_referrers_of, w, e);
	return r < 0 ? r : put_orphans(w, e);
}

/* Whether every tag still names what it did, and there are no others. */
static int check_unchanged(struct pruning *w, struct err *e)
{
	auto_strv now = { 0 };
	int r = registry_tags(w->repo.reg, w->repo.name, &now, e);

	for (size_t i = 0; i < now.n && r == 0; i++) {
		auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
		const char *was = json_string_value(json_object_get(w->repo.at, now.v[i]));
		struct desc d;

		r = registry_read_manifest(w->repo.reg, w->repo.name, now.v[i], &bytes, &d, e);
		if (r == E_NOTFOUND)
			r = 0;
		else if (r == 0 && (!was || strcmp(was, d.digest.s) != 0))
			r = FAIL(e, E_POLICY,
				 "tag %s was set meanwhile: nothing was removed, run it again",
				 now.v[i]);
	}
	return r;
}

/* Not signed since it was looked at. */
static int check_unsigned(struct pruning *w, const json_t *entry, const char *digest, struct err *e)
{
	bool is_signed = false;
	int r = 0;

	if (strcmp(json_string_or_null(entry, "why"), "image") == 0)
		r = repo_has_signature(&w->repo, digest, &is_signed, e);
	return r == 0 && is_signed ? FAIL(e, E_POLICY,
					  "%s was signed meanwhile: it and what follows stay, run "
					  "it again",
					  digest)
				   : r;
}

static int remove_all(struct pruning *w, struct progress *p, struct err *e)
{
	json_t *entry;
	size_t i;
	int r = check_unchanged(w, e);

	json_array_foreach(w->done->removed, i, entry)
	{
		const char *digest = json_string_or_null(entry, "digest");

		if (r < 0)
			break;
		r = check_unsigned(w, entry, digest, e);
		if (r < 0)
			break;
		progress_begin(p, digest, 0);
		r = registry_delete(w->repo.reg, w->repo.name, digest, e);
		r = r == E_NOTFOUND ? 0 : r;
		progress_end(p, r < 0 ? "failed" : "removed");
	}
	return r;
}

static int prune(const struct road *road, const struct ref *ref, struct pruning *w, struct err *e)
{
	int r = registry_open(ref, REGISTRY_CHANGE, road->progress, &w->repo.reg, e);

	w->repo.name = ref->name;
	w->repo.p = road->progress;
	if (r == 0)
		r = plan(w, e);
	if (r == 0 && !w->o->dry_run && json_array_size(w->done->removed))
		r = remove_all(w, road->progress, e);
	return r;
}

int step_repo_prune(const struct road *road, const struct ref *ref, const struct prune_opts *o,
		    struct prune_done *ret, struct err *e)
{
	auto_json *listed = json_object(), *tags_of = json_object();
	struct pruning w = { .o = o, .done = ret, .listed = listed, .tags_of = tags_of };
	int r;

	*ret = (struct prune_done){ json_array(), json_array() };
	r = !listed || !tags_of || !ret->removed || !ret->kept_signed ? FAIL_NOMEM(e)
								      : prune(road, ref, &w, e);
	repo_free(&w.repo);
	if (r < 0)
		r = WRAP(e, r, "prune %s/%s", ref->host, ref->name);
	if (o->dry_run)
		return r;
	return road_note(road, "prune", r,
			 json_pack("{s:s, s:s, s:I}", "registry", ref->host, "repository",
				   ref->name, "removed", (json_int_t)json_array_size(ret->removed)),
			 e);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* All that a copy is to bring, found before it begins: in waves, each manifest of one looked at by
 * whatever thread is free, what it leads to being the next. */
#include <stdlib.h>

#include "registry/copy_internal.h"

enum {
	ASKED_SINGLY = 16, /* manifests, before the source's tags are read as a whole */
	LIMIT_WAVE = 1024,
};

static const char *const cosign_endings[] = { "sig", "att", "sbom" };
enum { COSIGN_TAGS = sizeof(cosign_endings) / sizeof(*cosign_endings) };

/* What looking at a manifest showed. */
struct look {
	int r;
	struct err *why; /* of r; owned */
	struct manifest m;
	json_t *entries, *referrers;	 /* owned */
	struct desc cosign[COSIGN_TAGS]; /* size 0: none */
};

struct wave {
	struct registry_copy *c;
	size_t first; /* node of looks[0] */
	struct look *looks;
};

void copy_tell_lost(struct registry_copy *c, const char *why)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "left out a referrer: %.480s", why);
	text_sanitize(text);
	progress_line(c->p, text);
}

/* --- looking at a manifest: from several threads, each at its own --- */

/* Its tags of cosign's: signatures, attestations, an SBOM, named by the image's digest. */
static int look_cosign(const struct registry_copy *c, struct registry *from,
		       const struct digest *subject, struct look *l, struct err *e)
{
	for (size_t i = 0; i < COSIGN_TAGS; i++) {
		char tag[96];
		struct err own = ERR_INIT;
		int r;

		(void)snprintf(tag, sizeof(tag), "sha256-%s.%s", digest_hex(subject),
			       cosign_endings[i]);
		r = copy_find_tag(c, from, tag, &l->cosign[i], &own);
		if (r < 0)
			l->cosign[i].size = 0;
		if (r < 0 && r != E_NOTFOUND) {
			if (e)
				*e = own;
			return WRAP(e, r, "tag %s", tag);
		}
	}
	return 0;
}

/* Kept in memory, so that it need not be read again to be written. */
static int hold(struct copy_node *n, const struct buf *bytes, struct err *e)
{
	if (bytes->n > COPY_HELD_ONE)
		return 0;
	n->bytes = malloc(bytes->n);
	if (!n->bytes)
		return FAIL_NOMEM(e);
	memcpy(n->bytes, buf_str(bytes), bytes->n);
	return 0;
}

static int look_inside(struct copy_node *n, const struct buf *bytes, struct look *l, struct err *e)
{
	auto_json *j = NULL;
	json_t *list;
	int r;

	if (!desc_is_index(&n->d))
		return manifest_parse(buf_str(bytes), bytes->n, n->d.digest.s, &l->m, e);
	r = json_parse(buf_str(bytes), bytes->n, n->d.digest.s, &j, e);
	if (r == 0)
		r = json_get_array(j, "manifests", &list, n->d.digest.s, e);
	if (r == 0)
		l->entries = json_incref(list);
	return r;
}

static int look(const struct registry_copy *c, struct registry *from, struct copy_node *n,
		struct look *l, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	int r = copy_source_read(c, from, &n->d, &bytes, e);

	if (r == 0)
		r = hold(n, &bytes, e);
	if (r == 0)
		r = look_inside(n, &bytes, l, e);
	if (r == 0 && !c->no_referrers)
		r = copy_list_referrers(c, from, &n->d.digest, &l->referrers, e);
	return r < 0 || c->no_referrers ? r : look_cosign(c, from, &n->d.digest, l, e);
}

static int look_one(struct registry *reg, struct registry *other, void *arg, size_t i,
		    struct progress *p, struct err *e)
{
	const struct wave *w = arg;
	struct look *l = &w->looks[i];
	struct copy_node *n = w->c->plan->nodes[w->first + i];
	struct err own = ERR_INIT;

	(void)other;
	(void)p;
	l->r = look(w->c, reg, n, l, &own);
	if (l->r == 0)
		return 0;
	/* What is wrong with one that only refers is judged when all of the wave is there. */
	if (copy_is_its_own(l->r) && (l->why = malloc(sizeof(own)))) {
		*l->why = own;
		return 0;
	}
	if (e)
		*e = own;
	return l->r;
}

static void look_free(struct look *l)
{
	free(l->why);
	manifest_free(&l->m);
	json_decref(l->entries);
	json_decref(l->referrers);
}

/* --- what it leads to --- */

static int merge_manifest(struct registry_copy *c, struct copy_node *n, const struct manifest *m,
			  struct err *e)
{
	json_t *notes = json_object_get(m->json, "annotations");
	int r = copy_plan_room(&n->blobs, m->layers_n + 1, e);

	(void)snprintf(n->d.artifact_type, sizeof(n->d.artifact_type), "%s", m->artifact_type);
	if (m->has_subject)
		n->subject = m->subject.digest;
	n->notes = json_incref(notes);
	if (r == 0)
		r = copy_plan_blob(c, n, &m->config, e);
	for (size_t i = 0; i < m->layers_n && r == 0; i++)
		r = copy_plan_blob(c, n, &m->layers[i], e);
	return r;
}

static int merge_entries(struct registry_copy *c, size_t at, const json_t *list, struct err *e)
{
	struct copy_node *n = c->plan->nodes[at];
	const struct copy_node like = { .depth = n->depth + 1,
					.parent = at,
					.required = n->required };
	const json_t *entry;
	size_t i, sub;
	int r = copy_plan_room(&n->blobs, json_array_size(list), e);

	if (r == 0)
		r = copy_plan_room(&n->subs, json_array_size(list), e);
	json_array_foreach(list, i, entry)
	{
		struct desc d;

		if (r == 0)
			r = desc_parse(entry, n->d.digest.s, &d, e);
		if (r < 0)
			break;
		if (!desc_is_index(&d) && !desc_is_manifest(&d)) {
			r = copy_plan_blob(c, n, &d, e);
			continue;
		}
		r = copy_plan_node(c, &d, &like, &sub, e);
		if (r == 0)
			n->subs[n->subs_n++] = sub;
	}
	return r < 0 ? WRAP(e, r, "index %s", n->d.digest.s) : 0;
}

/* Whether it would be a node of its own, further down than any may be. */
static bool too_deep(const struct registry_copy *c, const struct copy_node *like,
		     const struct desc *d)
{
	return like->depth > LIMIT_COPY_DEPTH && !json_object_get(c->plan->node_at, d->digest.s);
}

static int merge_referrers(struct registry_copy *c, const struct copy_node *n, const json_t *list,
			   struct err *e)
{
	const struct copy_node like = { .depth = n->depth + 1, .parent = SIZE_MAX, .listed = true };
	const json_t *entry;
	size_t i, at;
	int r = 0;

	json_array_foreach(list, i, entry)
	{
		struct err own = ERR_INIT;
		struct desc d;

		if (r < 0)
			break;
		r = desc_parse(entry, "referrer", &d, &own);
		if (r == 0 && !desc_is_manifest(&d))
			r = FAIL(&own, E_FORMAT, "%s is a '%.100s', no manifest", d.digest.s,
				 d.media_type);
		if (r == 0 && too_deep(c, &like, &d))
			r = FAIL(&own, E_FORMAT, "%s: it refers to what refers, more than %d deep",
				 d.digest.s, LIMIT_COPY_DEPTH);
		if (r < 0) {
			c->skipped++;
			copy_tell_lost(c, own.msg);
			r = 0;
			continue;
		}
		r = copy_plan_node(c, &d, &like, &at, e);
	}
	return r;
}

static int merge_cosign(struct registry_copy *c, const struct copy_node *n, const struct look *l,
			struct err *e)
{
	const struct copy_node like = { .depth = n->depth + 1,
					.parent = SIZE_MAX,
					.required = n->required };
	int r = 0;

	for (size_t i = 0; i < COSIGN_TAGS && r == 0; i++) {
		struct copy_tag *t;

		if (!l->cosign[i].size)
			continue;
		/* What stands under a tag of a referrer's hurts that at most, not the image. */
		if (!n->required && too_deep(c, &like, &l->cosign[i])) {
			c->skipped++;
			copy_tell_lost(c, "signatures of a referrer, too deep");
			continue;
		}
		r = copy_plan_tag(c, &n->d.digest, cosign_endings[i], &t, e);
		if (r < 0)
			return r;
		r = copy_plan_node(c, &l->cosign[i], &like, &t->node, e);
	}
	return r;
}

/* One that is listed must say itself what it refers to. */
static bool refers(const struct registry_copy *c, const struct look *l)
{
	return l->m.has_subject && json_object_get(c->plan->node_at, l->m.subject.digest.s);
}

static void lose(struct registry_copy *c, struct copy_node *n, const char *why)
{
	n->lost = true;
	c->skipped++;
	copy_tell_lost(c, why);
}

static int failed_look(struct registry_copy *c, struct copy_node *n, const struct look *l,
		       struct err *e)
{
	if (!n->required) {
		lose(c, n, l->why->msg);
		return 0;
	}
	if (e)
		*e = *l->why;
	if (n->parent == SIZE_MAX)
		return l->r;
	if (l->r == E_NOTFOUND)
		(void)err_hint(e, l->r,
			       "the source has not all images of this index: --platform OS/ARCH "
			       "copies one");
	return WRAP(e, l->r, "index %s", c->plan->nodes[n->parent]->d.digest.s);
}

static void count_held(struct copy_plan *x, struct copy_node *n)
{
	x->held += n->bytes ? n->d.size : 0;
	if (x->held <= COPY_HELD_ALL)
		return;
	free(n->bytes);
	n->bytes = NULL;
}

static int merge(struct registry_copy *c, size_t at, struct look *l, struct err *e)
{
	struct copy_node *n = c->plan->nodes[at];
	struct err own = ERR_INIT;
	int r = 0;

	if (l->r < 0)
		return failed_look(c, n, l, e);
	if (n->listed && !refers(c, l)) {
		n->listed = false;
		r = FAIL(&own, E_FORMAT, "%s does not refer to what lists it", n->d.digest.s);
	}
	if (r < 0 && !n->required) {
		lose(c, n, own.msg);
		return 0;
	}
	count_held(c->plan, n);
	r = desc_is_index(&n->d) ? merge_entries(c, at, l->entries, &own)
				 : merge_manifest(c, n, &l->m, &own);
	if (r == E_FORMAT && !n->required) {
		lose(c, n, own.msg);
		return 0;
	}
	if (r < 0 && e)
		*e = own;
	if (r == 0)
		r = merge_referrers(c, n, l->referrers, e);
	return r < 0 ? r : merge_cosign(c, n, l, e);
}

/* Looks at n nodes from `first` on. */
static int look_at_wave(struct registry_copy *c, size_t first, size_t n, struct err *e)
{
	auto_free struct look *looks = calloc(n, sizeof(*looks));
	struct wave w = { c, first, looks };
	const struct registry_work work = { .n = n, .one = look_one, .arg = &w };
	int r = looks ? registry_each(c->from, &work, c->from ? copy_hands(c) : 1, c->p, e)
		      : FAIL_NOMEM(e);

	for (size_t i = 0; looks && i < n; i++) {
		if (r == 0)
			r = merge(c, first + i, &looks[i], e);
		look_free(&looks[i]);
	}
	return r;
}

int copy_plan_make(struct registry_copy *c, const struct desc *d, struct err *e)
{
	const struct copy_node like = { .parent = SIZE_MAX, .required = true };
	size_t at, done = 0;
	int r = copy_source_load(c, e);

	if (r == 0)
		r = copy_plan_node(c, d, &like, &at, e);
	while (r == 0 && done < c->plan->nodes_n) {
		size_t left = c->plan->nodes_n - done, n = left < LIMIT_WAVE ? left : LIMIT_WAVE;

		if (c->plan->nodes_n > ASKED_SINGLY && !c->no_referrers)
			copy_source_learn(c);
		r = look_at_wave(c, done, n, e);
		done += n;
	}
	return r;
}

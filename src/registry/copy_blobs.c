/* SPDX-License-Identifier: Apache-2.0 */
/* The blobs of a copy, several beside one another. */
#include <stdlib.h>

#include "oci/store_copy.h"
#include "registry/copy_internal.h"
#include "registry/upload.h"

/* Mounts it if the other repository is of the same registry. 1: it is there now. */
static int mount(const struct registry_copy *c, struct outgoing *out, struct err *e)
{
	auto_response resp = { 0 };
	struct url at;
	int r;

	if (!c->from || !out->reg->mount_from)
		return 0;
	r = upload_begin(out, &at, &resp, e);
	if (r == 0)
		upload_cancel(out, &at);
	return r;
}

/* 1: the destination has it now, and nothing was sent. */
static int put_without_bytes(const struct registry_copy *c, struct registry *to,
			     struct copy_item *b, struct err *e)
{
	struct outgoing out = { .reg = to, .name = c->to_name, .d = &b->d, .fd = -1 };
	int r = upload_has(&out, &b->there, e);

	if (r == 0 && b->there)
		return 1;
	/* Who is wrong about the size of a referrer's blob, the source's bytes tell. */
	if (r == E_VERIFY && !b->required)
		return 0;
	if (r == 0)
		r = mount(c, &out, e);
	b->mounted = r == 1;
	return copy_blame_destination(r, e);
}

/* From the source to where it goes, or rests. */
static int bring(const struct registry_copy *c, struct registry *from, const struct desc *d,
		 struct progress *p, struct err *e)
{
	if (from)
		return registry_pull_blob(from, c->dest, c->from_name, d, LIMIT_BLOB, p, e);
	return c->to ? 0 : store_copy_blob(c->dest, c->source, d, p, e);
}

static int copy_blob(const struct registry_copy *c, struct registry *from, struct registry *to,
		     struct copy_item *b, struct progress *p, struct err *e)
{
	int r = to ? put_without_bytes(c, to, b, e) : 0;

	if (r != 0)
		return r < 0 ? r : 0;
	r = bring(c, from, &b->d, p, e);
	if (r < 0 || !to)
		return r;
	r = registry_send_blob(to, from ? c->dest : c->source, c->to_name, &b->d, p, e);
	/* A store's blob may be damaged or gone; what was fetched just now is whole. */
	return from || r == E_FORMAT ? copy_blame_destination(r, e) : r;
}

/* One that only a referrer needs is left out with it. */
static int blob_one(struct registry *reg, struct registry *other, void *arg, size_t i,
		    struct progress *p, struct err *e)
{
	const struct registry_copy *c = arg;
	struct copy_item *b = c->plan->blobs[i];
	struct err own = ERR_INIT;
	int r;

	if (b->foreign || !b->needed)
		return 0;
	r = copy_blob(c, c->from ? c->to ? other : reg : NULL, c->to ? reg : NULL, b, p, &own);
	if (r == 0)
		return 0;
	if (copy_is_its_own(r) && !b->required && (b->why = malloc(sizeof(own)))) {
		b->lost = true;
		*b->why = own;
		return 0;
	}
	if (e)
		*e = own;
	return r == E_NOTFOUND && c->from ? blame_registry(e) : r;
}

static void tell_foreign(const struct registry_copy *c, const struct desc *d)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "layer %s is held by no registry: left out",
		       d->digest.s);
	progress_line(c->p, text);
}

static void count(struct registry_copy *c)
{
	for (size_t i = 0; i < c->plan->blobs_n; i++) {
		const struct copy_item *b = c->plan->blobs[i];

		if (!b->needed)
			continue;
		c->blobs++;
		c->there += b->there;
		c->mounted += b->mounted;
		c->skipped += b->foreign;
		if (b->foreign)
			tell_foreign(c, &b->d);
	}
}

/* The large ones first, so that none of them is left over at the end. */
static int by_size(const void *a, const void *b)
{
	const struct copy_item *const *x = a, *const *y = b;

	return ((*x)->d.size < (*y)->d.size) - ((*x)->d.size > (*y)->d.size);
}

/* What is part of the image, and what is needed by nothing but referrers. */
static void mark_needed(const struct copy_plan *x)
{
	for (size_t i = 0; i < x->nodes_n; i++) {
		const struct copy_node *n = x->nodes[i];

		for (size_t k = 0; k < n->blobs_n; k++) {
			x->blobs[n->blobs[k]]->required |= n->required;
			x->blobs[n->blobs[k]]->needed |= !n->lost;
		}
	}
}

int copy_all_blobs(struct registry_copy *c, struct err *e)
{
	struct copy_plan *x = c->plan;
	auto_free struct copy_item **as_found = NULL;
	const struct registry_work work = {
		.n = x->blobs_n, .one = blob_one, .arg = c, .other = c->to ? c->from : NULL
	};
	size_t size = x->blobs_n * sizeof(struct copy_item *);
	int r;

	if (x->blobs_n == 0)
		return 0;
	mark_needed(x);
	as_found = malloc(size);
	if (!as_found)
		return FAIL_NOMEM(e);
	memcpy(as_found, x->blobs, size);
	qsort(x->blobs, x->blobs_n, sizeof(struct copy_item *), by_size);
	r = registry_each(c->to ? c->to : c->from, &work, c->to || c->from ? copy_hands(c) : 1,
			  c->p, e);
	memcpy(x->blobs, as_found, size);
	if (r == 0)
		count(c);
	return r;
}

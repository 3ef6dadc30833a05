/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what a copy is to bring. */
#include <stdlib.h>

#include "registry/copy_internal.h"

static void node_free(struct copy_node *n)
{
	json_decref(n->notes);
	free(n->bytes);
	free(n->blobs);
	free(n->subs);
	free(n);
}

void copy_plan_free(struct copy_plan *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->nodes_n; i++)
		node_free(x->nodes[i]);
	for (size_t i = 0; i < x->blobs_n; i++) {
		free(x->blobs[i]->why);
		free(x->blobs[i]);
	}
	free(x->nodes);
	free(x->blobs);
	free(x->tags);
	json_decref(x->node_at);
	json_decref(x->blob_at);
	free(x);
}

/* Room for one more of `size` bytes in *v. */
static int grow(void *v, size_t n, size_t *room, size_t size, struct err *e)
{
	void **at = v, *more;
	size_t want = *room ? *room * 2 : 16;

	if (n < *room)
		return 0;
	more = reallocarray(*at, want, size);
	if (!more)
		return FAIL_NOMEM(e);
	*at = more;
	*room = want;
	return 0;
}

int copy_plan_node(struct registry_copy *c, const struct desc *d, const struct copy_node *like,
		   size_t *ret, struct err *e)
{
	struct copy_plan *x = c->plan;
	const json_t *there = json_object_get(x->node_at, d->digest.s);
	struct copy_node *n;
	int r;

	if (there) {
		*ret = (size_t)json_integer_value(there);
		x->nodes[*ret]->required |= like->required;
		x->nodes[*ret]->listed |= like->listed;
		return 0;
	}
	if (like->depth > LIMIT_COPY_DEPTH)
		return FAIL(e, E_FORMAT, "manifests nested deeper than %d", LIMIT_COPY_DEPTH);
	if (x->nodes_n >= LIMIT_COPY_MANIFESTS)
		return FAIL(e, E_FORMAT, "more than %d manifests", LIMIT_COPY_MANIFESTS);
	r = grow(&x->nodes, x->nodes_n, &x->nodes_room, sizeof(struct copy_node *), e);
	if (r == 0)
		r = json_put(x->node_at, d->digest.s, json_integer((json_int_t)x->nodes_n), e);
	if (r < 0)
		return r;
	n = malloc(sizeof(*n));
	if (!n)
		return FAIL_NOMEM(e);
	*n = *like;
	n->d = *d;
	*ret = x->nodes_n;
	x->nodes[x->nodes_n++] = n;
	return 0;
}

int copy_plan_blob(struct registry_copy *c, struct copy_node *n, const struct desc *d,
		   struct err *e)
{
	struct copy_plan *x = c->plan;
	char key[sizeof(d->digest.s) + 32];
	const json_t *there;
	size_t at;
	int r = 0;

	/* By all that is said of it: whoever lies about that is judged by the bytes, and no other
	 * manifest that names the blob is. */
	(void)snprintf(key, sizeof(key), "%s %llu%s", d->digest.s, (unsigned long long)d->size,
		       layer_is_foreign(d) ? " foreign" : "");
	there = json_object_get(x->blob_at, key);
	at = there ? (size_t)json_integer_value(there) : x->blobs_n;
	if (!there) {
		if (x->blobs_n >= LIMIT_COPY_BLOBS)
			return FAIL(e, E_FORMAT, "more than %d blobs", LIMIT_COPY_BLOBS);
		r = grow(&x->blobs, x->blobs_n, &x->blobs_room, sizeof(struct copy_item *), e);
		if (r == 0)
			r = json_put(x->blob_at, key, json_integer((json_int_t)at), e);
		if (r < 0)
			return r;
		x->blobs[at] = calloc(1, sizeof(struct copy_item));
		if (!x->blobs[at])
			return FAIL_NOMEM(e);
		x->blobs_n++;
		x->blobs[at]->d = *d;
		x->blobs[at]->foreign = layer_is_foreign(d);
	}
	n->blobs[n->blobs_n++] = at;
	return 0;
}

int copy_plan_room(size_t **v, size_t n, struct err *e)
{
	*v = calloc(n ? n : 1, sizeof(**v));
	return *v ? 0 : FAIL_NOMEM(e);
}

int copy_plan_tag(struct registry_copy *c, const struct digest *of, const char *ending,
		  struct copy_tag **ret, struct err *e)
{
	struct copy_plan *x = c->plan;
	int r = grow(&x->tags, x->tags_n, &x->tags_room, sizeof(*x->tags), e);

	if (r < 0)
		return r;
	*ret = &x->tags[x->tags_n++];
	(void)snprintf((*ret)->tag, sizeof((*ret)->tag), "sha256-%s.%s", digest_hex(of), ending);
	return 0;
}

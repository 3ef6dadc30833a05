/* SPDX-License-Identifier: Apache-2.0 */
/* What makes the destination of a copy show it: manifests, then what lists those that refer, then
 * names. */
#include "registry/copy_internal.h"

/* --- manifests --- */

static int write_bytes(const struct registry_copy *c, struct registry *to, struct copy_node *n,
		       const struct buf *bytes, struct err *e)
{
	int r;

	if (!to)
		return registry_keep(c->dest, &n->d, bytes, e);
	r = registry_put_manifest(to, c->to_name, n->d.digest.s, n->d.media_type, bytes,
				  &n->subject_said, e);
	return copy_blame_destination(r, e);
}

static int write_node(const struct registry_copy *c, struct registry *from, struct registry *to,
		      struct copy_node *n, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	int r = 0;

	if (n->bytes)
		buf_put(&bytes, n->bytes, n->d.size);
	else
		r = copy_source_read(c, from, &n->d, &bytes, e);
	if (r == 0)
		r = buf_check(&bytes, "manifest", e);
	if (r == 0)
		r = write_bytes(c, to, n, &bytes, e);
	n->written = r == 0;
	return r;
}

static int write_one(struct registry *reg, struct registry *other, void *arg, size_t i,
		     struct progress *p, struct err *e)
{
	const struct registry_copy *c = arg;
	struct copy_node *n = c->plan->nodes[i];

	(void)p;
	if (n->lost || desc_is_index(&n->d))
		return 0;
	return write_node(c, c->from ? c->to ? other : reg : NULL, c->to ? reg : NULL, n, e);
}

/* What an index holds was left out, when it was known as a referrer only. */
static int lacks(struct registry_copy *c, struct copy_node *n, const struct copy_node *sub,
		 struct err *e)
{
	struct err own = ERR_INIT;
	int r = FAIL(&own, E_FORMAT, "%s was left out as a referrer, and index %s has it",
		     sub->d.digest.s, n->d.digest.s);

	if (n->required) {
		if (e)
			*e = own;
		return r;
	}
	n->lost = true;
	c->skipped++;
	copy_tell_lost(c, own.msg);
	return 0;
}

/* An index after all that it holds, which may be more indexes. */
static int write_index(struct registry_copy *c, struct copy_node *n, int depth, struct err *e)
{
	int r = 0;

	if (n->written || n->lost)
		return 0;
	if (depth > LIMIT_COPY_DEPTH)
		return FAIL(e, E_FORMAT, "manifests nested deeper than %d", LIMIT_COPY_DEPTH);
	for (size_t i = 0; i < n->subs_n && r == 0; i++) {
		struct copy_node *sub = c->plan->nodes[n->subs[i]];

		r = write_index(c, sub, depth + 1, e);
		if (r == 0 && sub->lost)
			r = lacks(c, n, sub, e);
		if (n->lost)
			return r;
	}
	return r < 0 ? r : write_node(c, c->from, c->to, n, e);
}

/* What only refers is not written without its blobs. */
static void drop_lost(struct registry_copy *c)
{
	const struct copy_plan *x = c->plan;

	for (size_t i = 0; i < x->nodes_n; i++) {
		struct copy_node *n = x->nodes[i];

		for (size_t k = 0; k < n->blobs_n && !n->lost; k++) {
			const struct copy_item *b = x->blobs[n->blobs[k]];

			if (!b->lost)
				continue;
			n->lost = true;
			c->skipped++;
			copy_tell_lost(c, b->why->msg);
		}
	}
}

static void count(struct registry_copy *c)
{
	for (size_t i = 0; i < c->plan->nodes_n; i++) {
		c->manifests += !c->plan->nodes[i]->lost;
		c->referrers += c->plan->nodes[i]->listed && !c->plan->nodes[i]->lost;
	}
}

/* --- what lists those that refer --- */

static int entry_of(const struct copy_node *n, json_t **ret, struct err *e)
{
	auto_json *entry = desc_json(&n->d);

	if (!entry || (n->notes && json_object_set(entry, "annotations", n->notes) < 0))
		return FAIL_NOMEM(e);
	*ret = TAKE(entry);
	return 0;
}

/* ret: every subject with the entries of what refers to it; unsaid: those of which a registry does
 * not say itself that it lists all. */
static int group(const struct registry_copy *c, json_t *ret, json_t *unsaid, struct err *e)
{
	for (size_t i = 0; i < c->plan->nodes_n; i++) {
		const struct copy_node *n = c->plan->nodes[i];
		json_t *list = json_object_get(ret, n->subject.s), *entry;
		int r = 0;

		if (n->lost || !n->subject.s[0])
			continue;
		if (!list) {
			list = json_array();
			r = json_put(ret, n->subject.s, list, e);
		}
		if (r == 0)
			r = entry_of(n, &entry, e);
		if (r == 0)
			r = json_push(list, entry, e);
		if (r == 0 && !n->subject_said)
			r = json_put(unsaid, n->subject.s, json_true(), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int announce(struct registry_copy *c, struct err *e)
{
	auto_json *subjects = json_object(), *unsaid = json_object();
	const char *subject;
	json_t *list;
	int r = subjects && unsaid ? group(c, subjects, unsaid, e) : FAIL_NOMEM(e);

	json_object_foreach(subjects, subject, list)
	{
		struct digest d;

		if (r == 0)
			r = digest_parse(str_of(subject), &d, e);
		if (r == 0)
			r = registry_announce(c->to, c->to_name, &d, list,
					      !json_object_get(unsaid, subject), e);
	}
	return copy_blame_destination(r, e);
}

static int list_in_store(const struct registry_copy *c, struct err *e)
{
	auto_json *list = json_array();
	int r = list ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; i < c->plan->nodes_n && r == 0; i++) {
		const struct copy_node *n = c->plan->nodes[i];

		if (!n->lost && n->listed)
			r = json_push(list, desc_json(&n->d), e);
	}
	return r < 0 ? r : store_add_referrers(c->dest, list, e);
}

int copy_write_manifests(struct registry_copy *c, struct err *e)
{
	const struct registry_work work = {
		.n = c->plan->nodes_n, .one = write_one, .arg = c, .other = c->to ? c->from : NULL
	};
	int r;

	drop_lost(c);
	r = registry_each(c->to ? c->to : c->from, &work, c->to || c->from ? copy_hands(c) : 1,
			  c->p, e);
	for (size_t i = 0; i < c->plan->nodes_n && r == 0; i++)
		if (desc_is_index(&c->plan->nodes[i]->d))
			r = write_index(c, c->plan->nodes[i], 0, e);
	if (r == 0)
		r = c->to ? announce(c, e) : list_in_store(c, e);
	if (r == 0)
		count(c);
	return r;
}

/* --- names --- */

int copy_give_tag(struct registry_copy *c, const struct desc *d, const char *tag, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST), name = BUF_INIT(LIMIT_REF + 8);
	int r;

	if (!c->to) {
		buf_printf(&name, "%s%s", c->to_prefix, tag);
		return store_tag(c->dest, buf_str(&name), d, e);
	}
	r = registry_copy_read(c, d, &bytes, e);
	if (r < 0)
		return r;
	r = registry_put_manifest(c->to, c->to_name, tag, d->media_type, &bytes, NULL, e);
	return copy_blame_destination(r, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/copy.h"

#include <stdlib.h>

#include "registry/copy_internal.h"

void registry_copy_free(struct registry_copy *c)
{
	copy_plan_free(c->plan);
	json_decref(c->stored_tags);
	json_decref(c->stored_referrers);
	json_decref(c->source_tags);
	c->plan = NULL;
	c->stored_tags = c->stored_referrers = c->source_tags = NULL;
}

int registry_copy_read(struct registry_copy *c, const struct desc *d, struct buf *ret,
		       struct err *e)
{
	return copy_source_read(c, c->from, d, ret, e);
}

static int begin(struct registry_copy *c, struct err *e)
{
	registry_copy_free(c);
	c->plan = calloc(1, sizeof(*c->plan));
	if (!c->plan)
		return FAIL_NOMEM(e);
	c->plan->node_at = json_object();
	c->plan->blob_at = json_object();
	if (!c->plan->node_at || !c->plan->blob_at)
		return FAIL_NOMEM(e);
	if (c->to)
		c->to->writing = true;
	return 0;
}

static int give_cosign(struct registry_copy *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < c->plan->tags_n && r == 0; i++) {
		const struct copy_tag *t = &c->plan->tags[i];

		if (c->plan->nodes[t->node]->lost)
			continue;
		r = copy_give_cosign(c, t, e);
		c->referrers += r == 0;
	}
	return r;
}

int registry_copy(struct registry_copy *c, const struct desc *d, const char *tag, struct err *e)
{
	int r = begin(c, e);

	if (r == 0)
		r = copy_plan_make(c, d, e);
	for (size_t i = 0; r == 0 && i < c->plan->tags_n; i++)
		r = copy_check_cosign(c, &c->plan->tags[i], e);
	if (r == 0)
		r = copy_all_blobs(c, e);
	if (r == 0)
		r = copy_write_manifests(c, e);
	if (r == 0)
		r = give_cosign(c, e);
	return r < 0 || !tag ? r : copy_give_tag(c, d, tag, e);
}

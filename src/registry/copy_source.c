/* SPDX-License-Identifier: Apache-2.0 */
/* What the source of a copy knows of an image. A store is read once; a registry is asked. */
#include "registry/copy_internal.h"
#include "registry/repo.h"

/* An entry of index.json as a referrer, in the list of its subject. */
static int take_referrer(struct registry_copy *c, const struct desc *d, const struct manifest *m,
			 struct err *e)
{
	json_t *list = json_object_get(c->stored_referrers, m->subject.digest.s);
	struct desc typed = *d;
	int r = 0;

	(void)snprintf(typed.artifact_type, sizeof(typed.artifact_type), "%s", m->artifact_type);
	if (!list) {
		list = json_array();
		r = json_put(c->stored_referrers, m->subject.digest.s, list, e);
	}
	return r < 0 ? r : json_push(list, desc_json(&typed), e);
}

static int take_entry(struct registry_copy *c, json_t *entry, struct err *e)
{
	const char *name =
		json_string_or_null(json_object_get(entry, "annotations"), ANNOTATION_REF_NAME);
	size_t n = strlen(c->from_prefix);
	auto_manifest m = { 0 };
	struct desc d;

	if (name && strncmp(name, c->from_prefix, n) == 0 &&
	    json_object_set(c->stored_tags, name + n, entry) < 0)
		return FAIL_NOMEM(e);
	/* A damaged or foreign manifest refers to nothing; it must not hide the others. */
	if (name || desc_parse(entry, "index.json", &d, NULL) < 0 || !desc_is_manifest(&d) ||
	    store_manifest(c->source, &d, &m, NULL, NULL) < 0 || !m.has_subject)
		return 0;
	return take_referrer(c, &d, &m, e);
}

int copy_source_load(struct registry_copy *c, struct err *e)
{
	auto_json *list = NULL;
	json_t *entry;
	size_t i;
	int r;

	if (c->from)
		return 0;
	c->stored_tags = json_object();
	c->stored_referrers = json_object();
	if (!c->stored_tags || !c->stored_referrers)
		return FAIL_NOMEM(e);
	r = store_list(c->source, &list, e);
	json_array_foreach(list, i, entry)
	{
		if (r == 0)
			r = take_entry(c, entry, e);
	}
	return r;
}

void copy_source_learn(struct registry_copy *c)
{
	auto_json *known = NULL;
	auto_strv tags = { 0 };

	/* A mirror's original may have tags that the mirror has not. */
	if (!c->from || c->from->origin || c->source_tags)
		return;
	known = json_object();
	if (!known || registry_tags(c->from, c->from_name, &tags, NULL) < 0)
		return; /* they are asked for one by one */
	/* Some registries list none, or cut the list after a page and do not say that it goes on:
	 * evidence that is not in such a list may be there. */
	if (tags.n == 0 || tags.n % TAGS_A_PAGE == 0)
		return;
	for (size_t i = 0; i < tags.n; i++)
		if (json_object_set_new_nocheck(known, tags.v[i], json_true()) < 0)
			return;
	c->source_tags = TAKE(known);
}

static bool may_have_tag(const struct registry_copy *c, const char *tag)
{
	return !c->source_tags || json_object_get(c->source_tags, tag);
}

int copy_source_read(const struct registry_copy *c, struct registry *from, const struct desc *d,
		     struct buf *ret, struct err *e)
{
	if (from)
		return registry_find_manifest(from, c->from_name, d->digest.s, d, ret, NULL, e);
	return store_blob_read(c->source, d, LIMIT_MANIFEST, ret, e);
}

int copy_list_referrers(const struct registry_copy *c, struct registry *from,
			const struct digest *subject, json_t **ret, struct err *e)
{
	auto_json *list = NULL;
	struct registry *original;
	int r;

	if (!from) {
		json_t *stored = json_object_get(c->stored_referrers, subject->s);

		*ret = stored ? json_incref(stored) : json_array();
		return *ret ? 0 : FAIL_NOMEM(e);
	}
	r = registry_referrers_of(from, c->from_name, subject,
				  may_have_tag(c, fallback_tag(subject).s), &list, NULL, e);
	if (r < 0)
		return r;
	/* Few mirrors carry signatures. One whose original cannot be asked is what there is. */
	original = json_array_size(list) == 0 ? registry_original(from) : NULL;
	if (original && registry_referrers(original, c->from_name, subject, ret, NULL, NULL) == 0)
		return 0;
	*ret = TAKE(list);
	return 0;
}

int copy_find_tag(const struct registry_copy *c, struct registry *from, const char *tag,
		  struct desc *ret, struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_MANIFEST);
	const json_t *entry;

	if (from)
		return may_have_tag(c, tag) ? registry_find_manifest(from, c->from_name, tag, NULL,
								     &bytes, ret, e)
					    : E_NOTFOUND;
	entry = json_object_get(c->stored_tags, tag);
	return entry ? desc_parse(entry, "index.json", ret, e) : E_NOTFOUND;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests that refer to another are on its registry's list, or on the fallback tag's. */
#include "registry/registry_internal.h"

int referrer_entry(const struct desc *d, const struct manifest *m, json_t **ret, struct err *e)
{
	struct desc with_type = *d;
	json_t *notes = json_object_get(m->json, "annotations");

	(void)snprintf(with_type.artifact_type, sizeof(with_type.artifact_type), "%s",
		       m->artifact_type);

	auto_json *j = desc_json(&with_type);

	if (!j || (notes && json_object_set(j, "annotations", notes) < 0))
		return FAIL_NOMEM(e);
	*ret = TAKE(j);
	return 0;
}

/* What of the entries the registry's own list does not name: OCI-Subject alone is no proof, since
 * some registries send it and have no list. */
static int unlisted(struct registry *reg, const char *name, const struct digest *subject,
		    const json_t *entries, json_t **ret, struct err *e)
{
	auto_json *list = NULL;
	bool more = false;

	(void)referrers_list_most(reg, name, subject, NULL, LIMIT_REFERRERS_LISTED, &list, &more,
				  NULL);
	/* Too many to see it: it is believed. */
	return desc_missing(list, more ? NULL : entries, ret, e);
}

int registry_announce(struct registry *reg, const char *name, const struct digest *subject,
		      const json_t *entries, bool said, struct err *e)
{
	auto_json *left = NULL;
	int r = said ? unlisted(reg, name, subject, entries, &left, e) : 0;

	if (r < 0 || (said && json_array_size(left) == 0))
		return r;
	return fallback_add(reg, name, subject, said ? left : entries, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/registry.h"

/* What a registry says of one repository, for tags, delete, prune and copy. */
enum {
	LIMIT_TAGS = 200000, /* of one repository */
	LIMIT_TAG_PAGES = 1024,
	TAGS_A_PAGE = 1000,
};

/* Its tags, in the registry's order, each once. A page that brings nothing new, or a tag that is
 * none, is E_REMOTE; no such repository E_NOTFOUND. */
int registry_tags(struct registry *reg, const char *name, struct strv *ret, struct err *e);

/* A manifest's bytes, checked; reference is a tag or digest. */
int registry_read_manifest(struct registry *reg, const char *name, const char *reference,
			   struct buf *bytes, struct desc *ret, struct err *e);
/* A configuration or another small blob, checked. */
int registry_read_blob(struct registry *reg, const char *name, const struct desc *d, size_t max,
		       struct buf *ret, struct err *e);

/* Removes a manifest with every tag that names it, or one tag where the registry can do that.
 * E_NOTFOUND: it is gone already; E_SYSTEM: this registry deletes nothing, or no tags. */
int registry_delete(struct registry *reg, const char *name, const char *reference, struct err *e);

/* Descriptors of manifests that refer to subject, by the referrers API and by the fallback tag
 * both, each once; what they say of themselves is not checked. Owned array. *ret_tag (may be NULL):
 * there is a fallback tag. */
int registry_referrers(struct registry *reg, const char *name, const struct digest *subject,
		       json_t **ret, bool *ret_tag, struct err *e);
/* The same; has_tag false: it is known that there is no fallback tag. */
int registry_referrers_of(struct registry *reg, const char *name, const struct digest *subject,
			  bool has_tag, json_t **ret, bool *ret_tag, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/ref.h"
#include "pipeline/road.h"

/*
 * Where a TUF root is trusted for a repository, only what its metadata lists now is what a tag
 * means. Asks the registry for the newest metadata; when it cannot be reached, what was seen last
 * counts until its timestamp expires.
 *
 * 0 when d is what the reference means today, or when no root is trusted for it. E_VERIFY: it is
 * not (rolled back, removed, never listed), or the metadata is refused. A reference by digest has
 * to be listed under some tag of its repository, unless the scope says otherwise; an image without
 * a name, known by its digest alone, has to be so under one of the names that the store has for it,
 * where a root is trusted for any of them. *ret (may be NULL
 * itself), for the trail: the scope, the versions of the four roles; owned, NULL where no root is
 * trusted, and set also when it is refused.
 */
int tuf_admit(const struct road *road, const struct ref *ref, const struct desc *d, json_t **ret,
	      struct err *e);

/* Takes what is trusted of a scope to what the registry has; nothing is taken for want of a
 * registry: E_REMOTE. ret as above. */
int tuf_scope_refresh(const struct road *road, const char *scope, json_t **ret, struct err *e);

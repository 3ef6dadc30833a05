/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/tuf/roots.h"

/* What the files of tuf_roots.h share; all under the lock of the scope's folder. */

#define NEXT_ROOT "next-root"

/* The newest root, whole; E_NOTFOUND when there is none yet. Owned. */
int tuf_root_newest(const struct tuf_scope *s, json_t **ret, struct err *e);
/* The root that waits. */
int tuf_next_save(const struct tuf_scope *s, const json_t *envelope, struct err *e);
int tuf_next_load(const struct tuf_scope *s, json_t **ret, struct err *e);
/* 1 when a root waits; one that is out already does not: whoever published it was killed before he
 * could remove it. */
int tuf_is_waiting(const struct tuf_scope *s, struct err *e);
/* How far its signatures are. */
int tuf_pending_of(const struct tuf_scope *s, json_t *envelope, struct tuf_pending *ret,
		   struct err *e);
/* Signs by the root before, where there is one, and by itself. Nothing else of the keys that are
 * here is used: a root does not tell what the others are for. */
int tuf_sign_here(const struct tuf_signer *signer, const struct tuf_scope *s, json_t *envelope,
		  struct tuf_pending *ret, struct err *e);

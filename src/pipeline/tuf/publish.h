/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"
#include "pipeline/tuf/edit.h"

/*
 * Publishing: what a TUF repository of ours says, into the registry. Every one of these reads what
 * is there first, signs with the keys of this host, and moves one tag last: whoever is killed
 * leaves all as it was, or complete. Each is an entry "tuf-publish" of the trail.
 */

/* All that waits: the first files, the next root when it is signed by enough. Roles whose keys
 * changed are signed anew. again: what is kept here goes in the place of whatever is there. */
int tuf_publish(const struct road *road, const char *scope, const char *passphrase, bool again,
		struct tuf_versions *ret, struct err *e);
/* The timestamp anew, and of the others what is near its end, if their keys are here. */
int tuf_renew(const struct road *road, const char *scope, const char *passphrase,
	      struct tuf_versions *ret, struct err *e);

/* What a tag means from now on: d, or nothing when NULL. role NULL: the first delegated one that
 * may, and whose keys are here; else targets. E_NOTFOUND: no root is trusted for ref, or nothing is
 * listed that could be removed. */
struct tuf_tag {
	const struct ref *ref;
	const struct desc *d;
	const char *role, *passphrase;
};
int tuf_publish_tag(const struct road *road, const struct tuf_tag *t, struct tuf_versions *ret,
		    struct err *e);

/* After a push: publishes road->image as what ref's tag means, when this host keeps a TUF
 * repository for it. A failure says how to mend it. */
int tuf_publish_pushed(const struct road *road, const struct ref *ref, const char *passphrase,
		       struct err *e);

/* Delegations of targets. */
struct tuf_delegation {
	const char *scope, *role, *passphrase;
	const json_t *keys;	     /* array, as tuf_key_parse() gives; NULL: the role goes */
	const struct strv *patterns; /* of targets: globs of NAME:TAG */
	uint64_t threshold;
	bool terminating;
};
int tuf_publish_delegation(const struct road *road, const struct tuf_delegation *d,
			   struct tuf_versions *ret, struct err *e);

/* Whether this host has the keys to publish in a scope: those of snapshot and timestamp. */
int tuf_keeps(const struct state *state, const struct tuf_scope *s, bool *ret, struct err *e);

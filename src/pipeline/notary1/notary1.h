/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/ref.h"
#include "pipeline/road.h"
#include "pipeline/tuf/scope.h"

/*
 * Scopes whose tags a Notary v1 server lists (Docker Content Trust), read only. Every repository of
 * such a scope is one of the server's own ("GUN"), with a root of its own, which is pinned by what
 * the scope says: in <state>/trust/tuf/scopes/SCOPE beside the file scope the files server-ca and
 * root-ca, where they were given, and for each repository a folder REPOSITORY (percent-encoded)
 * with begun (how its root came to be trusted), seen, and the files of tuf_client.h. A target is a
 * tag; the roles of the scope are asked for it in their order, the first that lists it says what it
 * means.
 */
struct notary1_opts {
	const char *scope;
	const char *server; /* "https://HOST[:PORT]" */
	const char *ca;	    /* file of the server's CAs; NULL: as of a registry */
	/* Which roots are trusted: one of these. */
	struct strv roots;   /* key ids, thumbprints of certificates, files of certificates; or the
			      * file of one repository's root */
	const char *root_ca; /* file of CAs, of which every root's certificates have to be */
	bool tofu;	     /* the first that is seen */
	struct strv roles;   /* none: targets/releases, then targets, as docker asks */
	bool any_digest;
};
/* Writes the scope; of a single repository it looks at once. E_USAGE when something else is trusted
 * there. ret (may be NULL) as of notary1_admit(), NULL for a prefix. */
int notary1_trust(const struct road *road, const struct notary1_opts *o, json_t **ret,
		  struct err *e);

/* As tuf_admit(), for a scope of this kind. */
int notary1_admit(const struct road *road, const struct tuf_scope *scope, const struct ref *ref,
		  const struct desc *d, json_t **ret, struct err *e);

/* What the server lists of a repository now, in the words of docker trust inspect, owned: {"Name",
 * "SignedTags":[{"SignedTag","Digest","Signers":[NAME]}], "Signers":[{"Name","Keys":[{"ID"}]}],
 * "AdministrativeKeys":[{"Name":"Root"|"Repository","Keys"}]}. E_REMOTE when it cannot be asked. */
int notary1_inspect(const struct road *road, const struct ref *ref, json_t **ret, struct err *e);

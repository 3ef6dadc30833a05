/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "oci/store.h"

/*
 * A client of the OCI distribution protocol (distribution-spec 1.1). HTTP is spoken by a confined
 * helper process (registry/fetch/fetch.h), plain only to this machine, by TLS with a verified
 * certificate to all others. Every byte that comes is checked against a digest before it has a name
 * in the store; every blob that goes is checked before it leaves.
 *
 * Failures of network and server are E_REMOTE with method, path, status and the registry's own
 * words; what is not there is E_NOTFOUND; bytes that differ from their digest are E_VERIFY.
 * Requests that may be repeated are, a few times, after connections that broke, 408, 429 and 5xx.
 */
enum {
	LIMIT_REFERRERS = 100, /* taken of one subject, but for bundles; notation's too */
	LIMIT_REFERRER_BLOB = 64 * 1024 * 1024, /* a signature, an SBOM */
	LIMIT_CONFIG = 8 * 1024 * 1024,
};

struct registry;
struct credential;

enum registry_use {
	REGISTRY_PULL,	 /* from a mirror, too, and from where registries.conf says */
	REGISTRY_CHANGE, /* at the place that the name says */
};

/* The registry of ref, which has a host. Asks it for /v2/: one that is down or no registry is told
 * at once. For REGISTRY_PULL the first mirror that has ref's manifest, else the registry itself;
 * every function below is called with ref's own name all the same. What registries.conf blocks is
 * E_POLICY. p (may be NULL) is told of mirrors that are passed over. */
int registry_open(const struct ref *ref, enum registry_use use, struct progress *p,
		  struct registry **ret, struct err *e);
/* Whether a registry takes these credentials; nothing is kept. E_REMOTE: no. *ret_asked: it asks
 * for credentials at all; one that asks for none has not checked them. */
int registry_try_login(const char *host, const struct credential *c, bool *ret_asked,
		       struct err *e);
/* Gives a name without a registry the one of its alias in registries.conf; E_USAGE without one. */
int registry_qualify(struct ref *ref, struct err *e);
void registry_close(struct registry *reg); /* NULL is fine */
DEFINE_RELEASE_VOID(struct registry, registry_close)

/* Blobs that the registry lacks in the repository pushed to, but may have in this one, are mounted
 * from there instead of sent. NULL: nowhere. Copied. */
int registry_mount_from(struct registry *reg, const char *name, struct err *e);

/* Sends a manifest, or an index with all that the store or the registry has of it, and its blobs;
 * the manifest last. tag NULL: by digest only. A manifest with a subject is entered in its
 * subject's fallback tag when the registry does not list referrers itself. */
int registry_push(struct registry *reg, struct store *s, const struct desc *d, const char *name,
		  const char *tag, struct progress *p, struct err *e);

/* Fetches into the store, without naming it: the caller tags ret. Of an index, the index itself and
 * the image for this machine. Blobs that the store has whole are not fetched again. */
int registry_pull(struct registry *reg, struct store *s, const struct ref *ref, struct progress *p,
		  struct desc *ret, struct err *e);

/* The manifest (not an index) alone, and one of its blobs (at most max bytes): for who does not
 * need all of them. */
int registry_pull_manifest(struct registry *reg, struct store *s, const struct ref *ref,
			   struct desc *ret, struct err *e);
/* As above, or an index and the manifest of its image for this machine. */
int registry_pull_either(struct registry *reg, struct store *s, const struct ref *ref,
			 struct desc *ret, struct err *e);
int registry_pull_blob(struct registry *reg, struct store *s, const char *name,
		       const struct desc *d, uint64_t max, struct progress *p, struct err *e);

/* Sends every manifest of the store whose subject is `subject`. ret_n (may be NULL) counts them. */
int registry_push_referrers(struct registry *reg, struct store *s, const struct digest *subject,
			    const char *name, struct progress *p, size_t *ret_n, struct err *e);

/* Names a manifest of the store that the registry has: what a push does last. */
int registry_tag(struct registry *reg, const struct store *s, const struct desc *d,
		 const char *name, const char *tag, struct err *e);
/* The same if the tag is still `at`, "" for nothing; NULL: whatever it is. *ret_refused: it is that
 * no more, and the registry looked. Many do not. */
int registry_tag_if(struct registry *reg, const struct store *s, const struct desc *d,
		    const char *name, const char *tag, const struct digest *at, bool *ret_refused,
		    struct err *e);

/* E_REMOTE unless the registry has, and lists to whoever pulls, every manifest of the store whose
 * subject is `subject`: a registry that took one is not believed. */
int registry_check_referrers(struct registry *reg, const struct store *s,
			     const struct digest *subject, const char *name, struct err *e);

/* What registry_pull_referrers did. */
struct referrers_got {
	size_t added;	/* now in the store, also those that were before */
	size_t skipped; /* named, but malformed, damaged, missing or of another subject */
	bool more;	/* the list was longer than LIMIT_REFERRERS */
};

/* Fetches what refers to subject (artifact_type NULL: of any type) and adds it to the store: by the
 * referrers API, else by the fallback tag (distribution-spec, "Referrers Tag Schema"). One that is
 * damaged is skipped, for it must not hide the others. None is success. ret may be NULL. */
int registry_pull_referrers(struct registry *reg, struct store *s, const char *name,
			    const struct digest *subject, const char *artifact_type,
			    struct progress *p, struct referrers_got *ret, struct err *e);

/* What a reference means in the registry now: a manifest or an index, by its own bytes. */
int registry_resolve(struct registry *reg, const struct ref *ref, struct desc *ret, struct err *e);

/*
 * Makes a tag name a manifest that registry_push() sent by digest, if it still is what it was when
 * `from` was read ("": not there): If-Match for registries that look at it, else compared just
 * before. After settle_ms (below 1000) it is read again, so that of two who wrote at once one
 * knows. E_POLICY: somebody else moved it.
 */
int registry_move_tag(struct registry *reg, struct store *s, const struct desc *d, const char *name,
		      const char *tag, const struct digest *from, unsigned settle_ms,
		      struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Shared by the files of this room. */

#include <pthread.h>

#include "registry/auth/auth.h"
#include "registry/conf/registries.h"
#include "registry/fetch/fetch.h"
#include "registry/registry.h"

struct registry {
	char *host;		   /* that is spoken to */
	char *name, *at;	   /* the repository, and what it is called here; NULL: of none */
	bool insecure;		   /* registries.conf: plain HTTP, or any certificate */
	struct place *origin;	   /* what this is a mirror of; NULL: of nothing */
	struct registry *original; /* the same, once it was asked; or NULL */
	bool original_tried;
	struct ref *ref;    /* with `rest`: what was asked for */
	struct place *rest; /* where else it may be had: mirrors, and the registry itself last */
	size_t rest_n;
	struct progress *p; /* told of warnings; not from several threads */
	char warned[600];   /* the last of them */
	char *mount_from;   /* or NULL */
	struct url base;    /* its target is "/" */
	struct fetch *fetch;
	struct auth *auth;
	bool writing;		    /* tokens are asked for pushing, too */
	bool deleting;		    /* and for deleting */
	pthread_mutex_t *auth_lock; /* while several threads use auth; else NULL */
	const atomic_bool *stop;    /* of a hand that is to end; else NULL */
};

/* What is done with many blobs of one registry; the order of beginning is that of i. */
struct registry_work {
	size_t n;
	int (*one)(struct registry *reg, struct registry *other, void *arg, size_t i,
		   struct progress *p, struct err *e);
	void *arg;
	struct registry *other; /* spoken to by each hand as well; or NULL */
};
enum { HANDS_UP = 5, HANDS_DOWN = 4 };
/* All of it, by at most so many hands at once. The first failure is the result, and ends the
 * others. one() is called from several threads, with a registry and a progress of their own. */
int registry_each(struct registry *reg, const struct registry_work *work, unsigned hands,
		  struct progress *p, struct err *e);
/* The layers and the configuration of m, each once, in the order in which it is good to begin. The
 * array is the caller's, what it points at m's. */
int registry_blobs_of(const struct manifest *m, const struct desc ***ret, size_t *ret_n,
		      struct err *e);

/* On this machine a registry may speak either: what does not speak HTTP may speak TLS. So may one
 * that registries.conf calls insecure, but there TLS is tried first. Sets reg->base. */
int registry_find_scheme(struct registry *reg, struct err *e);

/* Whether a failure may be one of the mirror's that another has not. */
static inline bool registry_is_at_fault(int r)
{
	return r == E_REMOTE || r == E_NOTFOUND || r == E_VERIFY || r == E_FORMAT;
}
/* reg becomes the next place that has its image, after a mirror failed with `why`. False: there is
 * none. Not from several threads. */
bool registry_turn(struct registry *reg, const struct err *why);

/* What a mirror is a mirror of, spoken to when first asked for; NULL when reg is no mirror, or when
 * that cannot be reached. Borrowed. */
struct registry *registry_original(struct registry *reg);

/* A repository's name at the place that is spoken to: a mirror may call it otherwise. */
const char *registry_name(const struct registry *reg, const char *name);

enum {
	CALL_SECONDS = 120,	  /* a whole exchange without a blob */
	CALL_TRIES = 4,		  /* of one request */
	RETRY_FIRST_MS = 250,	  /* doubled each time, with jitter */
	LIMIT_RETRY_AFTER = 30,	  /* seconds that a registry may ask us to wait */
	SLOWEST_BYTES = 4 * 1024, /* a second, over a whole blob */
	LIMIT_CALL_HEADERS = 4,
	LIMIT_PATH = 1024,
};

/* One request. */
struct call {
	enum http_method method;
	const char *name;			    /* the repository it is about; or NULL */
	bool no_auth;				    /* a 401 is an answer like others */
	const char *path;			    /* "/v2/…" on the registry */
	const struct url *url;			    /* instead of path: an upload's own address */
	const char *headers[LIMIT_CALL_HEADERS][2]; /* name, value; ends with NULL */
	int body; /* used when has_body: body_n bytes at body_at */
	bool has_body;
	bool has_sum; /* as in struct fetch_request */
	unsigned char sum[FETCH_SUM];
	uint64_t body_at, body_n;
	uint64_t max_body; /* 0: LIMIT_ERROR_BODY */
	uint32_t seconds;  /* 0: CALL_SECONDS */
	bool follow;
	bool decode; /* as in struct fetch_request */
	const struct fetch_sink *sink;
};

/* One exchange; ret->end says how it went. After a 401 it is done again with other credentials, if
 * there are any: nothing of a request counts before it is allowed. */
int registry_call_raw(struct registry *reg, const struct call *c, struct fetch_response *ret,
		      struct err *e);
/* As above, but 0 only when there is a response, whatever its status. */
int registry_call(struct registry *reg, const struct call *c, struct fetch_response *ret,
		  struct err *e);
/* As above, again after what may pass. For requests that are safe to repeat and without a sink. */
int registry_call_again(struct registry *reg, const struct call *c, struct fetch_response *ret,
			struct err *e);

/* Shows what an answer says to users. */
void registry_tell_warnings(struct registry *reg, const struct fetch_response *resp);
/* An exchange that brought no response, as an error. */
int registry_outcome(const struct registry *reg, const struct fetch_end *end, struct err *e);
bool registry_may_pass(const struct fetch_response *resp); /* worth another try */
/* Waits before try n (1, 2…), as long as resp asks for. E_SIGNAL when interrupted. */
int registry_wait(unsigned n, const struct fetch_response *resp, struct err *e);
/* The same; also when this hand is to end. */
int registry_pause(const struct registry *reg, unsigned n, const struct fetch_response *resp,
		   struct err *e);

/* A status that is not what was hoped for, as an error with the registry's words. 404 is
 * E_NOTFOUND, all else E_REMOTE; never 0. */
int registry_status(const struct registry *reg, const struct call *c,
		    const struct fetch_response *resp, struct err *e);

/* The failure that e tells of is the registry's fault, whatever the code says that found it. */
static inline int blame_registry(struct err *e)
{
	if (e)
		e->code = E_REMOTE;
	return E_REMOTE;
}

/* A manifest's bytes, checked: content type, digest, and size and type when want has them. ret may
 * be NULL. reference is a tag or digest. */
int registry_get_manifest(struct registry *reg, const char *name, const char *reference,
			  const struct desc *want, struct buf *bytes, struct desc *ret,
			  struct err *e);
/* The same; what a mirror has not is asked of what it is a mirror of. Not from several threads. */
int registry_find_manifest(struct registry *reg, const char *name, const char *reference,
			   const struct desc *want, struct buf *bytes, struct desc *ret,
			   struct err *e);
int registry_has_manifest(struct registry *reg, const char *name, const struct digest *d, bool *ret,
			  struct err *e);
/* The PUT alone. at: only if the reference still names that, "" for nothing; NULL: whatever it
 * names. Registries that do not know the question do it all the same. ret is the answer, whatever
 * its status, of which registry_put_done() tells what it means. */
int registry_put_if(struct registry *reg, const char *name, const char *reference,
		    const char *media_type, const struct buf *bytes, const struct digest *at,
		    struct fetch_response *ret, struct err *e);
/* 0: the manifest is there. 201 says so (distribution-spec, "Pushing Manifests"); of 200, 202 and
 * 204, which some registries answer, it is looked at; all else is an error. */
int registry_put_done(struct registry *reg, const char *name, const char *reference,
		      const struct buf *bytes, const struct fetch_response *resp, struct err *e);
/* Both. *ret_refused: the reference is not what `at` says, and nothing was written. */
int registry_put_unmoved(struct registry *reg, const char *name, const char *reference,
			 const char *media_type, const struct buf *bytes, const struct digest *at,
			 bool *ret_refused, struct err *e);
/* ret_subject (may be NULL): the registry says that it lists the manifest as a referrer. */
int registry_put_manifest(struct registry *reg, const char *name, const char *reference,
			  const char *media_type, const struct buf *bytes, bool *ret_subject,
			  struct err *e);

/* A blob into the store, unless it is there whole. max caps its size. */
int registry_get_blob(struct registry *reg, struct store *s, const char *name, const struct desc *d,
		      uint64_t max, struct progress *p, struct err *e);
/* A blob out of the store, unless the registry has it. */
int registry_put_blob(struct registry *reg, const struct store *s, const char *name,
		      const struct desc *d, struct progress *p, struct err *e);
/* The same of one that the registry was just found to lack. */
int registry_send_blob(struct registry *reg, const struct store *s, const char *name,
		       const struct desc *d, struct progress *p, struct err *e);
/* A layer whose bytes lie elsewhere (image-spec layer.md, "Non-Distributable Layers"): nothing is
 * fetched from addresses that a manifest gives. */
bool layer_is_foreign(const struct desc *d);

/* Bytes into the store under their digest, replacing a damaged blob of that name. */
int registry_keep(struct store *s, const struct desc *d, const struct buf *bytes, struct err *e);

/* A manifest with config and layers into the store; bytes are its own, already checked. */
int registry_get_image(struct registry *reg, struct store *s, const char *name,
		       const struct desc *d, const struct buf *bytes, uint64_t max_blob,
		       struct progress *p, struct err *e);

/* The index behind the referrers API (1), or E_NOTFOUND when the registry has none. Descriptors in
 * the order given, at most LIMIT_REFERRERS. Owned array. */
int referrers_list(struct registry *reg, const char *name, const struct digest *subject,
		   const char *artifact_type, json_t **ret, bool *ret_more, struct err *e);
/* At most `most` of them. */
int referrers_list_most(struct registry *reg, const char *name, const struct digest *subject,
			const char *artifact_type, size_t most, json_t **ret, bool *ret_more,
			struct err *e);
enum { LIMIT_REFERRERS_LISTED = 16384 }; /* looked at, of which few are fetched */
/* The descriptor by which lists name a referrer: with its type and annotations. Owned. */
int referrer_entry(const struct desc *d, const struct manifest *m, json_t **ret, struct err *e);
/* Manifests that refer to subject were put: listed by the registry, or entered into the fallback
 * tag. entries are their descriptors with artifactType and annotations; said: the registry says of
 * each that it lists it, which is looked at. */
int registry_announce(struct registry *reg, const char *name, const struct digest *subject,
		      const json_t *entries, bool said, struct err *e);
/* 1: the next page's address from the Link header, at the same registry; 0: this is the last page.
 * E_REMOTE: one is named that is no address, or at another origin: the list is not whole. */
int registry_next_page(const struct registry *reg, const struct fetch_response *resp,
		       struct url *ret, struct err *e);
/* The index behind the fallback tag; E_NOTFOUND when there is none or it is not an index. */
int fallback_list(struct registry *reg, const char *name, const struct digest *subject,
		  json_t **ret, struct err *e);
/* Enters manifests into their subject's fallback tag, so that what others enter at the same time
 * stays. entries: as above. */
int fallback_add(struct registry *reg, const char *name, const struct digest *subject,
		 const json_t *entries, struct err *e);
struct fallback_tag {
	char s[8 + DIGEST_HEX];
};
struct fallback_tag fallback_tag(const struct digest *subject);

/* "sha256:0123456789ab", as progress shows a digest. */
struct short_digest {
	char s[24];
};
struct short_digest short_digest(const struct digest *d);

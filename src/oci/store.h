/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "base/fs.h"
#include "base/json.h"
#include "oci/descriptor.h"
#include "oci/manifest.h"
#include "oci/ref.h"

/*
 * An OCI image layout (image-spec image-layout.md) in the state folder, readable by skopeo and
 * others as it is: oci-layout, index.json, blobs/sha256/<hex>. Named images and untagged referrers
 * (manifests with a subject) both stand in index.json. Blobs are written under a temporary name,
 * hashed on the way, and renamed into place; index.json is replaced atomically under a lock.
 */
struct store;

int store_open(struct store **ret, const struct state *state,
	       struct err *e); /* makes it when missing */
int store_open_layout(struct store **ret, const char *path,
		      struct err *e); /* somebody's layout, read only */
void store_close(struct store *s);
DEFINE_RELEASE_VOID(struct store, store_close)
/* What is in it is gone with this process: nothing waits for the disk. */
void store_set_passing(struct store *s);
int store_fd(const struct store *s);	       /* the layout's folder; borrowed */
bool store_is_writable(const struct store *s); /* not one of store_open_layout() */

/* Blobs. */
bool store_has(const struct store *s, const struct digest *d, uint64_t size);
int store_blob_open(const struct store *s, const struct desc *d,
		    struct err *e); /* fd; size is checked, digest is not */
/* Whole blob, digest and size checked; max caps it. Appends. E_VERIFY when the bytes do not match.
 */
int store_blob_read(const struct store *s, const struct desc *d, size_t max, struct buf *ret,
		    struct err *e);
int store_blob_put(struct store *s, const char *media_type, const void *p, size_t n,
		   struct desc *ret, struct err *e);
/* Hashes a whole blob on disk against its descriptor; E_VERIFY when it differs. */
int store_blob_verify(const struct store *s, const struct desc *d, struct err *e);

/* A blob that arrives as a stream. commit checks the digest and size if expect is given (E_VERIFY).
 */
struct blob_writer;
int blob_writer_new(struct blob_writer **ret, struct store *s, struct err *e);
/* A writer for the blob d that goes on where one that was killed or kept stopped: *ret_have bytes
 * are there and hashed anew (0: none). Another process at work on the same blob: as
 * blob_writer_new(). */
int blob_writer_resume(struct blob_writer **ret, struct store *s, const struct desc *d,
		       uint64_t *ret_have, struct err *e);
/* blob_writer_free() of a resumable writer leaves what it has for the next; store_gc() takes it. */
void blob_writer_keep(struct blob_writer *w);
int blob_writer_fd(const struct blob_writer
			   *w); /* for writers in a child: call blob_writer_rehash before commit */
int blob_writer_write(struct blob_writer *w, const void *p, size_t n, struct err *e);
int blob_writer_commit(struct blob_writer *w, const char *media_type, const struct desc *expect,
		       struct desc *ret, struct err *e);
int blob_writer_rehash(struct blob_writer *w,
		       struct err *e);	      /* digest of what the file holds now */
void blob_writer_free(struct blob_writer *w); /* drops what was not committed */
DEFINE_RELEASE_VOID(struct blob_writer, blob_writer_free)

/* Names. A name is what ref_tagged() gives, stored as org.opencontainers.image.ref.name. */
int store_tag(struct store *s, const char *name, const struct desc *d, struct err *e);
int store_untag(struct store *s, const char *name, struct err *e); /* E_NOTFOUND */
/* A reference to its manifest descriptor: by digest when it has one (any entry or blob of the
 * store), else by name. An index is not resolved to a platform. E_NOTFOUND with a hint when it is
 * not there. */
int store_resolve(const struct store *s, const struct ref *r, struct desc *ret, struct err *e);
/* As store_resolve from text; also accepts a unique prefix (>= 6 digits) of a manifest's hex
 * digest. */
int store_lookup(const struct store *s, const char *text, struct ref *ret_ref, struct desc *ret,
		 struct err *e);
/* The index.json entries: array of {"mediaType","digest","size","annotations"?,...}. Owned copy. */
int store_list(const struct store *s, json_t **ret, struct err *e);

/* Adds a manifest that refers to subject, without a name. Once: a second add changes nothing. */
int store_add_referrer(struct store *s, const struct desc *d, const struct digest *subject,
		       struct err *e);
/* Many at once: an array of descriptors of manifests that are in the store and were seen to have a
 * subject. */
int store_add_referrers(struct store *s, const json_t *entries, struct err *e);
/* Descriptors of manifests whose subject is `subject`, of this artifact type (NULL: any). Owned
 * array of descriptor objects, each with "annotations" of its manifest. */
int store_referrers(const struct store *s, const struct digest *subject, const char *artifact_type,
		    json_t **ret, struct err *e);

/* A manifest and its configuration, from a descriptor; an index is resolved for this machine first,
 * and ret_desc (may be NULL) receives the manifest's own descriptor. Every byte is digest-checked.
 */
int store_manifest(const struct store *s, const struct desc *d, struct manifest *ret,
		   struct desc *ret_desc, struct err *e);
int store_config(const struct store *s, const struct manifest *m, struct config *ret,
		 struct err *e);

/* Removes blobs that no entry of index.json reaches. While another process has the store open
 * nothing is removed, and *ret_bytes is 0: what it has written may not have a name yet. */
int store_gc(struct store *s, uint64_t *ret_bytes, struct err *e);
/* The same, but blobs whose digest is a key of keep stay, too. */
int store_gc_but(struct store *s, const json_t *keep, uint64_t *ret_bytes, struct err *e);
/* Waits until no other process has the store open, and keeps it so until store_not_alone() or
 * store_gc(). E_SYSTEM, EWOULDBLOCK in e->sys, after timeout_ms. */
int store_alone(struct store *s, int timeout_ms, struct err *e);
void store_not_alone(struct store *s);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/registry_internal.h"

/* A blob on its way out. */
struct outgoing {
	struct registry *reg;
	const struct store *store;
	const char *name;
	const struct desc *d;
	struct progress *p;
	int fd; /* the blob's file */
};

/* Whether the registry has it. E_VERIFY when it has it in another length. */
int upload_has(const struct outgoing *out, bool *ret, struct err *e);

/*
 * Sends it (distribution-spec, "Pushing Blobs"): a small one in one PUT, a larger one by PATCH in a
 * session that goes on where it broke, also in the next run (upload_kept.h). The bytes are hashed
 * on the way; what is not the blob is not sent to its end: E_VERIFY. Anything else is asked for
 * again after what may pass. *ret_note: how it came there, NULL for sent.
 */
int upload_send(const struct outgoing *out, const char **ret_note, struct err *e);

/* One request of an upload at the address `at`: its body is the blob from byte `first` on. *high
 * (may be NULL) is raised to how far it was sent. What ret held is freed, here and below. */
int upload_call(const struct outgoing *out, enum http_method method, const struct url *at,
		uint64_t first, uint64_t *high, struct fetch_response *ret, struct err *e);

/* POST: an upload begins at *ret, or, 1, the blob was mounted from another repository. resp is the
 * answer, for the question whether another try makes sense. */
int upload_begin(const struct outgoing *out, struct url *ret, struct fetch_response *resp,
		 struct err *e);
/* Where an upload goes on: the Location of an answer, which must stay at the registry. Its query is
 * kept. E_NOTFOUND: there is none. */
int upload_location(const struct outgoing *out, const struct fetch_response *resp, struct url *ret,
		    struct err *e);
/* The address that completes the upload at `at`. */
int upload_closing(const struct outgoing *out, const struct url *at, struct url *ret,
		   struct err *e);
/* The answer to the request that completes: 0 when it is done. */
int upload_done(const struct outgoing *out, const struct url *at, const struct fetch_response *resp,
		struct err *e);
/* Tells the registry that nothing more comes. What it says to that does not matter. */
void upload_cancel(const struct outgoing *out, const struct url *at);

enum {
	UPLOAD_TRIES = 6,		      /* in a row, none of which got on */
	UPLOAD_STALLS = 2,		      /* of them: a server that hangs takes long */
	UPLOAD_SESSION_MIN = 4 * 1024 * 1024, /* below this it is one PUT */
	UPLOAD_PROGRESS_MIN = 64 * 1024,      /* a try that brought so much does not count */
};

/* upload_send() in one PUT, and in a session. */
int upload_whole(const struct outgoing *out, const char **ret_note, struct err *e);
int upload_session(const struct outgoing *out, const char **ret_note, struct err *e);

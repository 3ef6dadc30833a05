/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdatomic.h>

#include "base/cleanup.h"
#include "registry/fetch/proto.h"

/*
 * HTTP, done by the helper program plimsoll-fetch: hostile servers talk to it, confined, and
 * libcurl stays out of this process. The helper is started with the first exchange and keeps its
 * connections until fetch_free(); one that was interrupted in the middle is started anew.
 */
struct fetch;

int fetch_new(struct fetch **ret, struct err *e);
/*
 * A lane is another connection to the helper of f, for exchanges beside one another, each in a
 * thread of its own; f must outlive it. Once *stop is set what the lane does ends within a second,
 * with E_SIGNAL. While there are lanes, f's own exchanges are done by one thread at a time.
 */
int fetch_lane(struct fetch *f, const atomic_bool *stop, struct fetch **ret, struct err *e);
/* Before the first exchange: at `at` the certificates of the folder certs.d/NAME count, a client's
 * own among them, which is shown to nobody else. NAME is the registry's as in references,
 * or the absolute path of a file of CAs. */
int fetch_certificates(struct fetch *f, const char *name, const struct url *at, struct err *e);
void fetch_free(struct fetch *f); /* NULL is fine */
DEFINE_RELEASE_VOID(struct fetch, fetch_free)

/* The length that a response announces; 0 when it does not say, or what is no number. */
uint64_t fetch_announced(const struct fetch_head *h);

/* Where a response goes. Every function may be NULL; a negative result ends the exchange with it.
 * data() receives only bodies of responses for which head() returned 1; others are kept. */
struct fetch_sink {
	int (*head)(void *arg, const struct fetch_head *h, struct err *e);
	int (*data)(void *arg, const void *p, size_t n, struct err *e);
	void (*sent)(void *arg, uint64_t bytes);
	void *arg;
};

struct fetch_response {
	struct fetch_head head; /* status 0 when nothing answered */
	struct buf body;	/* what data() did not receive, at most LIMIT_MANIFEST bytes */
	struct fetch_end end;
};
void fetch_response_free(struct fetch_response *r);
static inline void fetch_response_release(struct fetch_response *r)
{
	fetch_response_free(r);
}
#define auto_response __attribute__((cleanup(fetch_response_release))) struct fetch_response

/*
 * One exchange. 0 also when the server could not be reached: ret->end says how it went. Negative
 * when the helper failed (E_SYSTEM, E_INTERNAL), the sink did, or a signal came (E_SIGNAL). body is
 * borrowed, -1 for none; q says which part of it is sent.
 */
int fetch_do(struct fetch *f, const struct fetch_request *q, int body,
	     const struct fetch_sink *sink, struct fetch_response *ret, struct err *e);

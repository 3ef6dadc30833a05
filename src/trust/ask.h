/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "registry/fetch/fetch.h"

/*
 * One question to an authority on the web: a time-stamping authority, an OCSP responder, a server
 * of CRLs. By plimsoll-fetch; what comes back is believed by nobody yet.
 */
struct ask {
	const char *url;
	const char *content_type; /* of the body; NULL: a GET without one */
	struct str body;
	size_t max;	  /* bytes of the answer */
	unsigned seconds; /* for all of it */
};
/* Appends the body of an answer with status 200. *f is started when it is NULL, and stays the
 * caller's to free. E_REMOTE tells how it failed, E_FORMAT that the answer is too long. */
int ask(struct fetch **f, const struct ask *q, struct buf *ret, struct err *e);

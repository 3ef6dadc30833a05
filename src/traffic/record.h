/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "crypto/digest.h"

/*
 * What was fetched, as it is told: a JSON object
 *
 *     {"fetched":[
 *       {"uri":"http://deb.example/a.deb","address":"192.0.2.7:80","status":200,
 *        "digest":"sha256:...","size":1234},
 *       {"uri":"tls://pypi.example:443","address":"192.0.2.8:443","sent":980,"received":40021},
 *       {"uri":"udp://169.254.1.1:53","address":"169.254.1.1:53","sent":42,"received":58}],
 *      "more":17}
 *
 * sorted, each once, bytes of the same two ends added up. An http URI is what the client asked for;
 * "digest" is there only when the whole body passed, "incomplete" when it did not, "method" when it
 * was not GET, "encoding" when the bytes are a compressed form. A tls URI has the name that the
 * client asked for in clear, else what stands in a tcp or udp URI: the name whose address the name
 * server said it is, or the address. "resolved" is that name where the URI has another one. "more"
 * counts what did not fit.
 */
#define TRAFFIC_TYPE "application/vnd.plimsoll.fetched.v1+json"
enum {
	LIMIT_RECORD_ITEMS = 4000,
	LIMIT_RECORD_TEXT = 1024 * 1024,	   /* bytes of all strings */
	LIMIT_RECORD_JSON = 4 * LIMIT_RECORD_TEXT, /* bytes, as JSON */
	LIMIT_RECORD_URI = 2048,
};

struct item {
	const char *uri, *address, *resolved; /* resolved may be NULL */
	bool http;
	const char *method, *encoding; /* http; "" or "GET": not told */
	unsigned status;	       /* http; 0: no answer */
	bool incomplete, cut;	       /* cut: there was more of the URI */
	const struct digest *digest;   /* http; NULL: none */
	uint64_t size;		       /* http: of the body */
	uint64_t sent, received;       /* others */
};

struct record {
	struct record_entry *v; /* sorted */
	size_t n, cap;
	size_t text;
	uint64_t more;
};

/* Adds it, or its bytes to what is there. Copies. E_NOMEM only: what does not fit is counted. */
int record_add(struct record *r, const struct item *item, struct err *e);
/* Appends the JSON. */
int record_write(const struct record *r, struct buf *ret, struct err *e);
void record_free(struct record *r); /* empty again */

/*
 * Reads such a text from somebody who is not trusted: members, types, lengths and characters are
 * checked (printable ASCII). Owned.
 */
int record_parse(const char *p, size_t n, json_t **ret, struct err *e);
/* Replaces what a step was to keep to itself by "***" in every string, also where it stands
 * percent-encoded, in capitals or not; then cuts URIs to LIMIT_RECORD_URI and sets "cut". */
int record_mask(json_t *record, const struct str *masks, size_t masks_n, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * The heads of HTTP/1 messages (RFC 9112): what says which resource is meant, and where the body
 * ends. Lines may end with LF alone, as servers have always accepted.
 */
enum { LIMIT_HTTP_HEAD = 64 * 1024, LIMIT_HTTP_URL = 8 * 1024, HTTP_METHOD = 16, HTTP_CODING = 32 };

struct http_head {
	char method[HTTP_METHOD + 1]; /* of a request */
	struct str target, host;      /* of a request; within the text */
	unsigned status;	      /* of a response */
	bool chunked, has_length;
	uint64_t length;
	char encoding[HTTP_CODING + 1]; /* Content-Encoding, "" when there is none */
};

/* The text ends with the empty line. False when it is no head, or says two things of its length. */
bool http_head_request(struct str text, struct http_head *ret);
bool http_head_response(struct str text, struct http_head *ret);

/* "http://HOST/PATH?QUERY" of a request, printable ASCII alone, without credentials and fragment;
 * fallback: the host when the head names none. Of CONNECT "HOST:PORT". Appends; what is over the
 * buffer's cap is left out and *ret_cut set. */
void http_url(const struct http_head *h, const char *fallback, struct buf *ret, bool *ret_cut);

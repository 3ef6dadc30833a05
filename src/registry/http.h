/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * What of HTTP a registry client reads: headers and the few values that have a form. All of it
 * comes from the other side, so all of it is bounded, and wrong forms are refused, never guessed.
 */
enum {
	LIMIT_HEADERS = 64,
	LIMIT_HEADER_NAME = 64,
	LIMIT_HEADER_VALUE = 8192,
	LIMIT_ERROR_BODY = 64 * 1024,
	LIMIT_ERROR_TEXT = 256,
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_POST, HTTP_PATCH, HTTP_DELETE };
const char *http_method_name(enum http_method m);

bool http_is_token(char c); /* a character of a token (RFC 9110 5.6.2) */

struct http_headers {
	struct http_header {
		char *name; /* lower case */
		char *value;
	} *v;
	size_t n;
};

/* Copies. Names are tokens, values printable without CR, LF or NUL (RFC 9110 5.5); a name that is
 * there already is kept beside the first. */
int http_headers_add(struct http_headers *h, struct str name, struct str value, struct err *e);
const char *http_headers_get(const struct http_headers *h, const char *name); /* first, or NULL */
void http_headers_free(struct http_headers *h);
static inline void http_headers_release(struct http_headers *h)
{
	http_headers_free(h);
}
#define auto_headers __attribute__((cleanup(http_headers_release))) struct http_headers

/* "text/html; charset=utf-8" is of type "text/html" (without regard to case). */
bool http_type_is(const char *content_type, const char *type);

/* Content-Range: "bytes 10-99/100" (RFC 9110 14.4). The total must be known. */
struct http_range {
	uint64_t first, last, total;
};
int http_content_range(const char *s, struct http_range *ret, struct err *e);

/* Range of an upload, "0-99" for 100 bytes (distribution-spec, "Pushing a blob in chunks"). */
int http_upload_range(const char *s, uint64_t *ret_n, struct err *e);

/* Retry-After in seconds from now (unix time), at most max; nonsense is fallback. */
unsigned http_retry_after(const char *s, int64_t now, unsigned max, unsigned fallback);

/* An HTTP date in its one current form, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), as unix
 * time. */
int http_date(const char *s, int64_t *ret, struct err *e);

/* The target of rel="next" in a Link header (RFC 8288), E_NOTFOUND when there is none. */
int http_link_next(const char *s, struct buf *ret, struct err *e);

/* The first error of a registry's error body, {"errors":[{"code","message"}]}, fit for a terminal.
 * Anything else leaves both "". */
struct http_error {
	char code[64];
	char message[LIMIT_ERROR_TEXT];
};
void http_error_parse(const char *body, size_t n, struct http_error *ret);

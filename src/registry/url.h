/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * URLs of registries: http and https, a host, a port, a path with its query. Userinfo, backslashes,
 * spaces and control characters are refused, fragments are dropped (RFC 3986, narrowed). What is
 * connected to is always printed anew from these parts, so no second parser can read it otherwise.
 */
enum { LIMIT_URL = 8192, LIMIT_HOST = 255 };

struct url {
	bool https;
	char host[LIMIT_HOST + 1]; /* lower case; an IPv6 address without its brackets */
	uint16_t port;
	char target[LIMIT_URL + 1]; /* "/path?query" */
};

int url_parse(struct str s, struct url *ret, struct err *e);

/* A Location header, absolute or relative to base (RFC 3986 5.2, without dot segments: a target
 * that holds "." or ".." segments is refused). */
int url_resolve(const struct url *base, struct str location, struct url *ret, struct err *e);

/* Scheme, host, a port that is not the scheme's own, target. Appends. */
void url_put(const struct url *u, struct buf *ret);

/* Text as the value of a query's parameter, all but unreserved characters percent-encoded. Appends.
 */
void url_put_query(struct buf *b, const char *s);

/* Same scheme, host and port: credentials may follow. */
bool url_same_origin(const struct url *a, const struct url *b);

/* A name that means this machine whatever a resolver says: "localhost", 127.0.0.0/8, ::1. */
bool host_is_loopback(const char *host);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parts of plimsoll-fetch that its main loop and its transfers share. */

#include <curl/curl.h>

#include "registry/fetch/proto.h"

/*
 * The certificates of a host: SSL_CERT_FILE (read once, before we are confined) or the system's,
 * and those of certs.d/HOST[:PORT]/<any>.crt beside them (docker's "certificates", containers-
 * certs.d(5)). What only the user may read, and a client's key, is read before we are confined, of
 * the one registry that this process is for.
 */
struct fetch_ca {
	struct buf named; /* SSL_CERT_FILE */
	const char *host; /* of that registry; NULL: none */
	uint16_t port;
	struct buf own;	      /* its CAs */
	struct buf cert, key; /* of the client; empty: none */
	struct err why;	      /* code 0, or why it cannot be spoken to */
};
/* name: its folder in certs.d, or '/' and so on: a file of CAs; NULL: none. host is borrowed. */
int fetch_ca_open(struct fetch_ca *ret, const char *name, const char *host, uint16_t port,
		  struct err *e);
/* Whether a client's certificate is for u. */
bool fetch_ca_is_own(const struct fetch_ca *ca, const struct url *u);
void fetch_ca_close(struct fetch_ca *ca);
/* Appends u's CAs; leaves ret empty when curl's own default is all there is. */
int fetch_ca_for(const struct fetch_ca *ca, const struct url *u, struct buf *ret, struct err *e);

/* Runs one request and sends HEAD, DATA, SENT and END packets to sock. body is the descriptor that
 * came along, or -1. Negative only when sock is gone: then the helper ends. */
int fetch_serve(CURL *curl, const struct fetch_ca *ca, int sock, const struct fetch_request *q,
		int body);

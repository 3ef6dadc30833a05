/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parts of plimsoll-fetch that its main loop and its transfers share. */

#include <curl/curl.h>

#include "registry/fetch/proto.h"

/* The certificates of a host: SSL_CERT_FILE (read once, before we are confined) or the system's,
 * and /etc/docker/certs.d/HOST[:PORT]/<any>.crt beside them. Leaves ret empty when curl's own
 * default is all there is. */
struct fetch_ca {
	struct buf named; /* SSL_CERT_FILE */
};
int fetch_ca_open(struct fetch_ca *ret, struct err *e);
void fetch_ca_close(struct fetch_ca *ca);
int fetch_ca_for(const struct fetch_ca *ca, const struct url *u, struct buf *ret, struct err *e);

/* Runs one request and sends HEAD, DATA, SENT and END packets to sock. body is the descriptor that
 * came along, or -1. Negative only when sock is gone: then the helper ends. */
int fetch_serve(CURL *curl, const struct fetch_ca *ca, int sock, const struct fetch_request *q,
		int body);

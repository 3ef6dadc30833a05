/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "traffic/names.h"

/*
 * The name of the server that a TLS client asks for: the server_name extension of its ClientHello
 * (RFC 8446 section 4.1.2, RFC 6066 section 3), which goes in clear.
 */
enum { LIMIT_TLS_HELLO = 17 * 1024 };

/* p: what the client sent first. 1 and the name ("" when it names none) when the ClientHello is
 * whole, 0 when more is needed, -1 when it is none. */
int tls_server_name(const unsigned char *p, size_t n, char ret[static LIMIT_HOST_NAME + 1]);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * What one Ethernet frame carries: IPv4 (RFC 791) or IPv6 (RFC 8200) with TCP (RFC 9293) or UDP.
 * A step has no right to send anything else, nor to forge these headers; they are read as if it
 * had. Fragments are not put together: pasta does not, either.
 */
enum { LIMIT_IP6_HEADERS = 8, ADDRESS_TEXT = 64 };

struct address {
	bool v6;
	unsigned char ip[16]; /* of IPv4 the first four, then zeros */
};

struct packet {
	unsigned char from_mac[6];
	struct address from, to;
	uint16_t from_port, to_port;
	bool udp;
	bool syn, ack, fin, rst;
	uint32_t seq;
	const unsigned char *data; /* within the frame */
	size_t n;
	bool cut; /* there was more than the frame holds */
};

/* False when it is nothing of these kinds, or its lengths are not its own. */
bool packet_parse(const unsigned char *frame, size_t n, struct packet *ret);

/* "192.0.2.1", "2001:db8::1". */
void address_text(const struct address *a, char ret[static ADDRESS_TEXT]);
/* "192.0.2.1:80", "[2001:db8::1]:80". */
void address_port_text(const struct address *a, uint16_t port, char ret[static ADDRESS_TEXT]);
bool address_eq(const struct address *a, const struct address *b);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * The framing of a packet capture as it comes through a pipe, in pieces of any size (libpcap's
 * savefile, pcap-savefile(5)): of this machine's byte order, microseconds, Ethernet. Anything else
 * is E_FORMAT: pasta writes nothing else.
 */
enum { LIMIT_PCAP_FRAME = 65535 };

struct pcap {
	bool begun; /* the file's own header is read */
	size_t have;
	unsigned char held[16 + LIMIT_PCAP_FRAME]; /* a record that is not whole yet */
};

/* Calls fn for every frame that is whole. wire_n is its length on the wire: n is less when the
 * frame was cut. */
typedef int (*pcap_fn)(void *arg, const unsigned char *frame, size_t n, size_t wire_n,
		       struct err *e);
int pcap_feed(struct pcap *p, const unsigned char *data, size_t n, pcap_fn fn, void *arg,
	      struct err *e);

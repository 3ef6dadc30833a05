/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/cleanup.h"
#include "traffic/flow.h"

/*
 * From the packets of a step's network, as pasta logs them (--pcap), to the record of what the step
 * fetched. The step writes these packets, and so do the servers it talks to: nothing in here trusts
 * them. It is run in the sandbox; nothing of it is reached by anybody's name for a file or address.
 *
 * Steps that share a network follow one another. A marker between them is a frame that only the
 * holder of the network can send: RECORDER_ETHERTYPE, then the secret, then a number.
 */
enum {
	RECORDER_SECRET = 16,
	RECORDER_ETHERTYPE = 0x88b5,
	RECORDER_MARKER = 14 + RECORDER_SECRET + 8
};

struct recorder_opts {
	unsigned char mac[6]; /* of the step's interface: what has it as its source was sent */
	unsigned char secret[RECORDER_SECRET];
	struct address dns; /* the name server that is believed */
};

struct recorder;
int recorder_new(const struct recorder_opts *o, struct recorder **ret, struct err *e);
/* A piece of the capture. marked() is called for every marker whose number is not that of the one
 * before; it takes the record. */
typedef int (*recorder_marked)(void *arg, struct recorder *r, uint64_t number, struct err *e);
int recorder_feed(struct recorder *r, const unsigned char *p, size_t n, recorder_marked marked,
		  void *arg, struct err *e);
/* What was seen since it was last asked, as record.h has it; begins anew. Appends. */
int recorder_take(struct recorder *r, struct buf *ret, struct err *e);
void recorder_free(struct recorder *r);
DEFINE_RELEASE_VOID(struct recorder, recorder_free)

/* The frame of a marker: ret holds RECORDER_MARKER bytes. */
void recorder_marker(const struct recorder_opts *o, uint64_t number, unsigned char *ret);

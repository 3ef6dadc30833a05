/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "traffic/http.h"
#include "traffic/names.h"
#include "traffic/record.h"

/*
 * One TCP connection of a step, seen from where every packet passes: the bytes of each way in
 * order. What comes again is dropped. After a gap that way's bytes are only counted, and nothing is
 * claimed of what passed.
 */
enum { LIMIT_FLOWS = 1024 };

struct half {
	bool known; /* next is */
	uint32_t next;
	bool gap, fin, ended; /* ended: all up to its FIN was seen */
	uint32_t fin_at;
	uint64_t bytes;
};

enum flow_kind { FLOW_NEW, FLOW_TLS, FLOW_HTTP, FLOW_OTHER };

struct flow {
	struct flow *chain; /* of the table's slot */
	struct address local, remote;
	uint16_t local_port, remote_port;
	struct half out, in;
	enum flow_kind kind;
	bool told;			    /* HTTP told something */
	struct buf first;		    /* what the client sent until the kind is known */
	char host[LIMIT_HOST_NAME + 1];	    /* what TLS asked for, or "" */
	char resolved[LIMIT_HOST_NAME + 1]; /* the name of remote, or "" */
	char *tunnel;			    /* through a proxy to "host:port" */
	struct http *http;
	struct record *record;
};

struct flows {
	struct flow *slot[LIMIT_FLOWS];
	size_t n;
};

/* Takes a TCP packet, sent by the step or to it. What is told goes to record. */
int flows_take(struct flows *f, const struct names *names, const struct packet *p, bool sent,
	       struct record *record, struct err *e);
/* Tells of all that are still open, and forgets them. */
int flows_end(struct flows *f, struct err *e);
void flows_free(struct flows *f);

/* A UDP packet of the step's, to be counted. */
int flow_udp(const struct names *names, const struct packet *p, bool sent, struct record *record,
	     struct err *e);

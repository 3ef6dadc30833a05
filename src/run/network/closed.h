/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "run/network/network.h"

/*
 * What a container's own network does not lead to. pasta makes its connections as a process of the
 * host, so that without this every address of the host but the one that the container shares
 * (docker's bridge, a VPN, what is bound to lo) would answer with the host's services, and a
 * cloud's metadata server with the host's credentials: a limit of hops, meant against that, does
 * not see the container.
 *
 * A filter (classic BPF) on pasta's device drops what begins a connection to them, so that the
 * host may still ask a published port from any address of its own. Metadata servers are behind
 * routes of kind "prohibit", too, that programs which look for one fail at once. Routes alone
 * would not do: who binds a socket to the device passes them.
 *
 * Datagrams leave it from published ports and from those that programs are given, CLOSED_UDP_FROM
 * and up: pasta takes the host's port of the same number for each.
 *
 * An address that the host is given later is not among them.
 */
enum {
	LIMIT_CLOSED = 128,
	LIMIT_CLOSED_FILTER = BPF_MAXINSNS,
	CLOSED_UDP_FROM = 32768, /* the first port that programs are given when they ask for none */
};

struct closed_address {
	unsigned char ip[16];
	unsigned char bits;
	bool v6, route; /* route: nothing of it ever asks us */
};
struct closed {
	struct closed_address v[LIMIT_CLOSED];
	size_t n;
};

/* In the host's network: the metadata servers that are known, and the host's own addresses, as many
 * as there is room for. */
void closed_collect(struct closed *ret);
/* In the container's: 0, or -1 and errno. No memory is allocated. */
int closed_routes(const struct closed *c);
/* The device of the pasta that serves this namespace file. ports: those published, may be NULL;
 * datagrams from one of them are answers. */
int closed_attach(const char *netns, const char *pid_file, const struct ports *ports,
		  struct err *e);

/* For tests: the filter's instructions. */
void closed_filter(const struct closed *c, const struct ports *ports, struct sock_filter *ret,
		   size_t *ret_n);

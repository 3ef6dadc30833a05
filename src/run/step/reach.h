/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/*
 * What a network that policy names may reach: TCP to addresses and ports. Everything else is
 * dropped where the packet leaves the namespace, by a filter (classic BPF) on its tap device that a
 * step has no right to take away; routes lead nowhere but to those addresses, so that most of what
 * is not allowed fails at once. There is no name server: names are resolved when the network is
 * made, by the host's resolver, and stand in /etc/hosts.
 */
enum {
	LIMIT_REACH = 128, /* rules, once names are resolved: the kernel takes their filter where
			     net.core.optmem_max is 20 KiB, too */
	LIMIT_REACH_TEXT = 300, /* bytes of one rule */
	LIMIT_REACH_FILTER = BPF_MAXINSNS,
	REACH_ETHERTYPE = 0x88b5, /* passes, for step_packets.h */
};
#define REACH_DEVICE "step0"

struct reach_rule {
	char *name; /* to be resolved; NULL: */
	bool v6;
	unsigned char ip[16]; /* the bits behind `bits` are 0 */
	unsigned bits;	      /* how many of it count */
	uint16_t port;	      /* 0: every one */
};
struct reach {
	struct reach_rule v[LIMIT_REACH];
	size_t n;
	struct strv hosts; /* "NAME:ADDRESS" of what was resolved */
};

/* "HOST:PORT", "HOST", "10.0.0.0/8:443", "[2001:db8::/32]:443": appends a rule. E_USAGE. */
int reach_parse(const char *text, struct reach *ret, struct err *e);
/* Puts the addresses in the place of the names. E_REMOTE when one has none. */
int reach_resolve(struct reach *r, struct err *e);
/* The filter: ret holds LIMIT_REACH_FILTER instructions. Names are resolved. */
void reach_filter(const struct reach *r, struct sock_filter *ret, size_t *ret_n);
/* Gives the filter to REACH_DEVICE, which that process made and serves: its descriptor is borrowed
 * from it (pidfd_getfd(2)), since the kernel keeps a filter with that. */
int reach_attach(const struct reach *r, pid_t server, struct err *e);
/* A descriptor of the device that this process serves, of this name (NULL: any). */
int reach_tap(pid_t server, const char *device, struct err *e);
/* In the namespace: routes of the device lead to what may be reached, and nowhere else. */
int reach_routes(const struct reach *r, struct err *e);
void reach_free(struct reach *r);

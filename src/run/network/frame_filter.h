/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* What filters of Ethernet frames are written with: where things stand, and their instructions. */
enum {
	AT_TYPE = 12,
	AT_IP = 14,
	AT_FRAGMENT = AT_IP + 6,
	AT_PROTO4 = AT_IP + 9,
	AT_TO4 = AT_IP + 16,
	AT_PROTO6 = AT_IP + 6,
	AT_TO6 = AT_IP + 24,
	AT_BODY6 = AT_IP + 40,
	TYPE_ARP = 0x0806,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMP6 = 58,
};
#define ACCEPT UINT32_MAX

/* Has room for all that is put. */
struct program {
	struct sock_filter *v;
	size_t n;
};

static inline void put(struct program *p, unsigned code, uint32_t k, unsigned jt, unsigned jf)
{
	p->v[p->n++] = (struct sock_filter){ (__u16)code, (__u8)jt, (__u8)jf, k };
}

static inline void ret(struct program *p, uint32_t k)
{
	put(p, BPF_RET | BPF_K, k, 0, 0);
}

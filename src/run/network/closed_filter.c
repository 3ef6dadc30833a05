/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a container's network, on the device by which everything leaves it. */
#include <sys/ioctl.h>

#include <linux/if_tun.h>

#include "base/cleanup.h"
#include "run/network/closed.h"
#include "run/network/frame_filter.h"
#include "run/step/reach.h"
#include "traffic/bytes.h"

enum {
	FLAGS = 13, /* of TCP */
	SYN = 0x02,
	ACK = 0x10,
};

/* Where X is the length of an IPv4 header: what begins nothing is let through, the rest dropped. */
static void answers_only(struct program *p, const struct ports *ports, unsigned at, unsigned code,
			 bool tcp)
{
	if (tcp) {
		put(p, BPF_LD | BPF_B | code, at + FLAGS, 0, 0);
		put(p, BPF_ALU | BPF_AND | BPF_K, SYN | ACK, 0, 0);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1);
		ret(p, 0);
		ret(p, ACCEPT);
		return;
	}
	put(p, BPF_LD | BPF_H | code, at, 0, 0);
	for (size_t i = 0; ports && i < ports->n; i++) {
		if (!ports->p[i].udp)
			continue;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, ports->p[i].container, 0, 1);
		ret(p, ACCEPT);
	}
	ret(p, 0);
}

/* Of one to a closed address. */
static void by_protocol(struct program *p, const struct ports *ports, bool v6)
{
	const unsigned at = v6 ? AT_BODY6 : AT_IP, code = v6 ? BPF_ABS : BPF_IND;

	if (!v6) { /* no fragment, in which there may be anything */
		put(p, BPF_LD | BPF_H | BPF_ABS, AT_FRAGMENT, 0, 0);
		put(p, BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 0, 1);
		ret(p, 0);
		put(p, BPF_LDX | BPF_B | BPF_MSH, AT_IP, 0, 0);
	}
	put(p, BPF_LD | BPF_B | BPF_ABS, v6 ? AT_PROTO6 : AT_PROTO4, 0, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, PROTO_TCP, 0, 5);
	answers_only(p, ports, at, code, true);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, PROTO_UDP, 1, 0);
	ret(p, 0);
	answers_only(p, ports, at, code, false);
}

/* Falls through when the address, in the scratch words, is another. */
static void match(struct program *p, const struct closed_address *a, size_t *hits, size_t *n)
{
	size_t miss[4], misses = 0;

	for (unsigned i = 0; i * 32 < a->bits; i++) {
		const unsigned left = a->bits - i * 32;

		put(p, BPF_LD | BPF_MEM, i, 0, 0);
		if (left < 32)
			put(p, BPF_ALU | BPF_AND | BPF_K, ~(UINT32_MAX >> left), 0, 0);
		miss[misses++] = p->n;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, be32(a->ip + (size_t)i * 4), 0, 0);
	}
	if (a->route) {
		ret(p, 0);
	} else {
		hits[(*n)++] = p->n;
		put(p, BPF_JMP | BPF_JA, 0, 0, 0);
	}
	for (size_t i = 0; i < misses; i++)
		p->v[miss[i]].jf = (__u8)(p->n - miss[i] - 1);
}

/*
 * pasta binds the host's port of the same number, on every address, for a datagram from it, and
 * hands on what arrives there: so only from ports that are published, or that no service has.
 */
static void own_ports(struct program *p, const struct ports *ports, bool v6)
{
	size_t jump, n = 0;

	for (size_t i = 0; ports && i < ports->n; i++)
		n += ports->p[i].udp;
	put(p, BPF_LD | BPF_B | BPF_ABS, v6 ? AT_PROTO6 : AT_PROTO4, 0, 0);
	if (v6) { /* no header between, behind which there may be anything */
		put(p, BPF_JMP | BPF_JEQ | BPF_K, PROTO_UDP, 4, 0);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, PROTO_TCP, 2, 0);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, PROTO_ICMP6, 1, 0);
		ret(p, 0);
	} else {
		put(p, BPF_JMP | BPF_JEQ | BPF_K, PROTO_UDP, 1, 0);
	}
	jump = p->n;
	put(p, BPF_JMP | BPF_JA, 0, 0, 0);
	if (!v6) {
		put(p, BPF_LD | BPF_H | BPF_ABS, AT_FRAGMENT, 0, 0);
		put(p, BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 0, 1);
		ret(p, 0);
		put(p, BPF_LDX | BPF_B | BPF_MSH, AT_IP, 0, 0);
	}
	put(p, BPF_LD | BPF_H | (v6 ? BPF_ABS : BPF_IND), v6 ? AT_BODY6 : AT_IP, 0, 0);
	for (size_t i = 0; ports && i < ports->n; i++)
		if (ports->p[i].udp) {
			/* Over the rest of these, the last comparison and its refusal. */
			put(p, BPF_JMP | BPF_JEQ | BPF_K, ports->p[i].container, 0, 1);
			put(p, BPF_JMP | BPF_JA, (uint32_t)(2 * --n + 2), 0, 0);
		}
	put(p, BPF_JMP | BPF_JGE | BPF_K, CLOSED_UDP_FROM, 1, 0);
	ret(p, 0);
	p->v[jump].k = (uint32_t)(p->n - jump - 1);
}

static void family(struct program *p, const struct closed *c, const struct ports *ports, bool v6)
{
	size_t hits[LIMIT_CLOSED], n = 0;

	own_ports(p, ports, v6);
	/* Once: the kernel makes many instructions of one that reads a packet, and bounds them all.
	 */
	for (unsigned i = 0; i < (v6 ? 4 : 1); i++) {
		put(p, BPF_LD | BPF_W | BPF_ABS, (v6 ? AT_TO6 : AT_TO4) + i * 4, 0, 0);
		put(p, BPF_ST, i, 0, 0);
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].v6 == v6)
			match(p, &c->v[i], hits, &n);
	ret(p, ACCEPT);
	for (size_t i = 0; i < n; i++)
		p->v[hits[i]].k = (uint32_t)(p->n - hits[i] - 1);
	by_protocol(p, ports, v6);
}

void closed_filter(const struct closed *c, const struct ports *ports, struct sock_filter *out,
		   size_t *ret_n)
{
	struct program p = { .v = out };
	size_t jump;

	put(&p, BPF_LD | BPF_H | BPF_ABS, AT_TYPE, 0, 0);
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, TYPE_IP4, 0, 1);
	jump = p.n;
	put(&p, BPF_JMP | BPF_JA, 0, 0, 0);
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, TYPE_IP6, 1, 0);
	ret(&p, ACCEPT); /* what finds neighbours; pasta takes nothing else */
	family(&p, c, ports, true);
	p.v[jump].k = (uint32_t)(p.n - jump - 1);
	family(&p, c, ports, false);
	*ret_n = p.n;
}

int closed_attach(const char *netns, const char *pid_file, const struct ports *ports, struct err *e)
{
	static struct sock_filter code[LIMIT_CLOSED_FILTER]; /* large for a stack */
	struct sock_fprog filter = { .filter = code };
	auto_close int tap = -1;
	struct closed closed;
	pid_t server;
	size_t n;
	int r = network_server(netns, pid_file, &server, e);

	if (r < 0)
		return r;
	tap = reach_tap(server, NULL, e);
	if (tap < 0)
		return tap;
	closed_collect(&closed);
	closed_filter(&closed, ports, code, &n);
	filter.len = (unsigned short)n;
	return ioctl(tap, TUNATTACHFILTER, &filter) < 0
		       ? FAIL_SYS(e, "close the host to the container's network")
		       : 0;
}

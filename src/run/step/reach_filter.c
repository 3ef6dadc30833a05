/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a named network, and the device that gets it. */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/network/frame_filter.h"
#include "run/network/network.h"
#include "run/step/reach.h"
#include "traffic/bytes.h"

enum {
	SOLICITATION = 135, /* of a neighbour, and its advertisement (RFC 4861) */
	ADVERTISEMENT = 136,
	PORT = 0, /* the scratch words that hold them */
	ADDRESS = 1,
	LIMIT_SERVER_FDS = 256,
};
/* Goes on only when the accumulator is k: else the frame is dropped here. */
static void need(struct program *p, uint32_t k)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0);
	ret(p, 0);
}

/* The address at `at` and the port in the accumulator, into the scratch words. The kernel makes
 * many instructions of one that reads a packet, and bounds them all (net.core.optmem_max). */
static void load(struct program *p, unsigned at, unsigned words)
{
	put(p, BPF_ST, PORT, 0, 0);
	for (unsigned i = 0; i < words; i++) {
		put(p, BPF_LD | BPF_W | BPF_ABS, at + i * 4, 0, 0);
		put(p, BPF_ST, ADDRESS + i, 0, 0);
	}
}

/* One rule: accepts, or falls through to what follows. */
static void rule(struct program *p, const struct reach_rule *r)
{
	size_t miss[8], misses = 0;

	for (unsigned i = 0; i * 32 < r->bits; i++) {
		const unsigned left = r->bits - i * 32;

		put(p, BPF_LD | BPF_MEM, ADDRESS + i, 0, 0);
		if (left < 32)
			put(p, BPF_ALU | BPF_AND | BPF_K, ~(UINT32_MAX >> left), 0, 0);
		miss[misses++] = p->n;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, be32(r->ip + (size_t)i * 4), 0, 0);
	}
	if (r->port) {
		put(p, BPF_LD | BPF_MEM, PORT, 0, 0);
		miss[misses++] = p->n;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->port, 0, 0);
	}
	ret(p, ACCEPT);
	for (size_t i = 0; i < misses; i++)
		p->v[miss[i]].jf = (__u8)(p->n - miss[i] - 1);
}

static void rules(struct program *p, const struct reach *r, bool v6)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].v6 == v6)
			rule(p, &r->v[i]);
	ret(p, 0);
}

/* TCP that is no later fragment, by its address and port. */
static void ip4(struct program *p, const struct reach *r)
{
	put(p, BPF_LD | BPF_B | BPF_ABS, AT_PROTO4, 0, 0);
	need(p, PROTO_TCP);
	put(p, BPF_LD | BPF_H | BPF_ABS, AT_FRAGMENT, 0, 0);
	put(p, BPF_ALU | BPF_AND | BPF_K, 0x1fff, 0, 0);
	need(p, 0);
	put(p, BPF_LDX | BPF_B | BPF_MSH, AT_IP, 0, 0);
	put(p, BPF_LD | BPF_H | BPF_IND, AT_IP + 2, 0, 0);
	load(p, AT_TO4, 1);
	rules(p, r, false);
}

/* TCP right behind the header; and what finds the neighbour, which pasta answers by itself. */
static void ip6(struct program *p, const struct reach *r)
{
	put(p, BPF_LD | BPF_B | BPF_ABS, AT_PROTO6, 0, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, PROTO_ICMP6, 0, 5);
	put(p, BPF_LD | BPF_B | BPF_ABS, AT_BODY6, 0, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, SOLICITATION, 1, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, ADVERTISEMENT, 0, 1);
	ret(p, ACCEPT);
	ret(p, 0);
	need(p, PROTO_TCP);
	put(p, BPF_LD | BPF_H | BPF_ABS, AT_BODY6 + 2, 0, 0);
	load(p, AT_TO6, 4);
	rules(p, r, true);
}

void reach_filter(const struct reach *r, struct sock_filter *out, size_t *ret_n)
{
	struct program p = { .v = out };
	size_t jump;

	put(&p, BPF_LD | BPF_H | BPF_ABS, AT_TYPE, 0, 0);
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, TYPE_ARP, 1, 0);
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, REACH_ETHERTYPE, 0, 1);
	ret(&p, ACCEPT);
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, TYPE_IP4, 0, 1);
	jump = p.n;
	put(&p, BPF_JMP | BPF_JA, 0, 0, 0);
	need(&p, TYPE_IP6);
	ip6(&p, r);
	p.v[jump].k = (uint32_t)(p.n - jump - 1);
	ip4(&p, r);
	*ret_n = p.n;
}

/* The program that serves the device holds its only descriptor; a filter is a matter of that. */
int reach_tap(pid_t server, const char *device, struct err *e)
{
	auto_close int process = pidfd_open(server, 0);

	if (process < 0 && errno == ESRCH)
		return network_gone(e);
	if (process < 0)
		return FAIL_SYS(e, "find the process that serves the network");
	for (int i = 0; i < LIMIT_SERVER_FDS; i++) {
		struct ifreq req = { .ifr_flags = 0 };
		auto_close int fd = pidfd_getfd(process, i, 0);

		if (fd < 0 && errno == ESRCH)
			return network_gone(e);
		if (fd < 0 && errno != EBADF)
			return FAIL_SYS(e,
					"ask the process that serves the network for its device");
		if (fd >= 0 && ioctl(fd, TUNGETIFF, &req) == 0 &&
		    (!device || strcmp(req.ifr_name, device) == 0))
			return TAKE_FD(fd);
	}
	return FAIL(e, E_SYSTEM, "the process that serves the network has no device");
}

int reach_attach(const struct reach *r, pid_t server, struct err *e)
{
	static struct sock_filter code[LIMIT_REACH_FILTER]; /* large for a stack */
	struct sock_fprog filter = { .filter = code };
	auto_close int tap = reach_tap(server, REACH_DEVICE, e);
	size_t n;

	if (tap < 0)
		return tap;
	reach_filter(r, code, &n);
	filter.len = (unsigned short)n;
	return ioctl(tap, TUNATTACHFILTER, &filter) < 0
		       ? FAIL_SYS(e, "confine the network to what policy allows")
		       : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "traffic/bytes.h"

enum {
	ETHERNET = 14,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

/* What the IP header says is there; a frame may have padding behind it, or be cut. */
static void bound(struct rest *r, size_t n, struct packet *ret)
{
	ret->cut = n > r->n;
	r->n = n < r->n ? n : r->n;
}

static bool read_ip4(struct rest *r, struct packet *ret, unsigned *ret_proto)
{
	size_t head, total;

	if (r->n < 20 || r->p[0] >> 4 != 4)
		return false;
	head = (size_t)(r->p[0] & 15) * 4;
	total = be16(r->p + 2);
	if (head < 20 || total < head || (be16(r->p + 6) & 0x3fff)) /* MF, offset */
		return false;
	*ret_proto = r->p[9];
	memcpy(ret->from.ip, r->p + 12, 4);
	memcpy(ret->to.ip, r->p + 16, 4);
	bound(r, total, ret);
	return rest_skip(r, head);
}

/* Hop-by-hop, routing and destination options (RFC 8200 section 4). */
static bool skip_extensions(struct rest *r, unsigned *proto)
{
	for (int i = 0; i < LIMIT_IP6_HEADERS; i++) {
		if (*proto != 0 && *proto != 43 && *proto != 60)
			return true;
		if (r->n < 8)
			return false;
		*proto = r->p[0];
		if (!rest_skip(r, ((size_t)r->p[1] + 1) * 8))
			return false;
	}
	return false;
}

static bool read_ip6(struct rest *r, struct packet *ret, unsigned *ret_proto)
{
	size_t payload;

	if (r->n < 40 || r->p[0] >> 4 != 6)
		return false;
	payload = be16(r->p + 4);
	*ret_proto = r->p[6];
	ret->from.v6 = ret->to.v6 = true;
	memcpy(ret->from.ip, r->p + 8, 16);
	memcpy(ret->to.ip, r->p + 24, 16);
	(void)rest_skip(r, 40);
	bound(r, payload, ret);
	return skip_extensions(r, ret_proto);
}

static bool read_tcp(struct rest *r, struct packet *ret)
{
	size_t head;

	if (r->n < 20)
		return false;
	head = (size_t)(r->p[12] >> 4) * 4;
	ret->from_port = be16(r->p);
	ret->to_port = be16(r->p + 2);
	ret->seq = be32(r->p + 4);
	ret->fin = r->p[13] & TCP_FIN;
	ret->syn = r->p[13] & TCP_SYN;
	ret->rst = r->p[13] & TCP_RST;
	ret->ack = r->p[13] & TCP_ACK;
	return head >= 20 && rest_skip(r, head);
}

static bool read_udp(struct rest *r, struct packet *ret)
{
	size_t n;

	if (r->n < 8)
		return false;
	ret->udp = true;
	ret->from_port = be16(r->p);
	ret->to_port = be16(r->p + 2);
	n = be16(r->p + 4);
	if (n < 8)
		return false;
	ret->cut = ret->cut || n > r->n;
	r->n = n < r->n ? n : r->n;
	return rest_skip(r, 8);
}

bool packet_parse(const unsigned char *frame, size_t n, struct packet *ret)
{
	struct rest r = { frame, n };
	unsigned proto = 0, type;
	bool ok = false;

	*ret = (struct packet){ .data = frame };
	if (n < ETHERNET)
		return false;
	memcpy(ret->from_mac, frame + 6, sizeof(ret->from_mac));
	type = be16(frame + 12);
	(void)rest_skip(&r, ETHERNET);
	if (type == TYPE_IP4)
		ok = read_ip4(&r, ret, &proto);
	else if (type == TYPE_IP6)
		ok = read_ip6(&r, ret, &proto);
	if (ok && proto == PROTO_TCP)
		ok = read_tcp(&r, ret);
	else
		ok = ok && proto == PROTO_UDP && read_udp(&r, ret);
	ret->data = r.p;
	ret->n = r.n;
	return ok;
}

void address_text(const struct address *a, char ret[static ADDRESS_TEXT])
{
	if (!inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->ip, ret, ADDRESS_TEXT))
		ret[0] = '\0';
}

void address_port_text(const struct address *a, uint16_t port, char ret[static ADDRESS_TEXT])
{
	char ip[ADDRESS_TEXT];

	address_text(a, ip);
	(void)snprintf(ret, ADDRESS_TEXT, a->v6 ? "[%.45s]:%u" : "%.45s:%u", ip, (unsigned)port);
}

bool address_eq(const struct address *a, const struct address *b)
{
	return a->v6 == b->v6 && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

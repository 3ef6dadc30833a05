/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Ethernet frames made by hand, for tests. */
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "traffic/packet.h"

static const unsigned char frames_step[6] = { 2, 0, 0, 0, 0, 1 },
			   frames_host[6] = { 2, 0, 0, 0, 0, 2 };

struct made {
	unsigned char p[65535];
	size_t n;
};

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static void made_put(struct made *m, const void *p, size_t n)
{
	memcpy(m->p + m->n, p, n);
	m->n += n;
}

static void made_be(struct made *m, unsigned width, uint32_t v)
{
	while (width--)
		m->p[m->n++] = (unsigned char)(v >> 8 * width);
}

/* Ethernet and IP; from and to in text, both of one family. sent: by the step. */
static void made_ip(struct made *m, bool sent, const char *from, const char *to, unsigned proto,
		    size_t payload)
{
	unsigned char a[16], b[16];
	const bool v6 = strchr(from, ':') != NULL;

	m->n = 0;
	made_put(m, sent ? frames_host : frames_step, 6);
	made_put(m, sent ? frames_step : frames_host, 6);
	(void)inet_pton(v6 ? AF_INET6 : AF_INET, from, a);
	(void)inet_pton(v6 ? AF_INET6 : AF_INET, to, b);
	made_be(m, 2, v6 ? 0x86dd : 0x0800);
	if (v6) {
		made_be(m, 4, 0x60000000);
		made_be(m, 2, (uint32_t)payload);
		made_be(m, 2, proto << 8 | 64);
		made_put(m, a, 16);
		made_put(m, b, 16);
		return;
	}
	made_be(m, 2, 0x4500);
	made_be(m, 2, (uint32_t)(20 + payload));
	made_be(m, 4, 0x00004000);
	made_be(m, 2, 64 << 8 | proto);
	made_be(m, 2, 0);
	made_put(m, a, 4);
	made_put(m, b, 4);
}

static void made_tcp(struct made *m, bool sent, const char *from, unsigned from_port,
		     const char *to, unsigned to_port, uint32_t seq, unsigned flags, const void *p,
		     size_t n)
{
	made_ip(m, sent, from, to, 6, 20 + n);
	made_be(m, 2, from_port);
	made_be(m, 2, to_port);
	made_be(m, 4, seq);
	made_be(m, 4, 0);
	made_be(m, 2, 0x5000 | flags);
	made_be(m, 2, 1000);
	made_be(m, 4, 0);
	made_put(m, p, n);
}

static void made_udp(struct made *m, bool sent, const char *from, unsigned from_port,
		     const char *to, unsigned to_port, const void *p, size_t n)
{
	made_ip(m, sent, from, to, 17, 8 + n);
	made_be(m, 2, from_port);
	made_be(m, 2, to_port);
	made_be(m, 2, (uint32_t)(8 + n));
	made_be(m, 2, 0);
	made_put(m, p, n);
}

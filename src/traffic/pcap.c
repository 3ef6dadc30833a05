/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/pcap.h"

#include <stdint.h>
#include <string.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, LINK_ETHERNET = 1 };

static uint32_t word(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int check_file(const unsigned char *p, struct err *e)
{
	if (word(p) != 0xa1b2c3d4)
		return FAIL(e, E_FORMAT, "packets: no capture begins with 0x%08x",
			    (unsigned)word(p));
	if (word(p + 20) != LINK_ETHERNET)
		return FAIL(e, E_FORMAT, "packets: link type %u, not Ethernet",
			    (unsigned)word(p + 20));
	return 0;
}

/* How long the record is that begins at p, of which n bytes are there; 0: not to be told yet. */
static int record_length(const struct pcap *pcap, const unsigned char *p, size_t n, size_t *ret,
			 struct err *e)
{
	*ret = 0;
	if (!pcap->begun) {
		*ret = n < FILE_HEADER ? 0 : FILE_HEADER;
		return 0;
	}
	if (n < RECORD_HEADER)
		return 0;
	if (word(p + 8) > LIMIT_PCAP_FRAME)
		return FAIL(e, E_FORMAT, "packets: a frame of %u bytes", (unsigned)word(p + 8));
	*ret = RECORD_HEADER + word(p + 8);
	return 0;
}

static int take(struct pcap *pcap, const unsigned char *p, size_t n, pcap_fn fn, void *arg,
		struct err *e)
{
	if (!pcap->begun) {
		pcap->begun = true;
		return check_file(p, e);
	}
	return fn(arg, p + RECORD_HEADER, n - RECORD_HEADER, word(p + 12), e);
}

/* Completes the record that is held, from the data. */
static int complete(struct pcap *p, const unsigned char *data, size_t n, size_t *ret_used,
		    pcap_fn fn, void *arg, struct err *e)
{
	size_t used = 0;

	for (;;) {
		size_t want, add;
		int r = record_length(p, p->held, p->have, &want, e);

		if (r < 0)
			return r;
		if (want && p->have >= want) {
			*ret_used = used;
			p->have = 0;
			return take(p, p->held, want, fn, arg, e);
		}
		want = want ? want : p->begun ? RECORD_HEADER : FILE_HEADER;
		add = want - p->have < n - used ? want - p->have : n - used;
		memcpy(p->held + p->have, data + used, add);
		p->have += add;
		used += add;
		*ret_used = used;
		if (p->have < want)
			return 0;
	}
}

int pcap_feed(struct pcap *p, const unsigned char *data, size_t n, pcap_fn fn, void *arg,
	      struct err *e)
{
	size_t at = 0;

	while (at < n) {
		size_t used;
		int r;

		if (p->have) {
			r = complete(p, data + at, n - at, &used, fn, arg, e);
		} else {
			r = record_length(p, data + at, n - at, &used, e);
			if (r == 0 && (used == 0 || used > n - at)) {
				memcpy(p->held, data + at, n - at);
				p->have = n - at;
				return 0;
			}
			if (r == 0)
				r = take(p, data + at, used, fn, arg, e);
		}
		if (r < 0)
			return r;
		at += used;
	}
	return 0;
}

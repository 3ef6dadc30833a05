/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "traffic/pcap.h"

enum { PORT_DNS = 53 };

struct recorder {
	struct recorder_opts o;
	struct pcap pcap;
	struct names names;
	struct flows flows;
	struct record record;
	uint64_t last; /* marker */
	recorder_marked marked;
	void *arg;
};

int recorder_new(const struct recorder_opts *o, struct recorder **ret, struct err *e)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return FAIL_NOMEM(e);
	r->o = *o;
	*ret = r;
	return 0;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	flows_free(&r->flows);
	names_free(&r->names);
	record_free(&r->record);
	free(r);
}

void recorder_marker(const struct recorder_opts *o, uint64_t number, unsigned char *ret)
{
	memset(ret, 0xff, 6);
	memcpy(ret + 6, o->mac, 6);
	ret[12] = RECORDER_ETHERTYPE >> 8;
	ret[13] = RECORDER_ETHERTYPE & 0xff;
	memcpy(ret + 14, o->secret, RECORDER_SECRET);
	memcpy(ret + 14 + RECORDER_SECRET, &number, sizeof(number));
}

static bool is_marker(const struct recorder *r, const unsigned char *frame, size_t n, uint64_t *ret)
{
	/* A short frame may be filled up on its way. */
	if (n < RECORDER_MARKER || frame[12] != RECORDER_ETHERTYPE >> 8 ||
	    frame[13] != (RECORDER_ETHERTYPE & 0xff) ||
	    memcmp(frame + 14, r->o.secret, RECORDER_SECRET) != 0)
		return false;
	memcpy(ret, frame + 14 + RECORDER_SECRET, sizeof(*ret));
	return true;
}

static int take_packet(struct recorder *r, const struct packet *p, struct err *e)
{
	const bool sent = memcmp(p->from_mac, r->o.mac, sizeof(r->o.mac)) == 0;
	int k = 0;

	if (!p->udp)
		return flows_take(&r->flows, &r->names, p, sent, &r->record, e);
	if (!sent && p->from_port == PORT_DNS && address_eq(&p->from, &r->o.dns))
		k = names_learn(&r->names, p->data, p->n, e);
	return k < 0 ? k : flow_udp(&r->names, p, sent, &r->record, e);
}

static int take_frame(void *arg, const unsigned char *frame, size_t n, size_t wire_n, struct err *e)
{
	struct recorder *r = arg;
	struct packet p;
	uint64_t number;

	if (is_marker(r, frame, n, &number)) {
		if (number == r->last)
			return 0;
		r->last = number;
		return r->marked(r->arg, r, number, e);
	}
	if (!packet_parse(frame, n, &p))
		return 0;
	p.cut = p.cut || wire_n > n;
	return take_packet(r, &p, e);
}

int recorder_feed(struct recorder *r, const unsigned char *p, size_t n, recorder_marked marked,
		  void *arg, struct err *e)
{
	r->marked = marked;
	r->arg = arg;
	return pcap_feed(&r->pcap, p, n, take_frame, r, e);
}

int recorder_take(struct recorder *r, struct buf *ret, struct err *e)
{
	int k = flows_end(&r->flows, e);

	if (k == 0)
		k = record_write(&r->record, ret, e);
	record_free(&r->record);
	names_free(&r->names);
	return k;
}

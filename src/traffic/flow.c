/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/tls.h"

enum { URI_TEXT = LIMIT_HOST_NAME + ADDRESS_TEXT + 16 };

static void flow_free(struct flow *f)
{
	buf_free(&f->first);
	http_free(f->http);
	free(f->tunnel);
	free(f);
}

/* "tcp://name:80": with the name as far as one is known. */
static void make_uri(const char *scheme, const char *name, const struct address *a, uint16_t port,
		     char ret[static URI_TEXT])
{
	char address[ADDRESS_TEXT];

	address_port_text(a, port, address);
	if (name[0])
		(void)snprintf(ret, URI_TEXT, "%s://%s:%u", scheme, name, (unsigned)port);
	else
		(void)snprintf(ret, URI_TEXT, "%s://%s", scheme, address);
}

/* A connection that was made and is no HTTP. */
static int tell_bytes(const struct flow *f, struct err *e)
{
	const bool tls = f->kind == FLOW_TLS;
	char uri[URI_TEXT], address[ADDRESS_TEXT];
	const char *name = f->host[0] ? f->host : f->resolved;
	const struct item item = {
		.uri = uri,
		.address = address,
		.resolved = f->resolved[0] && strcmp(f->resolved, name) != 0 ? f->resolved : NULL,
		.incomplete = f->out.gap || f->in.gap,
		.sent = f->out.bytes,
		.received = f->in.bytes,
	};

	address_port_text(&f->remote, f->remote_port, address);
	if (f->tunnel)
		(void)snprintf(uri, sizeof(uri), "%s://%.255s", tls ? "tls" : "tcp", f->tunnel);
	else
		make_uri(tls ? "tls" : "tcp", name, &f->remote, f->remote_port, uri);
	return record_add(f->record, &item, e);
}

static int tell_http(void *arg, const struct http_seen *seen, struct err *e)
{
	struct flow *f = arg;
	char address[ADDRESS_TEXT];
	struct str host = str_of(seen->url);
	const struct item item = {
		.uri = seen->url,
		.address = address,
		/* Not worth a word where the URL has it. */
		.resolved =
			f->resolved[0] && !memmem(host.p, host.n, f->resolved, strlen(f->resolved))
				? f->resolved
				: NULL,
		.http = true,
		.method = seen->method,
		.encoding = seen->encoding,
		.status = seen->status,
		.incomplete = !seen->whole,
		.cut = seen->url_cut,
		.digest = seen->has_digest ? &seen->digest : NULL,
		.size = seen->size,
	};

	f->told = true;
	/* What goes through the tunnel is told when it ends. */
	if (seen->whole && strcmp(seen->method, "CONNECT") == 0 && seen->status / 100 == 2)
		return 0;
	address_port_text(&f->remote, f->remote_port, address);
	return record_add(f->record, &item, e);
}

static int start_http(struct flow *f, struct err *e)
{
	char address[ADDRESS_TEXT];
	int r;

	address_port_text(&f->remote, f->remote_port, address);
	f->kind = FLOW_HTTP;
	r = http_new(&f->http, address, tell_http, f, e);
	return r < 0 ? r : http_client(f->http, (unsigned char *)f->first.p, f->first.n, e);
}

/* What the client says first tells what it speaks. */
static int guess(struct flow *f, const unsigned char *p, size_t n, struct err *e)
{
	const unsigned char *first;
	int r = 0;

	n = n < f->first.cap - f->first.n ? n : f->first.cap - f->first.n;
	buf_put(&f->first, p, n);
	if (f->first.failed)
		return buf_check(&f->first, "connection", e);
	first = (const unsigned char *)f->first.p;
	if (f->first.n == 0)
		return 0;
	if (first[0] == 22) {
		r = tls_server_name(first, f->first.n, f->host);
		if (r == 0 && f->first.n < f->first.cap)
			return 0;
		/* Without its ClientHello it is only known not to be anything else. */
		f->kind = r < 0 ? FLOW_OTHER : FLOW_TLS;
		r = 0;
	} else if (http_begins(first, f->first.n)) {
		if (f->first.n < 9) /* the longest method may yet be another word */
			return 0;
		r = start_http(f, e);
	} else {
		f->kind = FLOW_OTHER;
	}
	buf_free(&f->first);
	return r;
}

/* A proxy was asked for a way to another server: what it speaks is to be found out anew. */
static int enter_tunnel(struct flow *f, struct err *e)
{
	const char *to = http_tunnel(f->http);

	if (!to)
		return 0;
	free(f->tunnel);
	f->tunnel = strdup(to);
	if (!f->tunnel)
		return FAIL_NOMEM(e);
	http_free(f->http);
	f->http = NULL;
	f->kind = FLOW_NEW;
	f->first = BUF_INIT(LIMIT_TLS_HELLO + 1024);
	return 0;
}

static int put_client(struct flow *f, const unsigned char *p, size_t n, struct err *e)
{
	if (f->kind == FLOW_NEW)
		return guess(f, p, n, e);
	return f->kind == FLOW_HTTP ? http_client(f->http, p, n, e) : 0;
}

static int put_server(struct flow *f, const unsigned char *p, size_t n, struct err *e)
{
	int r;

	/* A server that speaks first speaks neither. */
	if (f->kind == FLOW_NEW && f->first.n == 0)
		f->kind = FLOW_OTHER;
	if (f->kind != FLOW_HTTP)
		return 0;
	r = http_server(f->http, p, n, e);
	return r < 0 ? r : enter_tunnel(f, e);
}

/* What of the packet is new and follows what was there; ret_n 0: nothing. A packet without data
 * tells nothing: pasta may send one before the data that it stands behind. */
static void in_order(struct half *h, const struct packet *p, const unsigned char **ret,
		     size_t *ret_n)
{
	const uint32_t seq = p->seq + (p->syn ? 1 : 0);
	size_t repeated;
	int32_t ahead;

	*ret_n = 0;
	if (!h->known) {
		h->known = true;
		h->next = seq;
	}
	ahead = (int32_t)(seq - h->next);
	if (p->n == 0 || h->ended)
		return;
	if (ahead > 0) {
		h->gap = true;
		h->bytes += p->n;
		h->next = seq + (uint32_t)p->n;
		return;
	}
	repeated = (size_t)(-(int64_t)ahead);
	if (p->n <= repeated)
		return;
	*ret = p->data + repeated;
	*ret_n = p->n - repeated;
	h->next += (uint32_t)*ret_n;
	h->bytes += *ret_n;
	h->gap = h->gap || p->cut;
}

/* Bytes of HTTP beyond a gap could be anything. */
static int give_up_http(struct flow *f, struct err *e)
{
	return f->kind == FLOW_HTTP && !http_over(f->http) ? http_end(f->http, false, e) : 0;
}

static int take(struct flow *f, const struct packet *p, bool sent, struct err *e)
{
	struct half *h = sent ? &f->out : &f->in;
	const bool was_ended = h->ended;
	const unsigned char *data = NULL;
	size_t n;
	int r = 0;

	in_order(h, p, &data, &n);
	if (h->gap)
		r = give_up_http(f, e);
	else if (n)
		r = sent ? put_client(f, data, n, e) : put_server(f, data, n, e);
	if (p->fin && !h->fin) {
		h->fin = true;
		h->fin_at = p->seq + (p->syn ? 1 : 0) + (uint32_t)p->n;
	}
	/* The end is where the data ends, not when the packet that says so comes. */
	h->ended = h->ended || (h->fin && !h->gap && h->next == h->fin_at);
	if (r == 0 && h->ended && !was_ended && !sent && f->kind == FLOW_HTTP &&
	    !http_over(f->http))
		r = http_end(f->http, true, e);
	return r;
}

static int end(struct flow *f, struct err *e)
{
	int r = give_up_http(f, e);

	/* Never made, and nothing passed. */
	if (!f->in.known && f->out.bytes == 0)
		return r;
	return r == 0 && (f->kind != FLOW_HTTP || !f->told) ? tell_bytes(f, e) : r;
}

static size_t slot_of(const struct address *remote, uint16_t local_port, uint16_t remote_port)
{
	uint32_t h = 2166136261U ^ local_port ^ (uint32_t)remote_port << 16;

	for (size_t i = 0; i < sizeof(remote->ip); i++)
		h = (h ^ remote->ip[i]) * 16777619U;
	return (h ^ h >> 16) % LIMIT_FLOWS;
}

struct ends {
	const struct address *local, *remote;
	uint16_t local_port, remote_port;
};

static struct flow **find(struct flows *f, const struct ends *x)
{
	struct flow **at = &f->slot[slot_of(x->remote, x->local_port, x->remote_port)];

	while (*at &&
	       ((*at)->local_port != x->local_port || (*at)->remote_port != x->remote_port ||
		!address_eq(&(*at)->remote, x->remote) || !address_eq(&(*at)->local, x->local)))
		at = &(*at)->chain;
	return at;
}

static int remove_flow(struct flows *fs, struct flow **at, struct err *e)
{
	struct flow *f = *at;
	int r = end(f, e);

	*at = f->chain;
	fs->n--;
	flow_free(f);
	return r;
}

static int add_flow(struct flows *fs, struct flow **at, const struct ends *x,
		    const struct names *names, struct record *record, struct err *e)
{
	const char *name = names_find(names, x->remote);
	struct flow *f;

	if (fs->n == LIMIT_FLOWS) {
		record->more++;
		return 0;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return FAIL_NOMEM(e);
	*f = (struct flow){ .chain = *at,
			    .local = *x->local,
			    .remote = *x->remote,
			    .local_port = x->local_port,
			    .remote_port = x->remote_port,
			    .record = record };
	f->first = BUF_INIT(LIMIT_TLS_HELLO + 1024);
	(void)snprintf(f->resolved, sizeof(f->resolved), "%s", name ? name : "");
	*at = f;
	fs->n++;
	return 0;
}

int flows_take(struct flows *fs, const struct names *names, const struct packet *p, bool sent,
	       struct record *record, struct err *e)
{
	const struct ends x = {
		sent ? &p->from : &p->to,
		sent ? &p->to : &p->from,
		sent ? p->from_port : p->to_port,
		sent ? p->to_port : p->from_port,
	};
	struct flow **at = find(fs, &x), *f;
	int r = 0;

	/* A new one from the same port: the old one is over. A SYN that comes again is none. */
	if (*at && sent && p->syn && (*at)->out.known && (*at)->out.next != p->seq + 1)
		r = remove_flow(fs, at, e);
	/* What began before the step did is another's. */
	at = find(fs, &x);
	if (r == 0 && !*at && sent && p->syn && !p->ack)
		r = add_flow(fs, at, &x, names, record, e);
	f = *at;
	if (r < 0 || !f)
		return r;
	r = p->rst ? 0 : take(f, p, sent, e);
	if (r == 0 && (p->rst || (f->in.ended && f->out.ended)))
		r = remove_flow(fs, at, e);
	return r;
}

int flows_end(struct flows *f, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < LIMIT_FLOWS; i++)
		while (r == 0 && f->slot[i])
			r = remove_flow(f, &f->slot[i], e);
	return r;
}

void flows_free(struct flows *f)
{
	for (size_t i = 0; i < LIMIT_FLOWS; i++)
		while (f->slot[i]) {
			struct flow *next = f->slot[i]->chain;

			flow_free(f->slot[i]);
			f->slot[i] = next;
		}
}

int flow_udp(const struct names *names, const struct packet *p, bool sent, struct record *record,
	     struct err *e)
{
	const struct address *remote = sent ? &p->to : &p->from;
	const uint16_t port = sent ? p->to_port : p->from_port;
	char uri[URI_TEXT], address[ADDRESS_TEXT];
	const struct item item = {
		.uri = uri, .address = address, .sent = sent ? p->n : 0, .received = sent ? 0 : p->n
	};

	address_port_text(remote, port, address);
	make_uri("udp", names_find(names, remote) ?: "", remote, port, uri);
	return record_add(record, &item, e);
}

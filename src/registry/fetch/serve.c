/* SPDX-License-Identifier: Apache-2.0 */
/* One request of plimsoll's, with the redirects that it follows. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "registry/fetch/transfer.h"

/* Turns to where a redirect points, or ends the exchange. */
static void turn(struct transfer *t, const struct url *first)
{
	const char *location = http_headers_get(&t->head.headers, "location");
	struct err e = ERR_INIT;
	struct url next;

	if (url_resolve(&t->url, str_of(location), &next, &e) < 0)
		return transfer_end(t, FETCH_NONSENSE, "redirect: %.400s", e.msg);
	if (t->url.https && !next.https)
		return transfer_end(t, FETCH_FORBIDDEN,
				    "redirected from https to plain http at '%s'", next.host);
	t->from_afar |= !host_is_loopback(first->host) && !url_same_origin(first, &next);
	if (t->from_afar && host_is_loopback(next.host))
		return transfer_end(t, FETCH_FORBIDDEN, "redirected to '%s' on this machine",
				    next.host);
	t->url = next;
	http_headers_free(&t->head.headers);
	t->head = (struct fetch_head){ 0 };
	t->header_bytes = 0;
	t->received = 0;
	t->head_sent = t->redirect = t->cut = false;
}

static void run(struct transfer *t, const struct fetch_ca *ca, int body)
{
	struct err e = ERR_INIT;
	struct url first;

	if (url_parse(str_of(t->q->url), &first, &e) < 0)
		return transfer_end(t, FETCH_FAILED, "%.400s", e.msg);
	if (t->q->has_body != (body >= 0))
		return transfer_end(t, FETCH_FAILED, "a body and its descriptor come together");
	if (t->q->has_body && body_open(&t->body, body, t->q, &e) < 0)
		return transfer_end(t, FETCH_FAILED, "%.400s", e.msg);
	t->url = first;
	for (int hop = 0, most = t->q->web ? LIMIT_WEB_REDIRECTS : LIMIT_REDIRECTS;; hop++) {
		transfer_hop(t, ca, url_same_origin(&first, &t->url));
		if (t->gone || t->end.outcome != FETCH_OK || !t->redirect)
			return;
		if (hop == most)
			return transfer_end(t, FETCH_NONSENSE, "more than %d redirects", most);
		turn(t, &first);
		if (t->end.outcome != FETCH_OK)
			return;
	}
}

int fetch_serve(CURL *curl, const struct fetch_ca *ca, int sock, const struct fetch_request *q,
		int body)
{
	auto_free struct transfer *t = calloc(1, sizeof(*t));
	auto_buf b = BUF_INIT(LIMIT_FETCH_TEXT + 16);

	if (!t)
		return E_NOMEM;
	*t = (struct transfer){ .sock = sock, .q = q, .curl = curl };
	run(t, ca, body);
	body_close(&t->body);
	http_headers_free(&t->head.headers);
	curl_easy_reset(curl); /* nothing points at t any more; connections stay */
	(void)transfer_tell_sent(t);
	fetch_put_end(&b, &t->end);
	return t->gone || !transfer_send(t, &b) ? E_SYSTEM : 0;
}

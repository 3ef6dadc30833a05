/* SPDX-License-Identifier: Apache-2.0 */
/* Packets between plimsoll and plimsoll-fetch. What is accepted must be written the same again. */
#include <stdint.h>
#include <stdlib.h>

#include "registry/fetch/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *again, const uint8_t *data, size_t size)
{
	if (again->failed || again->n != size || memcmp(again->p, data, size) != 0)
		abort();
}

static void request(struct str packet, size_t size)
{
	struct fetch_request q;
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);

	if (fetch_get_request(packet, &q, NULL) < 0)
		return;
	if (fetch_put_request(&b, &q, NULL) < 0 || b.n != size)
		abort(); /* header names come back in lower case: the length only */
	http_headers_free(&q.headers);
}

static void head(struct str packet, size_t size)
{
	struct fetch_head h;
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);

	if (fetch_get_head(packet, &h, NULL) < 0)
		return;
	if (fetch_put_head(&b, &h, NULL) < 0 || b.n != size)
		abort();
	http_headers_free(&h.headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const union {
		const uint8_t *in;
		const char *out;
	} p = { .in = data };
	struct str packet = { p.out, size };
	struct fetch_end end;
	uint64_t sent;

	if (size > LIMIT_FETCH_PACKET)
		return 0;
	request(packet, size);
	head(packet, size);
	if (fetch_get_sent(packet, &sent, NULL) == 0) {
		auto_buf b = BUF_INIT(64);

		fetch_put_sent(&b, sent);
		same(&b, data, size);
	}
	(void)fetch_get_end(packet, &end, NULL);
	return 0;
}

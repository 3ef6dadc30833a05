/* SPDX-License-Identifier: Apache-2.0 */
/* A capture as a step and its servers may make it; the record keeps its promises. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is told is taken by who does not trust it. */
static int marked(void *arg, struct recorder *r, uint64_t number, struct err *e)
{
	const struct str masks[] = { STR("GET"), STR("a") };
	auto_buf text = BUF_INIT(LIMIT_RECORD_JSON);
	auto_json *j = NULL;

	(void)arg, (void)number;
	if (recorder_take(r, &text, e) < 0)
		return -1;
	if (record_parse(buf_str(&text), text.n, &j, NULL) < 0 ||
	    record_mask(j, masks, 2, NULL) < 0)
		abort();
	return 0;
}

/* The first byte says in which pieces it comes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recorder_opts o = { .mac = { 2, 0, 0, 0, 0, 1 } };
	struct recorder *r;
	struct err e = ERR_INIT;
	size_t piece, n;

	if (size == 0)
		return 0;
	piece = (size_t)data[0] + 1;
	(void)inet_pton(AF_INET, "169.254.1.1", o.dns.ip);
	if (recorder_new(&o, &r, &e) < 0)
		return 0;
	for (size_t at = 1; at < size; at += n) {
		n = piece < size - at ? piece : size - at;
		if (recorder_feed(r, data + at, n, marked, NULL, &e) < 0)
			break;
	}
	(void)marked(NULL, r, 0, &e);
	recorder_free(r);
	return 0;
}
